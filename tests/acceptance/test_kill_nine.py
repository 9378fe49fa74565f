"""Kill -9 any one of our processes at any moment and start it again: the same end state."""

from random import Random

import pytest
from tests.acceptance.stage import Crowd, Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACTS = 16
LEASE_AND_MORE = 75.0
"""Seconds: the work of a killed worker is taken up when its lease of 30 seconds is over, and its calls are looked after."""


@pytest.mark.parametrize("victim", ["web", "worker.1", "worker.2"])
async def test_whoever_is_killed_among_guests_and_started_again_the_end_state_is_the_same(
    on_stage: Stage, victim: str
) -> None:
    seed = Random().randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it with a failure
    crowd = Crowd(stage=on_stage, random=Random(seed))
    moment = crowd.random.randrange(2, ACTS - 4)
    for number in range(ACTS):
        if number == moment:
            await on_stage.programs[victim].kill()
        if number == moment + 4:
            await on_stage.raise_again(victim)
        await crowd.act()
    await crowd.decide_all()
    await on_stage.agrees(LEASE_AND_MORE)
