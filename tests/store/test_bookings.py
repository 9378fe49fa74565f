"""Bookings as facts: one row for each id at a channel, and never lost sight of while they take time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.known import Booking, Fact, Told
from holdfast.inventory.model import OCCUPYING, Guest, Span, Status
from holdfast.store import bookings
from holdfast.store.bookings import Origin
from holdfast.store.changes import ChangeSet

SECOND = timedelta(seconds=1)
SLOT = Span.of(NOON, HOUR)
FACT = Fact(
    listing="salon-rooms",
    status="held",
    raw_status="RESERVED",
    payment="none",
    span=SLOT,
    party_size=4,
    held_until=NOW + 60 * SECOND,
    made_at=NOW - SECOND,
    read_at=NOW,
)


def origin(house: House, ref: str = "b-1") -> Origin:
    return Origin(
        venue_id=house.venue,
        listing_id=house.salon_rooms,
        account_id=house.rooms,
        channel="rooms",
        external_id=ref,
    )


async def known(connection: asyncpg.Connection, house: House, ref: str = "b-1") -> Booking:
    booking = await bookings.by_ref(connection, house.rooms, ref)
    assert booking is not None
    return booking


@pytest.mark.parametrize("guest", [Guest(), Guest(name="Ada"), Guest(locale="fr")])
async def test_who_booked_is_kept_with_a_new_booking_and_nobody_leaves_no_row(
    connection: asyncpg.Connection, house: House, guest: Guest
) -> None:
    id = await bookings.insert(ChangeSet(connection), origin(house), FACT, guest, NOW)
    kept = await connection.fetch("select booking_id, name, email, phone, locale from guests")
    known = [(id, guest.name, guest.email, guest.phone, guest.locale)]
    assert [tuple(row) for row in kept] == (known if guest != Guest() else [])


async def test_a_booking_comes_out_as_it_went_in(
    connection: asyncpg.Connection, house: House
) -> None:
    id = await bookings.insert(ChangeSet(connection), origin(house), FACT, Guest(), NOW + SECOND)
    assert id is not None
    assert await known(connection, house) == Booking(
        id=id,
        listing_id=house.salon_rooms,
        external_id="b-1",
        status="held",
        raw_status="RESERVED",
        payment="none",
        span=SLOT,
        party_size=4,
        unit_ids=(),
        held_until=NOW + 60 * SECOND,
        made_at=NOW - SECOND,
        first_seen_at=NOW + SECOND,
        firm_at=None,
        read_at=NOW,
        version=1,
        channel="rooms",
    )


async def test_of_many_who_meet_a_booking_at_once_one_adds_it(
    pool: asyncpg.Pool, house: House
) -> None:
    async def one() -> int | None:
        async with pool.acquire() as connection:
            return await bookings.insert(ChangeSet(connection), origin(house), FACT, Guest(), NOW)

    added = await asyncio.gather(*(one() for _ in range(20)))
    assert len([id for id in added if id is not None]) == 1


async def test_the_same_id_on_another_account_is_another_booking(
    connection: asyncpg.Connection, house: House
) -> None:
    elsewhere = replace(origin(house), account_id=house.tables, listing_id=house.salon_tables)
    assert (
        await bookings.insert(ChangeSet(connection), origin(house), FACT, Guest(), NOW) is not None
    )
    assert await bookings.insert(ChangeSet(connection), elsewhere, FACT, Guest(), NOW) is not None
    assert set(await bookings.by_refs(connection, house.rooms, ["b-1", "b-2"])) == {"b-1"}


async def test_what_a_poll_compares_is_as_the_booking_is_known(
    connection: asyncpg.Connection, house: House
) -> None:
    await bookings.insert(ChangeSet(connection), origin(house), FACT, Guest(), NOW)
    timeless = replace(FACT, span=None)
    await bookings.insert(ChangeSet(connection), origin(house, "b-2"), timeless, Guest(), NOW)
    for ref in ("b-1", "b-2"):
        whole = await known(connection, house, ref)
        told = Told(*(getattr(whole, name) for name in Told._fields))
        assert await bookings.told_by_refs(connection, house.rooms, [ref, "b-3"]) == {ref: told}


async def test_a_booking_is_firm_from_the_first_time_it_was_seen_so(
    connection: asyncpg.Connection, house: House
) -> None:
    await bookings.insert(ChangeSet(connection), origin(house), FACT, Guest(), NOW)
    statuses: list[Status] = ["confirmed", "held", "seated"]
    for seconds, status in enumerate(statuses, start=1):
        before = await known(connection, house)
        fact = replace(FACT, status=status, read_at=NOW + seconds * SECOND)
        await bookings.update(
            ChangeSet(connection), before, origin(house), fact, NOW + seconds * SECOND
        )
    after = await known(connection, house)
    assert (after.status, after.firm_at, after.first_seen_at) == ("seated", NOW + SECOND, NOW)
    assert (after.version, after.read_at) == (4, NOW + 3 * SECOND)


async def test_a_read_that_changed_nothing_moves_only_the_moment_of_the_read_and_never_back(
    connection: asyncpg.Connection, house: House
) -> None:
    id = await bookings.insert(ChangeSet(connection), origin(house), FACT, Guest(), NOW)
    assert id is not None
    for at in (NOW + SECOND, NOW - SECOND):
        await bookings.seen_again(connection, id, at)
    booking = await known(connection, house)
    assert (booking.read_at, booking.version) == (NOW + SECOND, 1)


@pytest.mark.parametrize("status", get_args(Status))
async def test_what_occupies_a_stretch_is_found_and_nothing_else(
    connection: asyncpg.Connection, rows: Rows, house: House, status: Status
) -> None:
    inside = await rows.booking(house.venue, house.salon_rooms, status=status)
    await rows.booking(house.venue, start=NOON + HOUR, status=status)
    await rows.booking(await rows.venue("orangery"), status=status)
    await rows.booking(None, status=status)
    await rows.booking(house.venue, during=None, status=status)
    found = await bookings.occupying_in(connection, house.venue, SLOT)
    assert [booking.id for booking in found] == ([inside] if status in OCCUPYING else [])


async def test_a_hold_whose_deadline_passed_is_asked_after_once(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    deadline = NOW + SECOND
    held: dict[str, Any] = {"status": "held", "held_until": deadline}
    await rows.booking(house.venue, house.salon_rooms, external_id="due", **held)
    await rows.booking(house.venue, house.salon_rooms, status="held", held_until=deadline + SECOND)
    await rows.booking(house.venue, house.salon_rooms, held_until=deadline)
    await rows.booking(house.venue, house.salon_rooms, **held, read_at=deadline)
    await rows.booking(house.venue, **held)
    await rows.booking(house.venue, house.salon_rooms, external_id="asked", **held)
    await rows.event(house.rooms, ref="asked")
    assert await bookings.lapsing(connection, NOW) == []
    assert await bookings.lapsing(connection, deadline) == [(house.rooms, "due")]


async def test_a_scan_is_asked_for_what_it_should_have_shown(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    there: dict[str, dict[str, Any]] = {
        "shown": {},
        "cancelled": {"status": "cancelled"},
        "read since": {"read_at": NOW + HOUR},
        "far": {"start": NOON + 48 * HOUR},
    }
    for ref, values in there.items():
        await rows.booking(house.venue, house.salon_rooms, external_id=ref, **values)
    await rows.booking(house.venue, house.salon_tables, external_id="elsewhere")
    window = Span.of(NOON, 24 * HOUR)
    assert await bookings.live_refs(connection, house.rooms, window, NOW + SECOND) == {"shown"}


@pytest.mark.parametrize(
    "during", [asyncpg.Range(empty=True), asyncpg.Range(NOON, None), asyncpg.Range(None, NOON)]
)
async def test_a_booking_without_a_proper_span_is_refused(
    rows: Rows, house: House, during: asyncpg.Range
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await rows.booking(house.venue, during=during)


async def test_a_direct_booking_ends_by_our_own_word(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    id = await rows.booking(house.venue)
    await bookings.end(ChangeSet(connection), id, "cancelled", NOW + SECOND)
    row = await bookings.row_by_id(connection, id)
    assert row is not None
    assert (row["status"], row["version"], row["read_at"]) == ("cancelled", 2, NOW + SECOND)


def test_no_two_direct_bookings_share_a_reference() -> None:
    assert len({bookings.direct_reference() for _ in range(1000)}) == 1000
