"""What is sellable twice: the number that matters most must neither miss one nor cry wolf."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOON, NOW, Rows


@dataclass
class Room:
    """One unit with fifteen minutes of cleanup, sold as a whole on two channels."""

    rows: Rows
    venue: int
    unit: int
    here: int
    there: int


@pytest.fixture
async def room(rows: Rows) -> Room:
    venue = await rows.venue()
    unit = await rows.unit(venue, cleanup=15)
    here = await rows.listing(venue, await rows.account(), "here", [unit])
    there = await rows.listing(venue, await rows.account("tables-main", "tables"), "there", [unit])
    return Room(rows, venue, unit, here, there)


async def exposed(client: Client, listing: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/listings/{listing}/exposure")
    assert answer.status == 200, await answer.text()
    found: list[dict[str, Any]] = (await answer.json())["data"]
    return found


async def test_an_offer_over_time_taken_on_another_listing_is_exposed(
    client: Client, room: Room
) -> None:
    booking = await room.rows.granted(await room.rows.booking(room.venue, room.there), room.unit)
    await room.rows.offer(room.here, NOON + HOUR / 2)
    assert await exposed(client, "there") == []
    assert await exposed(client, "here") == [
        {
            "start": "2026-11-20T12:30:00Z",
            "end": "2026-11-20T13:30:00Z",
            "read_at": "2026-11-20T10:04:49Z",
            "age_seconds": 41.0,
            "because": [str(booking)],
            "units": ["salon"],
        }
    ]


async def test_cleanup_is_taken_time_and_touching_it_is_none(client: Client, room: Room) -> None:
    booking = await room.rows.booking(room.venue, room.there)
    await room.rows.granted(booking, room.unit, after=15)
    await room.rows.offer(room.here, NOON + HOUR)
    assert len(await exposed(client, "here")) == 1
    await room.rows.pool.execute("update offers set starts_at = starts_at + interval '15 minutes'")
    assert await exposed(client, "here") == []


async def test_a_listing_is_not_exposed_by_its_own_bookings(client: Client, room: Room) -> None:
    await room.rows.granted(await room.rows.booking(room.venue, room.here), room.unit)
    await room.rows.offer(room.here)
    assert await exposed(client, "here") == []


async def test_a_direct_booking_exposes_every_listing_of_its_unit(
    client: Client, room: Room
) -> None:
    await room.rows.granted(await room.rows.booking(room.venue), room.unit)
    for listing in (room.here, room.there):
        await room.rows.offer(listing)
    assert len(await exposed(client, "here")) == len(await exposed(client, "there")) == 1


async def test_a_booking_that_could_not_get_its_unit_takes_time_all_the_same(
    client: Client, room: Room
) -> None:
    await room.rows.booking(room.venue, room.there)
    await room.rows.offer(room.here, NOON + HOUR)
    assert len(await exposed(client, "here")) == 1  # in its cleanup


@pytest.mark.parametrize("status", ["cancelled", "declined", "expired", "completed", "no_show"])
async def test_a_booking_that_is_over_exposes_nothing(
    client: Client, room: Room, status: str
) -> None:
    booking = await room.rows.booking(room.venue, room.there, status=status)
    await room.rows.granted(booking, room.unit)
    await room.rows.offer(room.here)
    assert await exposed(client, "here") == []


async def test_closed_and_past_offers_are_not_exposed(client: Client, room: Room) -> None:
    start = NOW - timedelta(minutes=5)
    booking = await room.rows.booking(room.venue, room.there, start=start, end=NOON + HOUR)
    await room.rows.granted(booking, room.unit)
    await room.rows.offer(room.here, start)
    await room.rows.offer(room.here, NOON, open=False)
    assert await exposed(client, "here") == []


async def test_an_offer_that_begins_long_before_the_taken_time_is_found(
    client: Client, room: Room
) -> None:
    await room.rows.offer(room.here, NOON, NOON + HOUR)
    await room.rows.offer(room.here, NOON, NOON + timedelta(days=10))
    later = await room.rows.booking(room.venue, room.there, start=NOON + timedelta(days=9))
    await room.rows.granted(later, room.unit)
    assert [each["end"] for each in await exposed(client, "here")] == ["2026-11-30T12:00:00Z"]


async def test_a_pool_is_exposed_only_when_none_of_its_units_is_free(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    units = [await rows.unit(venue, name) for name in ("one", "two")]
    pool = await rows.listing(venue, await rows.account(), "pool", units, takes="one")
    await rows.offer(pool)
    await rows.granted(await rows.booking(venue), units[0])
    assert await exposed(client, "pool") == []
    own = await rows.booking(venue, pool)
    await rows.granted(own, units[1])
    (found,) = await exposed(client, "pool")
    assert found["units"] == ["one"]
    assert str(own) not in found["because"]


async def test_a_combined_room_is_exposed_when_any_part_is_taken(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    units = [await rows.unit(venue, name) for name in ("one", "two")]
    both = await rows.listing(venue, await rows.account(), "both", units)
    await rows.offer(both)
    await rows.granted(await rows.booking(venue), units[1])
    assert [each["units"] for each in await exposed(client, "both")] == [["two"]]


async def test_nothing_exposed_and_no_such_listing_are_told_apart(
    client: Client, room: Room
) -> None:
    assert await exposed(client, "here") == []
    assert (await client.get("/api/v1/listings/nowhere/exposure")).status == 404
