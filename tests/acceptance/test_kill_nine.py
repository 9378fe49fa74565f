"""Kill -9 any one of our processes at any moment and start it again: the same end state."""

from collections.abc import Sequence

import pytest
from tests.acceptance.stage import Stage, seeded

from holdfast.soak.crowd import Crowd

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACTS_BETWEEN = 4
LEASE_AND_MORE = 75.0
"""Seconds: the work of a killed worker is taken up when its lease of 30 seconds is over."""


@pytest.mark.parametrize("victims", [["web", "worker.1", "worker.2"]], ids="-then-".join)
async def test_whoever_is_killed_among_guests_and_started_again_the_end_state_is_the_same(
    on_stage: Stage, victims: Sequence[str]
) -> None:
    crowd = Crowd(sides=on_stage.sides, random=seeded(*victims))
    for victim in victims:
        for _ in range(crowd.random.randrange(3, 12)):
            await crowd.act()
        await on_stage.programs[victim].kill()
        for _ in range(ACTS_BETWEEN):
            await crowd.act()
        await on_stage.raise_again(victim)
    await crowd.crowd_in(ACTS_BETWEEN)
    await on_stage.agrees(LEASE_AND_MORE)
