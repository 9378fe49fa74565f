"""Guests of a pool change their minds: another party, another time, and others want their tables."""

from datetime import datetime, timedelta

import pytest
from tests.sync.harbour import BUY_OUT, POOL, SPACE, conflicts, harbour, many, ours, seats
from tests.sync.harbour_books import wrong
from tests.town import MORNING, Town

NOON = MORNING + timedelta(hours=4)
HOUR = timedelta(hours=1)
TURN = timedelta(minutes=90)
BUSY = {"kind": "status", "status": 429, "headers": {"Retry-After": "5"}, "count": 3}


async def party(t: Town, ref: str, size: int) -> None:
    """The venue writes down another number of guests."""
    await t.mozrest.ask("POST", f"/venue/{ref}/move", {"party": size})


async def move(t: Town, ref: str, to: datetime, length: timedelta = TURN) -> None:
    side = t.mozrest if length == TURN else t.boseat
    await side.act(ref, "move", {"start": to.isoformat(), "end": (to + length).isoformat()})


async def settled(t: Town) -> None:
    """Quiet, and nothing wrong by the providers' own books."""
    await t.pass_time(45)
    assert await wrong(t) == []


@pytest.mark.parametrize("told", [True, False], ids=["told", "found by polling"])
async def test_a_party_that_grows_gets_another_table_and_its_old_one_is_sold_again(
    database_url: str, told: bool
) -> None:
    async with harbour(database_url) as t:
        ref = await t.mozrest.book(POOL, NOON, 90, party=4)
        await settled(t)
        assert many(await ours(t, "boseat", SPACE), NOON) == 1
        if not told:
            await t.mozrest.ask("PUT", "/webhooks", {"lose": 1.0})
        await party(t, ref, 6)
        await t.pass_time(120)
        await settled(t)
        assert await seats(t) == {ref: "yew"}
        assert await ours(t, "boseat", SPACE) == []
        assert many(await ours(t, "boseat", BUY_OUT), NOON) == 1
        await party(t, ref, 4)
        await settled(t)
        assert await seats(t) == {ref: "yew"}  # nobody changes tables without need


async def test_a_party_too_large_for_every_table_is_shown_as_such_and_closes_the_buy_out(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        ref = await t.mozrest.book(POOL, NOON, 90, party=4)
        await settled(t)
        await party(t, ref, 9)
        await settled(t)
        assert await conflicts(t) == ["too_small"]
        assert await seats(t) == {}
        # nobody can say which table they are at: none of them is sold alone
        assert many(await ours(t, "boseat", SPACE), NOON) == 1
        assert many(await ours(t, "boseat", BUY_OUT), NOON) == 1
        await party(t, ref, 3)
        await settled(t)
        assert await conflicts(t) == []
        assert await seats(t) == {ref: "oak"}


async def test_a_guest_of_the_pool_makes_room_for_a_booking_of_his_table_alone(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        four = await t.mozrest.book(POOL, NOON + 4 * HOUR, 90, party=4)
        alone = await t.boseat.book(SPACE, NOON, 60)
        await settled(t)
        assert await seats(t) == {four: "oak"}
        # the table is closed there at that time, but its provider knows no better than the guest
        await t.boseat.ask("PUT", "/webhooks", {"lose": 1.0})
        await move(t, four, NOON)
        await settled(t)
        assert await seats(t) == {four: "yew"}
        assert await ours(t, "boseat", SPACE) == []
        await t.boseat.act(alone, "cancel")
        await t.pass_time(120)
        await settled(t)
        assert await seats(t) == {four: "yew"}
        assert await ours(t, "mozrest", POOL) == []


async def test_a_booking_of_one_table_that_moves_takes_it_from_the_pool_at_its_new_time_only(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        ref = await t.boseat.book(SPACE, NOON, 60)
        await settled(t)
        await move(t, ref, NOON + 4 * HOUR, HOUR)
        await settled(t)
        blocks = await ours(t, "mozrest", POOL)
        assert [many(blocks, NOON), many(blocks, NOON + 4 * HOUR)] == [0, 1]


async def test_the_old_block_goes_only_when_the_new_one_stands(database_url: str) -> None:
    async with harbour(database_url) as t:
        ref = await t.boseat.book(SPACE, NOON, 60)
        await settled(t)
        await t.mozrest.ask("DELETE", "/requests")
        await move(t, ref, NOON + HOUR, HOUR)
        await settled(t)
        writes = [
            (one["method"], one["path"].split("/")[3])
            for one in await t.mozrest.ask("GET", "/requests")
            if one["method"] in ("POST", "PUT", "DELETE")
        ]
        assert writes[0] == ("POST", "pending-booking")
        assert many(await ours(t, "mozrest", POOL), NOON + HOUR) == 1


async def test_a_hold_that_is_confirmed_while_ours_waits_costs_one_hold_and_one_booking(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await t.mozrest.ask("POST", "/faults", {**BUSY, "path": "/v1/bc/pending-booking"})
        ref = await t.boseat.book(SPACE, NOON, 60, confirm=False)
        await t.settle()
        await t.boseat.act(ref, "confirm")
        await t.pass_time(300)
        await settled(t)
        pushes = await t.rows(
            "select p.call, p.state from pushes p join blocks b on b.id = p.block_id"
            " join listings l on l.id = b.listing_id where l.takes = 'one' order by p.id"
        )
        assert [tuple(row) for row in pushes if row["state"] != "superseded"] == [
            ("place", "done"),
            ("commit", "done"),
        ]
        sent = await t.mozrest.ask("GET", "/requests")
        assert [one["status"] for one in sent if one["method"] == "POST"] == [429, 429, 429, 200]
        assert [entry["expires"] for entry in await t.mozrest.ours(POOL)] == [None]


async def test_a_block_that_is_not_wanted_any_more_while_it_waits_is_never_placed(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await t.boseat.ask(
            "POST", "/faults", {"path": "/v1/bookings", "method": "POST", "count": 3}
        )
        ref = await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.settle()
        await party(t, ref, 6)
        await t.pass_time(300)
        await settled(t)
        assert await ours(t, "boseat", SPACE) == []
        sent = await t.boseat.ask("GET", "/requests")
        made = [one for one in sent if (one["method"], one["path"]) == ("POST", "/v1/bookings")]
        assert sum(one["status"] < 300 for one in made) == len(await ours(t, "boseat", BUY_OUT))
