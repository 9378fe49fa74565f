"""A guest's hold that its channel shows to nobody: seen in the offers, and held elsewhere if that is trusted."""

from datetime import timedelta

import aiohttp
from tests.sync.test_main_job import NOON
from tests.town import Plan, Town, town

SOON = 90
"""Seconds; the offers of the example are read every minute."""


async def occupied(t: Town) -> list[tuple[str, str]]:
    rows = await t.rows(
        "select l.name, lower(o.during) as start, upper(o.during) as end"
        " from occupied o join listings l on l.id = o.listing_id order by 1, 2"
    )
    return [(row["name"], f"{row['start']:%H:%M}-{row['end']:%H:%M}") for row in rows]


async def test_an_unseen_hold_is_shown_and_nothing_more_unless_it_is_trusted(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        await t.live(SOON)
        assert await occupied(t) == [("chefs-table-mozrest", "12:00-13:30")]
        assert await t.boseat.ours("chefs-table") == []
        assert await t.rows("select 1 from blocks") == []


async def test_a_trusted_unseen_hold_is_held_at_the_other_channel_until_the_offer_is_back(
    database_url: str,
) -> None:
    async with town(database_url, Plan(trust_offers=True)) as t:
        await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        await t.live(SOON)
        ours = await t.boseat.ours("chefs-table")
        assert ours
        assert all(one["expires"] for one in ours)
        assert await t.exposures() == []
        await t.live(900)
        assert await occupied(t) == []
        assert await t.boseat.ours("chefs-table") == []
        assert await t.rows("select 1 from blocks where closed_at is null") == []


async def test_what_a_stranger_books_for_good_becomes_a_booking_of_ours_elsewhere(
    database_url: str,
) -> None:
    async with town(database_url, Plan(trust_offers=True)) as t:
        ref = await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        await t.live(SOON)
        await t.mozrest.act(ref, "confirm")
        await t.live(SOON)
        assert await occupied(t) == []
        assert all(one["expires"] is None for one in await t.boseat.ours("chefs-table"))
        assert await t.violations() == []


async def test_bookings_and_blocks_of_ours_are_no_strangers(database_url: str) -> None:
    async with town(database_url, Plan(trust_offers=True)) as t:
        await t.boseat.book("salon", NOON, 60)
        await t.mozrest.book("board-room", NOON, 90)
        await t.boseat.book("chefs-table", NOON, 60, confirm=False)
        await t.live(1800)  # the guest's hold lapses, and ours after it
        assert await occupied(t) == []
        assert await t.violations() == []


async def test_a_walk_in_is_shown_by_the_api_with_the_age_of_the_read(database_url: str) -> None:
    async with town(database_url) as t:
        place = t.mozrest.places["salon"]
        end = NOON + timedelta(hours=2)
        taking = {"place": place, "start": NOON.isoformat(), "end": end.isoformat()}
        await t.mozrest.ask("POST", "/other/take", taking)
        await t.live(SOON)
        address = f"{t.web_url}/api/v1/listings/salon-mozrest/exposure"
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            told = await answer.json()
        (found,) = told["occupied"]
        assert (found["start"], found["end"]) == ("2026-11-23T12:00:00Z", "2026-11-23T14:00:00Z")
        assert found["age_seconds"] < SOON
        assert found["trusted"] is False
        async with aiohttp.ClientSession() as session, session.get(t.web_url) as answer:
            page = await answer.text()
        assert "Occupied at Mozrest" in page
