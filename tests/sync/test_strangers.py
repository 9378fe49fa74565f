"""A guest's hold that its channel shows to nobody: seen in the offers, and held elsewhere if that is trusted."""

from datetime import datetime, timedelta

import aiohttp
import pytest
from tests.sync.harbour import (
    BUY_OUT,
    POOL,
    QUARTER,
    SPACE,
    conflicts,
    harbour,
    many,
    ours,
    seats,
)
from tests.sync.test_audit import HOUR, asleep, audited
from tests.sync.test_main_job import NOON
from tests.town import BRISK, Plan, Town, town

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
    async with town(database_url, Plan(pace=BRISK)) as t:
        await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        await t.live(SOON)
        assert await occupied(t) == [("chefs-table-mozrest", "12:00-13:30")]
        assert await t.boseat.ours("chefs-table") == []
        assert await t.rows("select 1 from blocks") == []


async def test_a_trusted_unseen_hold_is_held_at_the_other_channel_until_the_offer_is_back(
    database_url: str,
) -> None:
    async with town(database_url, Plan(trust_offers=True, pace=BRISK)) as t:
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
    async with town(database_url, Plan(trust_offers=True, pace=BRISK)) as t:
        ref = await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        await t.live(SOON)
        await t.mozrest.act(ref, "confirm")
        await t.live(SOON)
        assert await occupied(t) == []
        assert all(one["expires"] is None for one in await t.boseat.ours("chefs-table"))
        assert await t.violations() == []


@pytest.mark.soak  # half an hour of life
async def test_bookings_and_blocks_of_ours_are_no_strangers(database_url: str) -> None:
    async with town(database_url, Plan(trust_offers=True, pace=BRISK)) as t:
        await t.boseat.book("salon", NOON, 60)
        await t.mozrest.book("board-room", NOON, 90)
        await t.boseat.book("chefs-table", NOON, 60, confirm=False)
        await t.live(1800)  # the guest's hold lapses, and ours after it
        assert await occupied(t) == []
        assert await t.violations() == []


async def test_a_walk_in_is_shown_by_the_api_with_the_age_of_the_read(database_url: str) -> None:
    async with town(database_url, Plan(pace=BRISK)) as t:
        place = t.mozrest.places["salon"]
        end = NOON + timedelta(hours=2)
        taking = {"place": place, "start": NOON.isoformat(), "end": end.isoformat()}
        await t.mozrest.ask("POST", "/other/take", taking)
        await t.live(SOON)
        address = f"{t.web_url}/api/v1/listings/salon-mozrest/exposure"
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            told = await answer.json()
        (found,) = told["occupied"]
        assert [datetime.fromisoformat(found[key]) for key in ("start", "end")] == [NOON, end]
        assert found["age_seconds"] < SOON
        assert found["trusted"] is False
        async with aiohttp.ClientSession() as session, session.get(t.web_url) as answer:
            page = await answer.text()
        assert "Occupied at Mozrest" in page


async def taken_unseen(t: Town, place: str, minutes: int = 60) -> None:
    wish = {
        "place": t.boseat.places[place],
        "start": NOON.isoformat(),
        "end": (NOON + timedelta(minutes=minutes)).isoformat(),
    }
    await t.boseat.ask("POST", "/boseat/take", wish)


async def test_a_table_taken_unseen_takes_one_from_the_pool_and_the_pools_guest_sits_elsewhere(
    database_url: str,
) -> None:
    async with harbour(database_url, trust_offers=True, pace=BRISK) as t:
        await taken_unseen(t, SPACE)
        await t.live(SOON)
        assert await occupied(t) == [("oak-boseat", "12:00-13:00")]
        blocks = await ours(t, "mozrest", POOL)
        assert [many(blocks, NOON + n * QUARTER) for n in range(4)] == [1, 1, 1, 1]
        assert [entry["tables"] for entry in await t.mozrest.ours(POOL)] == [["v1/a1/oak"]]
        assert many(await ours(t, "boseat", BUY_OUT), NOON) == 1
        guest = await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.live(SOON)
        assert await seats(t) == {guest: "yew"}
        assert await conflicts(t) == []
        asked = await t.pool.fetchval("select count(*) from pushes where call = 'place'")
        await t.live(200)  # less than a hold lasts: whoever stays needs no further call
        assert await t.pool.fetchval("select count(*) from pushes where call = 'place'") == asked
        await t.live(900)
        assert many(await ours(t, "mozrest", POOL), NOON) == 1


async def test_a_guest_of_the_pool_changes_tables_for_somebody_unknown(database_url: str) -> None:
    async with harbour(database_url, trust_offers=True, pace=BRISK) as t:
        guest = await t.mozrest.book(POOL, NOON, 90, party=4)
        await taken_unseen(t, SPACE)  # before our block could be there
        await t.live(SOON)
        assert await seats(t) == {guest: "yew"}
        blocks = await ours(t, "mozrest", POOL)
        assert [many(blocks, NOON + n * QUARTER) for n in range(4)] == [1, 1, 1, 1]


async def test_who_is_not_trusted_takes_nothing_from_the_pool(database_url: str) -> None:
    async with harbour(database_url, pace=BRISK) as t:
        await taken_unseen(t, SPACE)
        await t.live(SOON)
        assert await occupied(t) == [("oak-boseat", "12:00-13:00")]
        assert await ours(t, "mozrest", POOL) == []
        guest = await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.live(SOON)
        assert await seats(t) == {guest: "oak"}


async def test_a_pool_that_somebody_unknown_fills_closes_what_its_tables_are_sold_as(
    database_url: str,
) -> None:
    async with harbour(database_url, trust_offers=True, pace=BRISK) as t:
        for party in (2, 2, 4, 6):
            end = NOON + timedelta(minutes=90)
            wish = {
                "place": t.mozrest.places[POOL],
                "start": NOON.isoformat(),
                "end": end.isoformat(),
                "party": party,
            }
            await t.mozrest.ask("POST", "/other/take", wish)
        await t.live(SOON)
        assert await occupied(t) == [("dining-room-mozrest", "12:00-13:30")]
        assert [many(await ours(t, "boseat", SPACE), NOON + n * HOUR) for n in (0, 1)] == [1, 1]
        assert many(await ours(t, "boseat", BUY_OUT), NOON) == 1


async def test_the_last_table_taken_unseen_is_an_exposure_of_the_pool(database_url: str) -> None:
    async with harbour(database_url, trust_offers=True, pace=BRISK) as t:
        for party in (2, 2, 6):
            await t.mozrest.book(POOL, NOON, 90, party=party)
        await t.live(60)
        await asleep(t)
        await t.mozrest.ask("POST", "/faults", {"status": 503, "path": "/v1/bc/pending-booking"})
        await taken_unseen(t, SPACE)
        await audited(t, "boseat")
        await t.live(20)
        found = {(f.kind, f.listing) for f in (await audited(t, "mozrest")).look.findings}
        assert ("exposure", "dining-room-mozrest") in found
