"""The JSON API: what is booked, blocked, in conflict and exposed; direct bookings and cancelling."""

import hashlib
import json
from datetime import datetime

from holdfast.inventory.model import Guest
from holdfast.store import exposures as measured
from holdfast.store import lists, reading, venues
from holdfast.store.freshness import knowledge
from holdfast.store.lists import Stretch
from holdfast.store.once import Once
from holdfast.store.reading import BookingRow
from holdfast.sync.operate import BookingUnknown, DirectBooking, KeyReused, WishRefused
from holdfast.web import paging, shapes
from holdfast.web.account_shape import Accounts, account_shape
from holdfast.web.cautions import cautions_of
from holdfast.web.endpoints import Answer
from holdfast.web.judging import flaws_told
from holdfast.web.masking import masked_email, masked_name, masked_phone
from holdfast.web.parts import WebParts
from holdfast.web.people import Person
from holdfast.web.problems import NOT_FOUND, REFUSED, Problem, expected, wrong_field


async def bookings(parts: WebParts, asked: shapes.BookingsAsked, person: Person) -> Answer:
    """One page, newest first."""
    before = paging.position("bookings", asked.cursor)
    found = await lists.bookings_page(
        parts.pool, _stretch(asked, person), asked.status, before, asked.limit + 1
    )
    page, following = paging.split("bookings", found, asked.limit)
    data = [shapes.Booking.model_validate(row) for row in page]
    return Answer(body=shapes.Bookings(data=data, next=following))


async def booking(parts: WebParts, asked: shapes.BookingAsked, person: Person) -> Answer:
    """One, with its masked guest and its journal."""
    return Answer(body=await _detail(parts, asked.id, person))


async def book(parts: WebParts, asked: shapes.DirectBookingAsked, person: Person) -> Answer:
    """Make a direct booking. Raises Problem where the operator refuses."""
    if not person.sees(asked.venue):
        raise wrong_field("venue", "one of yours", REFUSED)
    wish = _wish(asked)
    warnings = await _warnings(parts, wish)
    try:
        booking_id = await _booked(parts, asked, wish, person.name)
    except WishRefused as error:
        raise wrong_field(error.field, error.expected, REFUSED) from error
    except KeyReused as error:
        raise wrong_field(
            shapes.IDEMPOTENCY_KEY, "another key for another booking", REFUSED
        ) from error
    location = {"Location": f"/api/v1/bookings/{booking_id}"}
    made = await _detail(parts, booking_id, person)
    body = shapes.Booked.model_construct(**dict(made), warnings=warnings)
    return Answer(body=body, status=201, headers=location)


async def _warnings(parts: WebParts, wish: DirectBooking) -> list[str]:
    """It is done all the same: a program is told, and a person asked."""
    venue = await venues.by_name(parts.pool, wish.venue)
    if venue is None:
        return []
    found = await cautions_of(parts.pool, venue, wish, None, parts.clock.now())
    return [one.text for one in found]


async def _booked(
    parts: WebParts, asked: shapes.DirectBookingAsked, wish: DirectBooking, who: str
) -> int:
    if asked.key is None:
        return await parts.operator.book(wish, who)
    # without what was left out, so that a field that a later release knows changes nothing
    told = asked.model_dump_json(exclude={"key"}, exclude_defaults=True)
    once = Once(who=who, key=asked.key, digest=hashlib.sha256(told.encode()).digest())
    return await parts.operator.book(wish, who, once)


async def cancel(parts: WebParts, asked: shapes.CancelAsked, person: Person) -> Answer:
    """Cancel a booking where it was made; 202 while its channel has not confirmed."""
    if person.venues is not None or asked.expect_ref is not None:
        found = await _own(parts, asked.id, person)
        if asked.expect_ref is not None:
            expected(asked.expect_ref, [found.external_id], f"Booking {asked.id}")
    try:
        done = await parts.operator.cancel(asked.id, asked.reason, person.name)
    except BookingUnknown as error:
        raise _no_booking() from error
    except WishRefused as error:
        raise wrong_field(error.field, error.expected, REFUSED) from error
    state = shapes.Cancelled(id=str(asked.id), state="cancelled" if done else "asked")
    return Answer(body=state, status=200 if done else 202)


async def blocks(parts: WebParts, asked: shapes.BlocksAsked, person: Person) -> Answer:
    """One page, newest first."""
    before = paging.position("blocks", asked.cursor)
    found = await lists.blocks_page(
        parts.pool, _stretch(asked, person), asked.over, before, asked.limit + 1
    )
    page, following = paging.split("blocks", found, asked.limit)
    data = [shapes.Block.model_validate(row) for row in page]
    return Answer(body=shapes.Blocks(data=data, next=following))


async def conflicts(parts: WebParts, asked: shapes.ConflictsAsked, person: Person) -> Answer:
    """One page, newest first."""
    before = paging.position("conflicts", asked.cursor)
    found = await reading.conflicts_page(
        parts.pool, asked.venue, asked.settled, before, asked.limit + 1, person.within
    )
    page, following = paging.split("conflicts", found, asked.limit)
    data = [shapes.Conflict.model_validate(row) for row in page]
    return Answer(body=shapes.Conflicts(data=data, next=following))


async def accounts(parts: WebParts, asked: shapes.NothingAsked, person: Person) -> Answer:
    """All that are in use."""
    now = parts.clock.now()
    found, known = await reading.accounts(parts.pool, now), await knowledge(parts.pool, now)
    data = [account_shape(row, known) for row in found if row.name in known.states]
    return Answer(body=Accounts(data=data))


async def exposure(parts: WebParts, asked: shapes.ExposureAsked, person: Person) -> Answer:
    """All offers of a listing that are sellable twice now."""
    now = parts.clock.now()
    found = await reading.exposures(parts.pool, now, listing=asked.name)
    unknown = await reading.occupied(parts.pool, now, listing=asked.name)
    if not await reading.listing_exists(parts.pool, asked.name, person.within):
        raise Problem(NOT_FOUND, "There is no listing of this name.")
    data = [
        shapes.Exposure(
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            read_at=row.read_at,
            age_seconds=max(0.0, (now - row.read_at).total_seconds()),
            because=[str(number) for number in row.because],
            units=list(row.units),
        )
        for row in found
    ]
    occupied = [_occupied(row, now) for row in unknown]
    return Answer(body=shapes.Exposures(data=data, occupied=occupied))


def _occupied(row: reading.OccupiedRow, now: datetime) -> shapes.Occupied:
    return shapes.Occupied(
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        since=row.since,
        read_at=row.read_at,
        age_seconds=max(0.0, (now - row.read_at).total_seconds()),
        trusted=row.trusted,
    )


async def _own(parts: WebParts, booking_id: int, person: Person) -> BookingRow:
    """Raises Problem where there is none, or it is of a venue that is not his."""
    found = (await reading.bookings_by_id(parts.pool, [booking_id])).get(booking_id)
    if found is None or not person.sees(found.venue):
        raise _no_booking()
    return found


async def _detail(parts: WebParts, booking_id: int, person: Person) -> shapes.BookingDetail:
    row = await _own(parts, booking_id, person)
    return shapes.BookingDetail.model_construct(
        **dict(shapes.Booking.model_validate(row)),
        flaws=await flaws_told(parts, row),
        guest=await _guest(parts, booking_id),
        journal=await _journal(parts, booking_id),
        exposures=await _exposures(parts, booking_id),
    )


async def _exposures(parts: WebParts, booking_id: int) -> list[shapes.MeasuredExposure]:
    now = parts.clock.now()
    return [
        shapes.MeasuredExposure(
            listing=row.listing,
            channel=row.channel,
            cause=row.cause,
            began_at=row.began_at,
            basis=row.basis,
            ended_at=row.ended_at,
            seconds=max(0.0, ((row.ended_at or now) - row.began_at).total_seconds()),
            why=row.why,
        )
        for row in await measured.of_booking(parts.pool, booking_id)
    ]


async def _guest(parts: WebParts, booking_id: int) -> shapes.MaskedGuest | None:
    guest = await reading.guest(parts.pool, booking_id)
    if guest is None:
        return None
    return shapes.MaskedGuest(
        name=masked_name(guest.name),
        email=masked_email(guest.email),
        phone=masked_phone(guest.phone),
    )


async def _journal(parts: WebParts, booking_id: int) -> list[shapes.JournalEntry]:
    entries = await reading.journal_of_booking(parts.pool, booking_id)
    return [
        shapes.JournalEntry(
            seq=row.seq, at=row.at, kind=row.kind, actor=row.actor, data=json.loads(row.data)
        )
        for row in entries
    ]


def _stretch(asked: shapes.StretchAsked, person: Person) -> Stretch:
    if asked.since and asked.until and asked.until <= asked.since:
        raise wrong_field("to", "an instant after `from`")
    return Stretch(venue=asked.venue, since=asked.since, until=asked.until, within=person.within)


def _wish(asked: shapes.DirectBookingAsked) -> DirectBooking:
    if (asked.unit is None) == (asked.listing is None):
        raise wrong_field("unit", "either a unit or a listing", REFUSED)
    if asked.end <= asked.start:
        raise wrong_field("end", "an instant after `start`", REFUSED)
    contact = Guest(name=asked.contact.name, email=asked.contact.email, phone=asked.contact.phone)
    return DirectBooking(
        venue=asked.venue,
        unit=asked.unit,
        listing=asked.listing,
        start=asked.start,
        end=asked.end,
        party_size=asked.party_size,
        contact=contact,
    )


def _no_booking() -> Problem:
    return Problem(NOT_FOUND, "There is no booking of this id.")
