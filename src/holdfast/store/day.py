"""The read model of one venue's day: its units, what is booked on them, and what we block elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from holdfast.inventory.known import is_closure
from holdfast.inventory.model import Payment, Span, Status
from holdfast.store.flaws import Flaw
from holdfast.store.reading import rows

MOST_OFF = 50
"""Bookings that are off (cancelled and the like), of a venue's day, on one page."""
OFF: frozenset[Status] = frozenset({"cancelled", "declined", "expired"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueRow:
    """A venue in use; `timezone` is an IANA name."""

    id: int
    name: str
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """A unit and the names of the listings that sell it."""

    id: int
    name: str
    seats: int
    listings: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBooking:
    """A booking that touches the day; `asked` are the units it wants, where its listing says which."""

    id: int
    channel: str
    listing: str | None
    account: str | None
    external_id: str
    status: Status
    raw_status: str
    payment: Payment
    starts_at: datetime
    ends_at: datetime
    party_size: int | None
    held_until: datetime | None
    asked: Sequence[int]
    conflict: bool

    @property
    def closure(self) -> bool:
        """Whether it is no booking at all, but time that the venue closed."""
        return is_closure(self.account, self.raw_status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A unit granted to a booking, setup and cleanup included."""

    booking_id: int
    unit_id: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBlock:
    """A live block that touches the day; `push` is the state of the call about it, if one is open.

    `unit_id` is the one unit that a block on a pool stands for.
    """

    id: int
    listing: str
    account: str
    channel: str
    mode: str
    starts_at: datetime
    ends_at: datetime
    wants: str
    state: str
    expires_at: datetime | None
    because: Sequence[int]
    unit_id: int | None
    push: str | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueDay:
    """All that is drawn of a venue within one span."""

    units: Sequence[UnitRow]
    bookings: Sequence[DayBooking]
    granted: Sequence[Granted]
    blocks: Sequence[DayBlock]
    more_off: bool = False
    """Whether bookings that are off go on after those in it."""
    flaws: Mapping[int, Sequence[Flaw]] = field(default_factory=dict)
    """By booking, what keeps it from being in order."""


async def venues(pool: asyncpg.Pool, limit: int) -> list[VenueRow]:
    """The first `limit` venues in use, by name."""
    return await rows(pool, VenueRow, "venues", limit)


async def units(pool: asyncpg.Pool, venue: VenueRow) -> list[UnitRow]:
    """Those in use, by name."""
    return await rows(pool, UnitRow, "units_of_venue", venue.id)


async def venue_day(pool: asyncpg.Pool, venue: VenueRow, span: Span, *, off: int) -> VenueDay:
    """What touches the span; of bookings that are off the `off`th page by their start, 0: none."""
    within = (venue.id, span.start, span.end)
    part = (MOST_OFF * (off - 1), MOST_OFF + 1) if off else (0, 0)
    found = await rows(pool, DayBooking, "day_bookings", *within, *part)
    beyond = [booking.id for booking in found if booking.status in OFF][MOST_OFF:]
    bookings = [booking for booking in found if booking.id not in beyond]
    ids = [booking.id for booking in bookings]
    return VenueDay(
        units=await units(pool, venue),
        bookings=bookings,
        granted=await rows(pool, Granted, "allocations_of_bookings", ids),
        blocks=await rows(pool, DayBlock, "day_blocks", *within),
        more_off=bool(beyond),
    )
