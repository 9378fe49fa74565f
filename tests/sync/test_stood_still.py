"""A worker that stands still between taking a call and making it: when it goes on, the call may not be its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.sync.test_faults import WRITES, broken
from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, Town, town

from holdfast.sync.absorb import absorb
from holdfast.sync.deliver import deliver
from holdfast.sync.parts import Parts


@dataclass
class StoppingPool:
    """The pool of a process that is stopped as soon as its first question was answered."""

    pool: Any
    stop: Callable[[], None]
    asked: int = 0

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        async with self.pool.acquire() as connection:
            yield connection
        self.asked += 1
        if self.asked == 1:
            self.stop()


async def wanted(t: Town) -> Parts:
    """A guest's booking was heard of, and a block on the other channel is wanted."""
    await t.boseat.book("chefs-table", NOON, SLOT)
    parts = t.wiring.parts
    while not await t.rows("select 1 from inbox where done_at is null"):
        await t.boseat.ask("GET", "/truth")
    boseat = next(a for a in parts.accounts.values() if a.channel_name == "boseat")
    while not await t.rows("select 1 from pushes"):
        await absorb(parts, boseat)
    return parts


async def test_a_call_is_not_made_by_one_who_stood_still_for_half_its_lease(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = await wanted(t)
        mozrest = next(a for a in parts.accounts.values() if a.channel_name == "mozrest")
        pool: Any = StoppingPool(parts.pool, lambda: t.clock.advance(40))
        await deliver(replace(parts, pool=pool), mozrest)
        assert await t.mozrest.ours("chefs-table") == []

        await t.pool.execute("update pushes set lease_until = now() - interval '1 second'")
        await t.settle()  # what was in the hands of the one who stood still is unknown now
        await t.live(30)
        (block,) = await t.mozrest.ours("chefs-table")
        assert block["status"].lower() == "confirmed"
        assert await t.violations() == []


async def test_a_call_that_is_cut_off_by_a_stop_is_unknown_and_settled_by_reading(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = await wanted(t)
        mozrest = next(a for a in parts.accounts.values() if a.channel_name == "mozrest")
        await broken(t, "mozrest", {"kind": "hang", "when": "after"}, WRITES["mozrest"][0])
        flying = asyncio.create_task(deliver(parts, mozrest))
        while not await t.mozrest.ours("chefs-table"):
            assert not flying.done()
        flying.cancel()
        await asyncio.gather(flying, return_exceptions=True)
        assert [r["state"] for r in await t.rows("select state from pushes")] == ["in_flight"]

        await t.pool.execute("update pushes set lease_until = now() - interval '1 second'")
        await t.settle()
        await t.live(600)
        (block,) = await t.mozrest.ours("chefs-table")
        assert block["status"].lower() == "confirmed"
        assert await t.violations() == []
