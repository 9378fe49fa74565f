"""Whether an unconfirmed booking still holds its slot, although Boseat may go on showing it (U8). No I/O."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.channels.boseat.translate import Gist, held_until, status_of
from holdfast.channels.boseat.wire import Booking
from holdfast.inventory.model import OCCUPYING, Seen, Span

MARGIN = timedelta(seconds=5)
"""After a deadline, before a hold is asked after: clocks differ."""


def overdue(booking: Booking | Gist, now: datetime) -> bool:
    """Whether it should have lapsed by now."""
    until = held_until(booking)
    return until is not None and now > until + MARGIN


def judged(seen: Seen, free: Collection[Span], others: Iterable[Gist], now: datetime) -> Seen:
    """An overdue booking as expired, or as held without a deadline.

    It has lapsed if its slot is offered again, if somebody else has the time now, or, once the slot has
    begun and can no longer be offered, if its status promised to lapse. PENDING may never expire (C1).
    """
    span = seen.span
    if span is None:
        return seen
    begun = span.start <= now and seen.raw_status == "RESERVED_15_MIN"
    lapsed = begun or span in free or _replaced(seen.external_id, span, others, now)
    return replace(seen, status="expired") if lapsed else replace(seen, held_until=None)


def _replaced(booking_id: str, span: Span, others: Iterable[Gist], now: datetime) -> bool:
    return any(
        other.id != booking_id and other.overlaps(span) and _holds(other, now) for other in others
    )


def _holds(booking: Gist, now: datetime) -> bool:
    return status_of(booking.status) in OCCUPYING and not overdue(booking, now)
