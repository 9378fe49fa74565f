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


class Standing:
    """Which bookings of a space hold its time, as pages of its list last showed; past ones are dropped."""

    def __init__(self) -> None:
        self._spaces: dict[str, dict[str, Gist]] = {}

    def knows(self, space: str) -> bool:
        """Whether a page of its list was read."""
        return space in self._spaces

    def note(self, space: str, rows: Iterable[Gist], now: datetime) -> None:
        """What a page shows."""
        there = {i: g for i, g in self._spaces.get(space, {}).items() if _is_ahead(g, now)}
        for row in rows:
            there.pop(row.id, None)
            if _holds(row, now) and _is_ahead(row, now):
                there[row.id] = row
        self._spaces[space] = there

    def rivals(self, space: str, booking_id: str, span: Span) -> list[str]:
        """Others that had some of this time when they were last shown: to be read before it is believed."""
        there = self._spaces.get(space, {}).values()
        return [one.id for one in there if one.id != booking_id and one.overlaps(span)]


def _is_ahead(row: Gist, now: datetime) -> bool:
    return row.end is not None and row.end > now


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
