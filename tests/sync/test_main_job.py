"""The main job: a booking on one channel closes the other, by the providers' own books."""

from datetime import timedelta

import pytest
from tests.town import MORNING, Plan, Side, Town, town

NOON = MORNING + timedelta(hours=4)
SLOT = 60


def pair(t: Town, source: str) -> tuple[Side, Side]:
    target = "mozrest" if source == "boseat" else "boseat"
    return t.sides[source], t.sides[target]


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_a_confirmed_booking_becomes_a_booking_on_the_other_channel(
    database_url: str, source: str
) -> None:
    async with town(database_url) as t:
        here, there = pair(t, source)
        await here.book("salon", NOON, SLOT if source == "boseat" else 120)
        await t.pass_time(30)
        ours = await there.ours("salon")
        assert ours
        assert {o["status"].lower() for o in ours} == {"confirmed"}
        assert all("+hf-" in o["email"] for o in ours)
        assert await t.exposures() == []


async def test_a_hold_becomes_a_hold_and_is_confirmed_with_it(database_url: str) -> None:
    async with town(database_url) as t:
        ref = await t.boseat.book("salon", NOON, SLOT, confirm=False)
        await t.pass_time(30)
        held = await t.mozrest.ours("salon")
        assert [h["expires"] is not None for h in held] == [True]
        await t.boseat.act(ref, "confirm")
        await t.pass_time(30)
        booked = await t.mozrest.ours("salon")
        assert [b["expires"] for b in booked] == [None]
        assert await t.exposures() == []


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_a_cancelled_booking_frees_the_other_channel(database_url: str, source: str) -> None:
    async with town(database_url) as t:
        here, there = pair(t, source)
        ref = await here.book("salon", NOON, SLOT if source == "boseat" else 120)
        await t.pass_time(30)
        assert await there.ours("salon")
        await here.act(ref, "cancel")
        await t.pass_time(30)
        assert await there.ours("salon") == []
        assert await here.taken("salon") == []


async def test_a_hold_that_its_guest_lets_lapse_frees_the_other_channel(database_url: str) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT, confirm=False)
        await t.pass_time(30)
        assert await t.mozrest.ours("salon")
        await t.pass_time(900 + 430)
        assert await t.mozrest.ours("salon") == []
        assert await t.rows("select 1 from blocks where closed_at is null") == []
        assert [r["status"] for r in await t.rows("select status from bookings")] == ["expired"]


async def test_a_hold_is_kept_alive_as_long_as_its_source_holds(database_url: str) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT, confirm=False)
        await t.pass_time(30)
        first = (await t.mozrest.ours("salon"))[0]["ref"]
        await t.pass_time(430, step=1)
        second = (await t.mozrest.ours("salon"))[0]["ref"]
        assert first != second
        gaps = await t.rows(
            "select (data::jsonb->>'gap_seconds')::float as gap from journal where data::jsonb ? 'gap_seconds'"
        )
        assert len(gaps) == 1
        assert gaps[0]["gap"] < 10


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_a_moved_booking_moves_its_block(database_url: str, source: str) -> None:
    async with town(database_url) as t:
        here, there = pair(t, source)
        minutes = SLOT if source == "boseat" else 120
        ref = await here.book("salon", NOON, minutes)
        await t.pass_time(30)
        before = {(o["start"], o["end"]) for o in await there.ours("salon")}
        later = NOON + timedelta(hours=5)
        await here.act(
            ref,
            "move",
            {"start": later.isoformat(), "end": (later + timedelta(minutes=minutes)).isoformat()},
        )
        await t.pass_time(30)
        after = {(o["start"], o["end"]) for o in await there.ours("salon")}
        assert after
        assert not before & after
        assert await t.exposures() == []


async def test_a_booking_that_no_webhook_told_of_is_found_by_the_poll(database_url: str) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("board-room", NOON, 90)
        await t.pass_time(60)
        assert await t.mozrest.ours("salon")
        assert await t.boseat.ours("board-room")
        assert await t.exposures() == []


async def test_echoes_of_our_blocks_never_become_bookings(database_url: str) -> None:
    async with town(database_url) as t:
        await t.mozrest.book("salon", NOON, 120)
        await t.pass_time(300)
        assert await t.boseat.ours("salon")
        bookings = await t.rows("select channel from bookings")
        assert [b["channel"] for b in bookings] == ["mozrest"]


async def test_a_clash_keeps_both_bookings_and_opens_a_conflict(database_url: str) -> None:
    async with town(database_url) as t:
        # both guests are faster than any of us could be
        await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("salon", NOON, 120)
        await t.pass_time(60)
        statuses = [r["status"] for r in await t.rows("select status from bookings")]
        assert statuses == ["confirmed", "confirmed"]
        opened = await t.rows(
            "select kind, booking_id, against_ids from conflicts where closed_at is null"
        )
        assert [c["kind"] for c in opened] == ["double_booking"]
        granted = await t.rows("select booking_id from allocations")
        assert [g["booking_id"] for g in granted] == list(opened[0]["against_ids"])
        assert await t.exposures() == []


async def test_the_conflict_ends_when_one_of_the_two_is_cancelled(database_url: str) -> None:
    async with town(database_url) as t:
        ref = await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("salon", NOON, 120)
        await t.pass_time(60)
        await t.boseat.act(ref, "cancel")
        await t.pass_time(60)
        assert await t.rows("select 1 from conflicts where closed_at is null") == []
        granted = await t.rows(
            "select b.channel from allocations a join bookings b on b.id = a.booking_id"
        )
        assert [g["channel"] for g in granted] == ["mozrest"]
        assert await t.exposures() == []
