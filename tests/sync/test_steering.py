"""A person holds an account back: really nothing is taken, nothing is lost, and all of it goes on by risk."""

from datetime import timedelta

import aiohttp
import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.sync.test_shadow import writes
from tests.town import Plan, Town, town

from holdfast.store import pushes
from holdfast.sync import rounds
from holdfast.sync.steer import (
    READS,
    NotSteered,
    SteerAct,
    SteeredMeanwhile,
    SteerWish,
    seen_of,
    steer,
)

HOUR = timedelta(hours=1)


async def do(t: Town, account: str, act: SteerAct, seen: str | None = None) -> None:
    wish = SteerWish(account=account, act=act, actor="eva", reason="maintenance", seen=seen)
    async with t.pool.acquire() as connection:
        await steer(connection, wish, t.clock.now())


async def reads(t: Town, name: str) -> int:
    asked = await t.sides[name].ask("GET", "/requests")
    return sum(request["method"] == "GET" for request in asked)


async def test_paused_intake_keeps_every_webhook_and_reads_nothing_until_it_goes_on(
    database_url: str,
) -> None:
    async with town(database_url, Plan(calm=True)) as t:
        await do(t, "boseat-main", "pause_intake")
        before, other = await reads(t, "boseat"), await reads(t, "mozrest")
        deliveries = len(await t.rows("select from inbox where via = 'webhook'"))
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(600)
        waiting = await t.rows("select done_at from inbox where via = 'webhook'")
        assert len(waiting) > deliveries  # answered with 2xx, or the simulator would bring it again
        assert await reads(t, "boseat") == before
        assert await reads(t, "mozrest") > other
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
        told = await t.rows(
            "select j.data::jsonb ->> 'act' act, j.actor, i.via from journal j join inbox i on i.id = j.inbox_id"
            " where j.kind = 'account.steered' order by j.seq"
        )
        assert [tuple(row) for row in told] == [
            ("pause_intake", "eva", "operator"),
            ("resume_intake", "eva", "operator"),
        ]


async def test_paused_pushes_wait_and_go_out_by_risk_however_long_it_was(database_url: str) -> None:
    async with town(database_url, Plan(calm=True)) as t:
        early = await t.boseat.book("board-room", NOON, SLOT)
        await t.live(120)
        await t.mozrest.ask("DELETE", "/requests")
        await do(t, "mozrest-main", "pause_pushes")
        await t.boseat.act(early, "cancel")
        await t.boseat.book("salon", NOON + 2 * HOUR, SLOT)
        await t.live(120)
        assert len(await t.rows("select from bookings where status = 'confirmed'")) == 1
        assert await writes(t.mozrest) == []
        waiting = await t.rows("select call, attempts from pushes where state = 'waiting'")
        assert {(row["call"], row["attempts"]) for row in waiting} == {("place", 0), ("release", 0)}
        assert await t.exposures() != []

        await do(t, "mozrest-main", "resume_pushes")
        await t.live(60)
        order = await t.rows(
            "select p.call from attempts a join pushes p on p.id = a.push_id"
            " where a.sent_at > $1 order by a.id",
            t.clock.now() - timedelta(seconds=61),
        )
        calls = [row["call"] for row in order]
        assert calls.index("place") < calls.index("release")
        assert await t.violations() == []


async def test_what_waited_in_a_pause_was_not_tried_in_vain(database_url: str) -> None:
    async with town(database_url, Plan(calm=True)) as t:
        await do(t, "mozrest-main", "pause_pushes")
        await t.boseat.book("salon", NOON + 48 * HOUR, SLOT)
        await t.live(60)
        wished = await t.rows("select account_id, wished_at from pushes")
        account, after = wished[0]["account_id"], wished[0]["wished_at"] + timedelta(days=2)
        async with t.pool.acquire() as connection:
            assert await pushes.claim(connection, account, after, 8) == []
            wish = SteerWish(account="mozrest-main", act="resume_pushes", actor="eva", reason="on")
            await steer(connection, wish, after)
            claimed = await pushes.claim(connection, account, after + HOUR, 8)
        assert {push.tried_since for push in claimed} == {after + HOUR}
        assert {push.wished_at < after for push in claimed} == {True}


async def test_a_reading_is_due_at_once_when_somebody_wants_it(database_url: str) -> None:
    async with town(database_url, Plan(calm=True)) as t:
        before = await reads(t, "boseat")
        await t.settle()
        assert await reads(t, "boseat") == before
        for act in READS:
            await do(t, "boseat-main", act)
            await t.settle()
            assert await reads(t, "boseat") > before, act
            before = await reads(t, "boseat")


async def test_who_acts_on_what_he_saw_acts_on_nothing_else(database_url: str) -> None:
    async with town(database_url, Plan(calm=True)) as t:
        shown = seen_of("live", None, None)
        await do(t, "boseat-main", "pause_pushes", shown)
        with pytest.raises(SteeredMeanwhile):
            await do(t, "boseat-main", "pause_intake", shown)
        refused: list[tuple[str, SteerAct, str]] = [
            ("boseat-main", "pause_pushes", "its pushes are paused"),
            ("boseat-main", "resume_intake", "its intake is not paused"),
            ("nobody", "audit", "no account of this name"),
        ]
        for account, act, why in refused:
            with pytest.raises(NotSteered, match=why):
                await do(t, account, act)
        (held,) = await t.rows("select direction, actor, reason from pauses where ended_at is null")
        assert tuple(held) == ("pushes", "eva", "maintenance")
        async with aiohttp.ClientSession() as session, session.get(f"{t.web_url}/events") as page:
            assert "pause_pushes" in await page.text()
