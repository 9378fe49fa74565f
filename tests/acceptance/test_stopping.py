"""SIGTERM, as every deploy sends it: a clean end in time, with work in flight too, and nothing lost."""

import asyncio
import signal

import pytest
from tests.acceptance.stage import Stage, seeded

from holdfast.soak.crowd import Crowd
from holdfast.soak.program import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

OURS = ("web", "worker.1", "worker.2")
GRACE = 10.0
"""Seconds that a supervisor grants before it kills."""

LEASE = 30.0
"""Seconds: what a stop leaves undone without giving it back is taken up by others only after so long."""

SLOW = {"kind": "slow", "when": "after", "seconds": 1.5, "path": "/v1/.*"}


async def stop_all(stage: Stage) -> None:
    """All three are told to stop at once, and do so in time, cleanly."""
    for name in OURS:
        stage.programs[name].send(signal.SIGTERM)
    codes = await asyncio.gather(*(stage.programs[name].end(GRACE) for name in OURS))
    assert codes == [0, 0, 0]
    assert await signed_off(stage) == {"worker.1", "worker.2"}
    for name in OURS:
        said = stage.programs[name].said()
        assert "Traceback" not in said, said


async def signed_off(stage: Stage) -> set[str]:
    """Those of the workers that said that they stop; the others count as lost."""
    rows = await stage.pool.fetch("select id from workers where stopped_at is not null")
    stopped = {row["id"].rpartition(":")[2] for row in rows}
    workers = ("worker.1", "worker.2")
    return {name for name in workers if str(stage.programs[name].pid) in stopped}


async def raise_all(stage: Stage) -> None:
    await asyncio.gather(*(stage.raise_again(name) for name in OURS))


async def test_a_frozen_redis_keeps_nobody_from_ending_and_nothing_is_lost(
    on_stage: Stage,
) -> None:
    on_stage.redis.send(signal.SIGSTOP)
    await Crowd(sides=on_stage.sides, random=seeded("frozen")).crowd_in(4)
    await stop_all(on_stage)
    on_stage.redis.send(signal.SIGCONT)
    await raise_all(on_stage)
    await on_stage.agrees()


async def test_calls_in_flight_may_land_and_a_reading_cut_off_is_made_again_without_waiting_for_its_lease(
    on_stage: Stage,
) -> None:
    for side in on_stage.sides.values():
        await side.ask("POST", "/faults", SLOW)
    crowd = Crowd(sides=on_stage.sides, random=seeded("stop"))
    for _ in range(6):
        await crowd.act()
    await on_stage.boseat.book((await on_stage.boseat.offers("salon"))[0])

    async def flying() -> int:
        return int(
            await on_stage.pool.fetchval("select count(*) from pushes where state = 'in_flight'")
        )

    async def busy() -> bool:
        reading = "select count(*) from readings where lease_until > clock_timestamp()"
        return bool(await flying() and await on_stage.pool.fetchval(reading))

    await until(busy, "calls in flight, while a whole channel is being read")
    await stop_all(on_stage)
    assert await flying() == 0
    for side in on_stage.sides.values():
        await side.ask("DELETE", "/faults")
        await side.manner(lose=1.0)
    await crowd.crowd_in(4)  # nobody of ours is there, and no webhook will tell
    await raise_all(on_stage)
    await on_stage.agrees(LEASE - 5)


async def test_a_worker_that_is_killed_is_lost_and_one_that_is_stopped_is_not(
    on_stage: Stage,
) -> None:
    """The kind of fault: an operator cannot tell what was meant from what went wrong."""
    await on_stage.programs["worker.1"].kill()
    on_stage.programs["worker.2"].send(signal.SIGTERM)
    assert await on_stage.programs["worker.2"].end(GRACE) == 0
    assert await signed_off(on_stage) == {"worker.2"}
    await asyncio.gather(*(on_stage.raise_again(f"worker.{number}") for number in (1, 2)))
    assert await signed_off(on_stage) == set()
