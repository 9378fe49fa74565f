"""A person holds an account back: really nothing is taken, nothing is lost, and all of it goes on by risk."""

import asyncio
from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.sync.test_shadow import writes
from tests.town import CALM, Plan, Town, town

from holdfast.sync import rounds
from holdfast.sync.steer import (
    READS,
    NotSteered,
    SteerAct,
    SteerWish,
    steer,
)

HOUR = timedelta(hours=1)
ROUND = 200.0
"""Seconds in which everything was polled once, should a webhook be slow."""


async def do(t: Town, account: str, act: SteerAct) -> None:
    wish = SteerWish(account=account, act=act, actor="eva", reason="maintenance")
    async with t.pool.acquire() as connection:
        await steer(connection, wish, t.clock.now())


async def reads(t: Town, name: str) -> int:
    asked = await t.sides[name].ask("GET", "/requests")
    return sum(request["method"] == "GET" for request in asked)


async def answers(t: Town) -> list[int]:
    """What each webhook was answered, once all of them were."""
    async with asyncio.timeout(20):
        while True:
            told = [delivery["status"] for delivery in await t.boseat.ask("GET", "/webhooks")]
            if None not in told:
                return told
            await asyncio.sleep(0.01)


async def test_paused_intake_keeps_every_webhook_and_reads_nothing_until_it_goes_on(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        await do(t, "boseat-main", "pause_intake")
        before, other = await reads(t, "boseat"), await reads(t, "mozrest")
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(ROUND)
        told = await answers(t)
        waiting = await t.rows("select raw_type from inbox where done_at is null")
        assert told == [200] * len(waiting) != []
        assert (await reads(t, "boseat"), await reads(t, "mozrest") > other) == (before, True)
        assert await t.rows("select from bookings") == []
        due = await rounds.next_due(t.wiring.parts)
        assert due is not None
        assert due > t.clock.now()  # nobody spins meanwhile
        with pytest.raises(NotSteered, match="its intake is paused"):
            await do(t, "boseat-main", "read_bookings")

        await do(t, "boseat-main", "resume_intake")
        await t.settle()
        assert len(await t.rows("select from bookings where status = 'confirmed'")) == 1
        assert len(await t.mozrest.ours("salon")) > 0
        assert await t.violations() == []
        for act in READS:
            before = await reads(t, "boseat")
            await do(t, "boseat-main", act)
            await t.settle()
            assert await reads(t, "boseat") > before, act


async def test_paused_pushes_wait_and_go_out_by_risk(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        early = await t.boseat.book("board-room", NOON, SLOT)
        await t.live(ROUND)
        await t.mozrest.ask("DELETE", "/requests")
        await do(t, "mozrest-main", "pause_pushes")
        await t.boseat.act(early, "cancel")
        await t.boseat.book("salon", NOON + 2 * HOUR, SLOT)
        await t.live(ROUND)
        assert len(await t.rows("select from bookings where status = 'confirmed'")) == 1
        assert await writes(t.mozrest) == []
        waiting = await t.rows("select call, attempts from pushes where state = 'waiting'")
        assert {(row["call"], row["attempts"]) for row in waiting} == {("place", 0), ("release", 0)}
        assert await t.exposures() != []
        why = await t.rows("select distinct why from exposures where ended_at is null")
        assert [row["why"] for row in why] == ["paused"]

        resumed = t.clock.now()
        await do(t, "mozrest-main", "resume_pushes")
        await t.live(60)
        order = await t.rows(
            "select p.call from attempts a join pushes p on p.id = a.push_id where a.sent_at >= $1 order by a.id",
            resumed,
        )
        calls = [row["call"] for row in order]
        assert calls.index("place") < calls.index("release")
        assert await t.violations() == []
