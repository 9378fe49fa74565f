"""Kill -9 any one of our processes at any moment and start it again: the same end state."""

import os
import signal
from collections.abc import Sequence

import pytest
from tests.acceptance.stage import Stage, seeded

from holdfast.soak.crowd import Crowd
from holdfast.soak.program import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACTS_BETWEEN = 4
LEASE_AND_MORE = 75.0
"""Seconds: the work of a frozen worker is taken up when its lease of 30 seconds is over."""

IN_FLIGHT = """
select w.worker, p.id, p.lease_until from pushes p join worker_locks w on w.number = p.leased_by
 where p.state = 'in_flight' and p.call = 'place'
"""


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


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_call_of_a_killed_worker_is_settled_before_its_lease_would_end(
    on_stage: Stage, when: str
) -> None:
    """Whether its provider has done it or not: it is found out at once, and done once.

    The other calls of the kind, and what else a worker has in its hands: `test_worker_locks`.
    """
    hang = {"kind": "hang", "when": when, "seconds": 60, "count": 1, "method": "POST"}
    await on_stage.mozrest.ask("POST", "/faults", {**hang, "path": "/v1/bc/pending-booking"})
    await on_stage.boseat.book((await on_stage.boseat.offers("salon"))[2])

    async def flies() -> bool:
        return bool(await on_stage.pool.fetch(IN_FLIGHT))

    await until(flies, "a call is under way")
    (call,) = await on_stage.pool.fetch(IN_FLIGHT)
    os.kill(int(call["worker"].rpartition(":")[2]), signal.SIGKILL)

    async def settled() -> bool:
        done = "select settled_at is not null from pushes where id = $1"
        return bool(await on_stage.pool.fetchval(done, call["id"]))

    await until(settled, "the call is settled")
    in_time = "select settled_at < $2 from pushes where id = $1"
    assert await on_stage.pool.fetchval(in_time, call["id"], call["lease_until"])
    await on_stage.mozrest.ask("DELETE", "/faults")
    for name, program in on_stage.programs.items():
        if program.ended:
            await on_stage.raise_again(name)
    await on_stage.agrees(LEASE_AND_MORE)
    assert len(await on_stage.blocks("mozrest", "salon")) == 1
