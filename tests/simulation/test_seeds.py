"""Two thousand runs from two thousand seeds: nothing is lost and nothing sold twice by us, whatever breaks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.simulation.owed import unexpected
from tests.simulation.plot import plot_of
from tests.simulation.scene import Outcome, run

SEEDS, A_TEST = 2000, 100
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("first", range(1, SEEDS + 1, A_TEST))
def test_whatever_breaks_all_is_well_once_it_is_quiet(first: int) -> None:
    for seed in range(first, first + A_TEST):
        outcome = run(seed)
        assert unexpected(plot_of(seed), outcome.violations) == [], outcome.text()


def test_the_faults_that_are_meant_do_happen() -> None:
    seen = {name for seed in range(1, 90) for name in run(seed).faults}
    assert seen == {
        "broken call",
        "broken commit",
        "cut short",
        "database away",
        "doubled webhook",
        "late webhook",
        "lost hint",
        "lost webhook",
        "one absence",
        "short list",
    }


def test_a_seed_tells_the_same_story_again() -> None:
    assert run(17).text() == run(17).text()


def test_a_seed_tells_the_same_story_in_another_process() -> None:
    """Sets are ordered otherwise there: nothing may depend on it."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", "17"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == run(17).text().strip()


def test_a_story_says_who_did_what_when_and_what_is_wrong() -> None:
    outcome = first_failure("no echo suppression")
    *lines, last = outcome.text().splitlines()
    assert lines[0] == f"seed {outcome.seed}"
    assert any("(our block)" in line for line in lines)
    assert last.startswith("VIOLATION  ")


def first_failure(broken: str) -> Outcome:
    outcomes = (run(seed, {broken}) for seed in range(1, 20))
    return next(outcome for outcome in outcomes if outcome.violations)
