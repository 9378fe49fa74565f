"""SIGTERM, as every deploy sends it: a clean end in time, with work in flight too, and nothing lost."""

import asyncio
import signal

import pytest
from tests.acceptance.program import until
from tests.acceptance.stage import Crowd, Stage, seeded

pytestmark = pytest.mark.asyncio(loop_scope="session")

OURS = ("web", "worker.1", "worker.2")
GRACE = 10.0
"""Seconds that a supervisor grants before it kills."""

LEASE = 30.0
"""Seconds: whatever a stop leaves behind is found by others only after so long."""

SLOW = {"kind": "slow", "when": "after", "seconds": 1.5, "path": "/v1/.*"}


async def stop_all(stage: Stage) -> None:
    """All three are told to stop at once, and do so in time, cleanly."""
    for name in OURS:
        stage.programs[name].send(signal.SIGTERM)
    codes = await asyncio.gather(*(stage.programs[name].end(GRACE) for name in OURS))
    assert codes == [0, 0, 0]
    for name in OURS:
        said = stage.programs[name].said()
        assert "Traceback" not in said, said


async def raised(stage: Stage) -> None:
    await asyncio.gather(*(stage.raise_again(name) for name in OURS))


async def test_with_nothing_to_do_all_end_cleanly(on_stage: Stage) -> None:
    await stop_all(on_stage)
    await raised(on_stage)


async def test_calls_in_flight_may_land_and_nothing_is_left_for_a_lease_to_end(
    on_stage: Stage,
) -> None:
    for side in on_stage.sides.values():
        await side.ask("POST", "/faults", SLOW)
    crowd = Crowd(stage=on_stage, random=seeded("stop"))
    for _ in range(8):
        await crowd.act()

    async def flying() -> bool:
        return bool(
            await on_stage.pool.fetchval("select count(*) from pushes where state = 'in_flight'")
        )

    await until(flying, "calls in flight")
    await stop_all(on_stage)
    assert not await flying()
    for side in on_stage.sides.values():
        await side.ask("DELETE", "/faults")
    await crowd.crowd_in(4)  # nobody of us is there to hear of it
    await raised(on_stage)
    await on_stage.agrees(LEASE - 5)


async def test_a_reading_that_was_cut_off_is_soon_made_again(on_stage: Stage) -> None:
    for side in on_stage.sides.values():
        await side.manner(lose=1.0)
        await side.ask("POST", "/faults", SLOW)

    async def reading() -> bool:
        return bool(
            await on_stage.pool.fetchval("select count(*) from cursors where lease_until > now()")
        )

    await until(reading, "a whole channel is being read")
    await stop_all(on_stage)
    for side in on_stage.sides.values():
        await side.ask("DELETE", "/faults")
    await Crowd(stage=on_stage, random=seeded("cut off")).crowd_in(4)
    await raised(on_stage)
    await on_stage.agrees(LEASE - 5)
