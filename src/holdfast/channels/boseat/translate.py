"""Boseat's words in ours: bookings as seen, statuses, deadlines. No I/O; total."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, Self

from holdfast.channels.boseat.wire import LONGEST, Booking, Product
from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import OCCUPYING, Guest, Payment, Seen, Span, Status

HOLD = timedelta(minutes=15)
"""https://docs.boseat.com/tutorials/creating-a-booking: unless it is confirmed by then."""

STATUSES: Mapping[str, Status] = MappingProxyType(
    {
        "RESERVED_15_MIN": "held",
        "PENDING": "held",
        "CONFIRMED": "confirmed",
        "PAID": "confirmed",
        "CANCEL": "cancelled",
        "CANCELED": "cancelled",
        "CANCELLED": "cancelled",
        "REFUNDED": "cancelled",
    }
)
"""RESERVED_15_MIN and PENDING are two names of the unconfirmed hold (C1)."""

MOST_TURNED_ROUND = timedelta(days=1)
"""Ends that are given the wrong way round are not farther apart: a midnight may be of the wrong day."""

HOUR = timedelta(hours=1)
UNITS: Mapping[str, timedelta] = MappingProxyType(
    {
        "hourly": HOUR,
        "daily": timedelta(days=1),
        "weekly": timedelta(weeks=1),
        "monthly": timedelta(days=31),
        "yearly": LONGEST,
    }
)

MOST_HOURS = 24 * 366
"""An hourly product that claims to be longer is a mistake."""

PAYMENTS: Mapping[str, Payment] = MappingProxyType({"PAID": "paid", "REFUNDED": "refunded"})


class Gist(NamedTuple):
    """All of a booking that an observation is made of; as it came it is many times as big."""

    id: str
    status: str | None
    booked_at: datetime | None
    start: datetime | None
    end: datetime | None
    product_id: str | None
    space_id: str | None
    space_label: str | None
    guest: tuple[str | None, str | None, str | None] | None

    @classmethod
    def of(cls, booking: Booking) -> Self:
        """What is kept of it while the rest of its list is read."""
        span, space, customer = span_of(booking), booking.space, booking.customer
        return cls(
            booking.id,
            booking.status,
            booking.booked_at,
            span.start if span else None,
            span.end if span else None,
            booking.product_id,
            space.id if space else None,
            space.label if space else None,
            (customer.name, customer.email, customer.phone) if customer else None,
        )

    def overlaps(self, span: Span) -> bool:
        """Whether some instant lies in its time and in this span."""
        if self.start is None or self.end is None:
            return False
        return self.start < span.end and span.start < self.end


def status_of(raw: str | None) -> Status:
    """Our word for a status; `unknown`, which occupies, for any word not documented."""
    return STATUSES.get((raw or "").strip().upper(), "unknown")


def payment_of(raw: str | None) -> Payment:
    """What a status tells of the payment."""
    return PAYMENTS.get((raw or "").strip().upper(), "none")


def span_of(booking: Booking) -> Span | None:
    """The booked time; see `is_guessed`. None where neither end is told, or they are so far apart that one is wrong."""
    slot = booking.slot
    if slot is None:
        return None
    usual = usual_length(booking.product)
    if slot.start is None or slot.end is None:
        start = slot.start or (slot.end - usual if slot.end else None)
        return Span.of(start, usual) if start else None
    if slot.start < slot.end:
        fits = slot.end - slot.start <= LONGEST
        return Span(start=slot.start, end=slot.end) if fits else None
    near = slot.start - slot.end <= MOST_TURNED_ROUND
    return Span(start=slot.end, end=slot.start + usual) if near else None


def is_guessed(booking: Booking) -> bool:
    """Whether one end of its time is missing, or cannot be right: then it takes `span_of` at least."""
    slot, span = booking.slot, span_of(booking)
    return (
        slot is not None and span is not None and (slot.start, slot.end) != (span.start, span.end)
    )


def is_lost(booking: Booking) -> bool:
    """Whether it is on, and a time was told of which nothing can be read, or believed."""
    ends = (booking.slot.start, booking.slot.end) if booking.slot else (None, None)
    told = "slot" in booking.unread or ends != (None, None)
    return told and span_of(booking) is None and status_of(booking.status) in OCCUPYING


def usual_length(product: Product | None) -> timedelta:
    """How long a booking of it is at least."""
    duration = product.metadata if product else None
    unit = UNITS.get((duration.unit or "").lower(), HOUR) if duration else HOUR
    many = duration.value if duration and duration.value and duration.value > 0 else 1
    return min(unit * min(many, MOST_HOURS), LONGEST)


def held_until(booking: Booking | Gist) -> datetime | None:
    """When an unconfirmed booking lapses, by Boseat's clock."""
    if status_of(booking.status) != "held" or booking.booked_at is None:
        return None
    return booking.booked_at + HOLD


def guest_of(booking: Booking) -> Guest:
    """Who booked; unconfirmed bookings may tell nothing of it (C15)."""
    customer = booking.customer
    if customer is None:
        return Guest()
    return Guest(name=customer.name, email=customer.email, phone=customer.phone)


def seen(
    booking: Booking, listing: str | None, read_at: datetime, *, elsewhere: bool = False
) -> Seen:
    """The booking as an observation of a read that began at `read_at`."""
    guest, status, span = guest_of(booking), status_of(booking.status), span_of(booking)
    guessed = is_guessed(booking)
    doubtful = guessed or (span is None and status in OCCUPYING)
    return Seen(
        external_id=booking.id,
        listing=listing,
        status=status,
        raw_status=booking.status or "",
        span=span,
        read_at=read_at,
        payment=payment_of(booking.status),
        guest=guest,
        marker=marker_of(guest.email),
        held_until=held_until(booking),
        made_at=booking.booked_at,
        extra=_extra(booking),
        elsewhere=elsewhere,
        unread=tuple(sorted({*booking.unread, *(["slot"] if doubtful else [])})),
        guessed=("time",) if guessed else (),
    )


def is_booking_product(product: Product) -> bool:
    """Whether it is booked for a time, not added to a booking; the word comes in any case (C14)."""
    return (product.category or "booking").lower() == "booking"


def is_recurring(product: Product) -> bool:
    """Whether it is a subscription: `recurring` and SUBSCRIPTION are the same (C14)."""
    return (product.type or "").lower() in ("recurring", "subscription")


def length_of(product: Product) -> timedelta | None:
    """How long a booking of an hourly product is.

    None for any other: days and longer follow the opening hours (C13), so only the slots tell.
    """
    duration = product.metadata
    hours = duration.value if duration and (duration.unit or "").lower() == "hourly" else None
    return timedelta(hours=hours) if hours and 0 < hours < MOST_HOURS else None


def _extra(booking: Booking) -> dict[str, str]:
    extra: dict[str, str] = {}
    if booking.product is not None:
        extra["product_id"] = booking.product.id
    if booking.space is not None and booking.space.label:
        extra["space_label"] = booking.space.label
    return extra
