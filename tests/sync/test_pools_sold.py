"""A pool of tables, one of them sold by itself as well, and a buy-out: by the providers' own books."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.sync.harbour import (
    BUY_OUT,
    POOL,
    SPACE,
    conflicts,
    guests,
    harbour,
    many,
    ours,
    oversold,
    seats,
)
from tests.town import MORNING, Town

from holdfast.inventory.model import Guest
from holdfast.sync.operate import DirectBooking

NOON = MORNING + timedelta(hours=4)
HOUR = timedelta(hours=1)
TURN = timedelta(minutes=90)


def direct(unit: str, start: datetime) -> DirectBooking:
    return DirectBooking(
        venue="harbour",
        unit=unit,
        listing=None,
        start=start,
        end=start + HOUR,
        party_size=4,
        contact=Guest(),
    )


async def settled(t: Town) -> None:
    """Quiet, and nothing sold that is not there."""
    await t.pass_time(45)
    assert await oversold(t) == []


async def test_a_booking_of_a_rooms_own_listing_takes_one_table_from_the_pool(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        ref = await t.boseat.book(SPACE, NOON, 60)
        await settled(t)
        blocks = await ours(t, "mozrest", POOL)
        assert [many(blocks, NOON + n * HOUR / 4) for n in range(4)] == [1, 1, 1, 1]
        # of the size of the table that is taken
        assert [entry["tables"] for entry in await t.mozrest.ours(POOL)] == [["v1/a1/oak"]]
        await t.boseat.act(ref, "cancel")
        await settled(t)
        assert await ours(t, "mozrest", POOL) == []


async def test_a_long_booking_is_paved_without_a_gap(database_url: str) -> None:
    async with harbour(database_url) as t:
        for n in range(4):
            await t.boseat.book(SPACE, NOON + n * HOUR, 60)
        await settled(t)
        blocks = await ours(t, "mozrest", POOL)
        assert len(blocks) == 3
        assert [many(blocks, NOON + n * HOUR / 4) for n in range(16)] == [1] * 16


async def test_a_guest_of_the_pool_closes_a_room_only_if_he_sits_there(database_url: str) -> None:
    async with harbour(database_url) as t:
        small = await t.mozrest.book(POOL, NOON, 90, party=2)
        await settled(t)
        assert await seats(t) == {small: "elm"}
        assert await ours(t, "boseat", SPACE) == []
        large = await t.mozrest.book(POOL, NOON, 90, party=4)
        await settled(t)
        assert await seats(t) == {small: "elm", large: "oak"}
        assert [many(await ours(t, "boseat", SPACE), NOON + n * HOUR) for n in (0, 1)] == [1, 1]
        assert many(await ours(t, "boseat", BUY_OUT), NOON) == 1


async def test_when_all_other_tables_are_full_the_room_is_closed(database_url: str) -> None:
    async with harbour(database_url) as t:
        for party in (2, 2, 6, 2):
            await t.mozrest.book(POOL, NOON, 90, party=party)
        await settled(t)
        assert sorted((await seats(t)).values()) == ["ash", "elm", "oak", "yew"]
        assert many(await ours(t, "boseat", SPACE), NOON) == 1
        assert await conflicts(t) == []


async def test_a_guest_changes_tables_when_that_avoids_a_conflict(database_url: str) -> None:
    async with harbour(database_url) as t:
        # both are faster than any of us could be, and both want the same table
        ref = await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.boseat.book(SPACE, NOON, 60)
        await settled(t)
        assert await seats(t) == {ref: "yew"}
        assert await conflicts(t) == []
        await t.pass_time(120)
        assert await seats(t) == {ref: "yew"}


async def test_a_guest_whom_no_table_is_left_for_is_a_conflict_and_stays_booked(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await t.boseat.book(BUY_OUT, MORNING + 5 * HOUR, 180)
        await t.mozrest.book(POOL, MORNING + 6 * HOUR, 90)
        await t.pass_time(45)
        assert await conflicts(t) == ["double_booking"]
        told = await t.rows("select evidence::jsonb->>'decided_by' as clock from conflicts")
        assert [row["clock"] for row in told] == ["receipt"]
        assert len(await guests(t, "mozrest", POOL)) == 1


async def test_a_buy_out_closes_every_table_and_every_table_the_buy_out(database_url: str) -> None:
    async with harbour(database_url) as t:
        start = MORNING + 5 * HOUR
        ref = await t.boseat.book(BUY_OUT, start, 180)
        await settled(t)
        on_sale = [
            (s, e)
            for s, e in [*await t.mozrest.offered(POOL), *await t.boseat.offered(SPACE)]
            if s < start + 3 * HOUR and start < e
        ]
        assert on_sale == []
        await t.boseat.act(ref, "cancel")
        await settled(t)
        assert await ours(t, "mozrest", POOL) == []
        await t.mozrest.book(POOL, start, 90)
        await settled(t)
        assert [
            s for s, e in await t.boseat.offered(BUY_OUT) if s < start + TURN and start < e
        ] == []


async def test_a_pool_can_be_sold_out_on_both_sides_without_a_conflict(database_url: str) -> None:
    async with harbour(database_url) as t:
        await t.boseat.book(SPACE, NOON, 60)
        await settled(t)
        for _ in range(3):
            await t.mozrest.book(POOL, NOON, 90)
            await settled(t)
        assert (NOON, NOON + TURN) not in await t.mozrest.offered(POOL)
        assert await conflicts(t) == []
        assert sorted((await seats(t)).values()) == ["ash", "elm", "yew"]


async def test_where_the_channel_has_no_table_of_that_size_left_a_smaller_one_is_taken(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        refs = []
        for party in (2, 2, 2, 6):
            refs.append(await t.mozrest.book(POOL, NOON, 90, party=party))
            await settled(t)
        first, _, on_oak, _ = refs
        await t.mozrest.act(first, "cancel")
        await settled(t)
        assert (await seats(t))[on_oak] == "oak"
        # the channel keeps its guest on its own oak; what is left there is a table for two
        await t.operator.book(direct("oak", NOON))
        await settled(t)
        assert (await seats(t))[on_oak] == "elm"
        assert await conflicts(t) == []
        assert [entry["tables"] for entry in await t.mozrest.ours(POOL)] == [["v1/a1/elm"]]


async def test_a_hold_takes_a_table_of_the_pool_for_as_long_as_it_lasts(database_url: str) -> None:
    async with harbour(database_url) as t:
        ref = await t.boseat.book(SPACE, NOON, 60, confirm=False)
        await settled(t)
        (held,) = await t.mozrest.ours(POOL)
        assert held["expires"] is not None
        await t.boseat.act(ref, "confirm")
        await settled(t)
        (booked,) = await t.mozrest.ours(POOL)
        assert booked["expires"] is None


async def test_a_guest_who_moves_gets_another_table_and_both_sides_end_right(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await t.boseat.book(SPACE, NOON + 4 * HOUR, 60)
        ref = await t.mozrest.book(POOL, NOON, 90, party=4)
        await settled(t)
        assert await seats(t) == {ref: "oak"}
        later = NOON + 4 * HOUR
        move = {"start": later.isoformat(), "end": (later + TURN).isoformat()}
        await t.mozrest.act(ref, "move", move)
        await settled(t)
        assert await seats(t) == {ref: "yew"}
        assert await conflicts(t) == []
        assert await ours(t, "boseat", SPACE) == []


async def test_planning_twice_changes_nothing(database_url: str) -> None:
    async with harbour(database_url) as t:
        await t.boseat.book(BUY_OUT, MORNING + 5 * HOUR, 180)
        await t.boseat.book(SPACE, MORNING + 9 * HOUR, 60)
        await t.mozrest.book(POOL, MORNING + 10 * HOUR, 90, party=4)
        await settled(t)
        before = await t.rows("select id, version, lane from blocks order by id")
        calls = await t.rows("select count(*) from pushes")
        await t.pass_time(300)
        assert await t.rows("select id, version, lane from blocks order by id") == before
        assert await t.rows("select count(*) from pushes") == calls


@pytest.mark.parametrize("hours_later", [6, 7, 8, 9])
async def test_the_night_of_25_hours_is_closed_hour_by_hour_over_midnight(
    database_url: str, hours_later: int
) -> None:
    """Paris puts its clocks back at 01:00 UTC on 2026-10-25; the house is open from six to four."""
    evening = datetime(2026, 10, 24, 16, 0, tzinfo=UTC)
    async with harbour(database_url, start=evening - 4 * HOUR, hours=("18:00", "04:00")) as t:
        start = evening + hours_later * HOUR
        await t.boseat.book(SPACE, start, 60)
        await settled(t)
        blocks = await ours(t, "mozrest", POOL)
        assert [many(blocks, start + n * HOUR / 4) for n in range(4)] == [1, 1, 1, 1]
        await t.mozrest.book(POOL, start, 90, party=6)
        await settled(t)
        assert [
            s for s, e in await t.boseat.offered(BUY_OUT) if s < start + TURN and start < e
        ] == []
        assert await conflicts(t) == []


def direct_for(unit: str, start: datetime, minutes: int) -> DirectBooking:
    return replace(direct(unit, start), end=start + timedelta(minutes=minutes))


async def test_what_fits_between_no_bookings_of_any_one_table_is_not_sold(
    database_url: str,
) -> None:
    """One table is free until half past one and another from then on: nobody can sit from one to two."""
    async with harbour(database_url) as t:
        for unit in ("oak", "yew"):
            await t.operator.book(direct_for(unit, NOON, 180))
        await t.operator.book(direct_for("elm", NOON, 90))
        await t.operator.book(direct_for("ash", NOON + TURN, 90))
        await settled(t)
        for _ in range(4):
            await t.pass_time(330)
        offered = {s for s, _ in await t.mozrest.offered(POOL)}
        between = {NOON + n * HOUR / 4 for n in range(1, 6)}
        assert offered & between == set()
