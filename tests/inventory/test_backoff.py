"""How long until the next try: a table and what must hold for any numbers."""

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.inventory.backoff import REMEMBERED, SCHEDULES, Failure, patience, pause

HOPEFUL: list[Failure] = ["not_sent", "unknown", "taken", "unauthorised", "broken"]
HOPELESS: list[Failure] = ["gone", "rejected", "limited"]
JITTER = st.floats(0, 1, exclude_max=True)
ATTEMPTS = st.integers(0, 1000)


def test_every_failure_is_either_hopeful_or_hopeless() -> None:
    assert {*HOPEFUL, *HOPELESS} == set(get_args(Failure))
    assert set(SCHEDULES) == set(HOPEFUL)


@pytest.mark.parametrize("failure", HOPELESS)
@given(attempts=ATTEMPTS, jitter=JITTER)
def test_what_will_be_refused_again_is_not_tried_again(
    failure: Failure, attempts: int, jitter: float
) -> None:
    assert pause(failure, attempts, jitter) is None


@pytest.mark.parametrize("failure", get_args(Failure))
@given(attempts=ATTEMPTS, jitter=JITTER, told=st.floats(0, 3600))
def test_what_the_provider_asked_for_is_never_undercut(
    failure: Failure, attempts: int, jitter: float, told: float
) -> None:
    wait = pause(failure, attempts, jitter, told)
    assert wait is not None
    assert told <= wait <= told + 1


@pytest.mark.parametrize("failure", HOPEFUL)
@given(attempts=ATTEMPTS, jitter=JITTER)
def test_pauses_grow_up_to_the_cap_and_stay_there(
    failure: Failure, attempts: int, jitter: float
) -> None:
    cap = SCHEDULES[failure].cap
    wait, longer = pause(failure, attempts, jitter), pause(failure, attempts + 1, jitter)
    assert wait is not None
    assert longer is not None
    assert 0 < wait <= longer <= cap
    settled = pause(failure, 1000, jitter)
    assert settled is not None
    assert settled >= cap / 2


@pytest.mark.parametrize("failure", HOPEFUL)
@given(attempts=ATTEMPTS, one=JITTER, other=JITTER)
def test_jitter_spreads_over_half_a_step_and_no_more(
    failure: Failure, attempts: int, one: float, other: float
) -> None:
    waits = sorted(pause(failure, attempts, jitter) or 0.0 for jitter in (one, other))
    assert waits[1] <= 2 * waits[0]


@pytest.mark.parametrize(
    ("failure", "attempts", "jitter", "seconds"),
    [
        ("not_sent", 0, 0.0, 0.25),
        ("not_sent", 1, 0.0, 0.5),
        ("not_sent", 1, 0.5, 0.75),
        ("not_sent", 20, 0.0, 60.0),
        ("unknown", 3, 0.0, 2.0),
        ("taken", 9, 0.0, 0.5),
        ("unauthorised", 0, 0.0, 1.0),
        ("broken", 2, 0.0, 4.0),
    ],
)
def test_pauses_by_example(failure: Failure, attempts: int, jitter: float, seconds: float) -> None:
    assert pause(failure, attempts, jitter) == seconds


def test_what_is_refused_over_and_over_is_asked_for_less_and_less_but_within_memory() -> None:
    waits = [patience(times) for times in range(1, 9)]
    assert waits[:3] == [timedelta(seconds=15), timedelta(seconds=30), timedelta(seconds=60)]
    assert waits == sorted(waits)
    assert patience(10_000) == timedelta(minutes=5) < REMEMBERED
