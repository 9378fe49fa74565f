"""occupied: time that a channel sells no more although we know nobody there. Conservative. No I/O."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from holdfast.inventory.cover import joined
from holdfast.inventory.demand import closing
from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Closed

NOTICE = timedelta(hours=1)
"""Channels stop selling some time before a start: what begins so soon, and before anything that is still
sold, may be gone for that reason alone."""


MOST_UNSOLD = 5
"""A read that shows nothing at all for sale, where so many offers are known, is a closed house or a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Something that we know at a channel: its slot, and the span with setup and cleanup.

    `beside`: it is on another listing of the account that shares a unit with this one.
    """

    slot: Span
    span: Span
    beside: bool = False


def bearing(taken: Iterable[Taken], sold: Sequence[Span], *, pool: bool) -> list[Span]:
    """What can explain that a listing sells some time no more.

    What is on a listing beside it does so only where the channel itself knows that they share a unit. It
    does not if it sells this listing over that very slot; a pool's goes on selling in any case.
    """
    free = joined(sold)
    return [
        one.span for one in taken if not (one.beside and not pool and _overlapping(one.slot, free))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A complete read at `now`: of the known `grid`, what is still `sold`, and what we know is `taken`."""

    now: datetime
    grid: Sequence[Span]
    sold: Sequence[Span]
    taken: Sequence[Span]


def occupied(sheet: Sheet) -> list[Span]:
    """Time that must be taken by somebody we do not know.

    An offer vanishes when something overlaps it, so on a dense grid one booking takes many offers with it.

    1. A vanished offer that overlaps known taken time is explained. The others must each overlap somebody
       unknown, who sits on an offer of the grid that overlaps neither what is sold nor what we know.
    2. What all these possibilities have in common is occupied, whichever it was.
    3. Where there is no such offer (a length that is not sold here), it is the part of the vanished offer
       that is neither sold nor known, if that is one piece.

    The result never overlaps what is sold or known to be taken.
    """
    free, known = joined(sheet.sold), joined(sheet.taken)
    unsold = sorted(set(sheet.grid).difference(sheet.sold))
    vanished = [o for o in _announced(unsold, free, sheet.now) if not _overlapping(o, known)]
    if not free and len(vanished) > MOST_UNSOLD:
        return []
    ways = _Ways([o for o in vanished if not _overlapping(o, free)], joined([*free, *known]))
    return joined(part for offer in vanished for part in ways.common(offer))


def _announced(unsold: Sequence[Span], free: Sequence[Span], now: datetime) -> list[Span]:
    first_sold = free[0].start if free else None
    soon = now + NOTICE
    return [
        o
        for o in unsold
        if o.start >= soon or (o.start >= now and first_sold is not None and o.start >= first_sold)
    ]


class _Ways:
    """The offers on which somebody unknown may sit, and the time where surely nobody unknown is."""

    def __init__(self, possible: Sequence[Span], explained: Sequence[Span]) -> None:
        self._possible = possible
        self._explained = explained
        self._longest = max((o.length for o in possible), default=timedelta(0))

    def common(self, offer: Span) -> list[Span]:
        """What is occupied whoever made this offer vanish."""
        first = bisect_left(self._possible, offer.start - self._longest, key=lambda o: o.start)
        last = bisect_left(self._possible, offer.end, key=lambda o: o.start)
        ways = [o for o in self._possible[first:last] if o.end > offer.start]
        if not ways:
            parts = _without(offer, self._explained)
            return parts if len(parts) == 1 else []
        start, end = max(way.start for way in ways), min(way.end for way in ways)
        return [Span(start=start, end=end)] if start < end else []


def _overlapping(span: Span, union: Sequence[Span]) -> bool:
    first = bisect_right(union, span.start, key=lambda other: other.end)
    return first < len(union) and union[first].start < span.end


def _without(span: Span, union: Sequence[Span]) -> list[Span]:
    """The parts of a span that lie in none of the sorted, disjoint others."""
    parts, start = [], span.start
    for other in union:
        if other.overlaps(span):
            if start < other.start:
                parts.append(Span(start=start, end=other.start))
            start = max(start, other.end)
    if start < span.end:
        parts.append(Span(start=start, end=span.end))
    return parts


def closed_by_strangers(
    outlet: Outlet,
    spans: Mapping[int, Sequence[Span]],
    outlets: Mapping[int, Outlet],
    units: Mapping[int, Unit],
) -> dict[int, list[Closed]]:
    """What `outlet` must not sell, unit by unit, because somebody unknown is on other listings of its units.

    As if held, for as long as it lasts: nobody knows whether they will stay. A pool that sells nothing
    more has all its units taken.
    """
    found: dict[int, list[Closed]] = {}
    for listing, several in spans.items():
        sold = outlets[listing].unit_ids if listing in outlets and listing != outlet.id else ()
        for unit in sorted(set(sold) & set(outlet.unit_ids) & set(units)):
            found.setdefault(unit, []).extend(_stranger(span, units[unit]) for span in several)
    return found


LAST = datetime.max.replace(tzinfo=UTC)


def as_bookings(
    strangers: Mapping[int, Sequence[Span]], outlets: Mapping[int, Outlet]
) -> list[Booking]:
    """Somebody unknown as a hold that came after everybody: nobody loses a unit to them. Ids are negative.

    On a pool they are on all of its units: it sells nothing more.
    """
    several = [
        (listing, span)
        for listing, spans in sorted(strangers.items())
        if listing in outlets
        for span in spans
    ]
    return [
        Booking(
            id=-number,
            listing_id=listing,
            external_id="",
            status="held",
            raw_status="",
            payment="none",
            span=span,
            party_size=None,
            unit_ids=(),
            held_until=None,
            made_at=None,
            first_seen_at=LAST,
            firm_at=None,
            read_at=LAST,
            version=0,
        )
        for number, (listing, span) in enumerate(several, 1)
    ]


def _stranger(span: Span, unit: Unit) -> Closed:
    return Closed(booking_id=None, span=closing(span, unit), firm=False, until=None)
