"""plan: what every listing must stop selling, as blocks that should be there, and the next call of each. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from holdfast.inventory.allocate import NOBODY, place_of
from holdfast.inventory.cover import cover
from holdfast.inventory.demand import closing
from holdfast.inventory.known import Block, Booking, Holds, Outlet, Unit, Wants
from holdfast.inventory.model import Span
from holdfast.inventory.seating import Seats

WIDEST = timedelta(days=60)
"""A chain of bookings and blocks without a gap is followed so far, both sides together."""

Call = Literal["place", "commit", "release"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Time on a listing's units that the listing must not sell, and the booking that took it."""

    booking_id: int | None
    """None: somebody whom we do not know."""
    span: Span
    firm: bool
    until: datetime | None
    """When the hold behind it lapses, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A block that should be there, and the bookings it stands for."""

    listing_id: int
    span: Span
    wants: Wants
    until: datetime | None
    because: tuple[int, ...]
    lane: int = 0
    """Tells blocks of the same span apart, where a channel counts capacity: see `lanes`."""
    party: int | None = None
    """The party to place it for; None: the listing's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What the diff asks for: a new block (`block` None) or another wish for a known one."""

    block: Block | None
    wish: Wish


def closed_on(
    outlet: Outlet,
    bookings: Iterable[Booking],
    outlets: Mapping[int, Outlet],
    units: Mapping[int, Unit],
    seats: Seats = NOBODY,
) -> list[Closed]:
    """What a `takes = all` listing must not sell; `seats` says where bookings of pools sit.

    A booking made elsewhere closes its slot and the pause on either side of it, in which nobody else can
    begin or end. One made on this listing closes only the pauses: its slot is off the channel's own calendar already. Bookings in conflict close too: they
    are facts, and selling over them would make things worse; one of a pool without a unit may be on any
    that fits its party.
    """
    return [
        part
        for booking in bookings
        if booking.occupying
        for unit in sorted({*place_of(booking, outlets, units, seats)} & {*outlet.unit_ids})
        for part in closed_by(outlet, booking, units[unit])
    ]


def closed_by(outlet: Outlet, booking: Booking, unit: Unit) -> list[Closed]:
    """What a booking on this unit closes on a listing that sells the unit."""
    if booking.span is None:
        return []
    own = booking.span if booking.listing_id == outlet.id else None
    return [_closed(booking, part) for part in _without(closing(booking.span, unit), own)]


def _closed(booking: Booking, span: Span) -> Closed:
    return Closed(
        booking_id=booking.id,
        span=span,
        firm=booking.strength == "booked",
        until=booking.held_until,
    )


def _without(whole: Span, own: Span | None) -> list[Span]:
    if own is None:
        return [whole]
    parts = []
    if whole.start < own.start:
        parts.append(Span(start=whole.start, end=own.start))
    if own.end < whole.end:
        parts.append(Span(start=own.end, end=whole.end))
    return parts


def sold_here(outlet: Outlet, bookings: Iterable[Booking]) -> list[Span]:
    """The slots of the bookings made on this listing: its channel sells nothing over them, unless it is a pool's."""
    if outlet.pool:
        return []
    return [b.span for b in bookings if b.listing_id == outlet.id and b.occupying and b.span]


def wishes(
    outlet: Outlet,
    closed: Sequence[Closed],
    offers: Iterable[Span],
    blocks: Iterable[Block],
    holds: Holds,
) -> list[Wish]:
    """The blocks that should be on a listing: a function of what is closed, derived anew each time.

    `offers` are what the channel sells now, without what is sold on the listing itself, and what it would
    sell again if our blocks were gone. Spans on which we stand count as offers for the same reason.
    """
    effective = answered(closed, holds)
    # what people keep taking away is not placed again under another start either
    ours = [block.span for block in blocks if block.stands or block.given_up]
    everything = sorted({*offers, *ours})
    taken = cover([part.span for part in effective], everything, ours)
    bad = [o for o in everything if any(o.overlaps(part.span) for part in effective)]
    return [wish_for(outlet, span, effective, bad, holds) for span in taken]


def answered(closed: Iterable[Closed], holds: Holds) -> list[Closed]:
    """What the venue wants closed on other listings: all of it, or only what is firm."""
    return [part for part in closed if part.firm or holds != "none"]


def wish_for(
    outlet: Outlet, span: Span, closed: Sequence[Closed], bad: Sequence[Span], holds: Holds
) -> Wish:
    """A block on `span`, for all that is closed under it and under the `bad` offers that it withdraws."""
    shut = [span, *(offer for offer in bad if offer.overlaps(span))]
    behind = [part for part in closed if any(part.span.overlaps(offer) for offer in shut)]
    firm = holds == "commit" or any(part.firm for part in behind)
    return Wish(
        listing_id=outlet.id,
        span=span,
        wants="booked" if firm else "held",
        until=None if firm else _latest([part.until for part in behind]),
        because=tuple(sorted({part.booking_id for part in behind if part.booking_id})),
    )


def _latest(deadlines: Sequence[datetime | None]) -> datetime | None:
    """The latest deadline; None (no end is known) as soon as one of them has none."""
    known = [deadline for deadline in deadlines if deadline is not None]
    return max(known) if known and len(known) == len(deadlines) else None


Place = tuple[int, Span, int]


def diff(wanted: Sequence[Wish], blocks: Iterable[Block]) -> list[Change]:
    """What to change so that exactly the wanted blocks stand. Equal input twice: nothing the second time.

    A block that was booked for a booking which is only held again stays booked: giving it back and
    holding it anew would open a gap. Where only the lane differs, the block changes lanes: no call is needed.
    """
    at = {(block.listing_id, block.span, block.lane): block for block in blocks}
    kept = {place: at[place] for place in map(_place, wanted) if place in at}
    spare = [block for place, block in at.items() if place not in kept]
    for wish in wanted:
        other = next((b for b in spare if _place(wish) not in kept and _would_do(b, wish)), None)
        if other is not None:
            kept[_place(wish)] = other
            spare.remove(other)
    changes = [
        Change(block=kept.get(_place(wish)), wish=wish)
        for wish in wanted
        if not _as_wished(kept.get(_place(wish)), wish)
    ]
    dropped = [block for block in spare if block.wants != "nothing"]
    return changes + [withdrawn(block) for block in dropped]


def _place(wish: Wish) -> Place:
    return (wish.listing_id, wish.span, wish.lane)


def _would_do(block: Block, wish: Wish) -> bool:
    return (block.listing_id, block.span, block.party) == (
        wish.listing_id,
        wish.span,
        wish.party,
    )


def _as_wished(block: Block | None, wish: Wish) -> bool:
    return block is not None and (
        block.wants,
        block.wanted_until,
        block.because,
        block.lane,
    ) == (wish.wants, wish.until, wish.because, wish.lane)


def withdrawn(block: Block) -> Change:
    """It is not wanted any more."""
    nothing = Wish(
        listing_id=block.listing_id,
        span=block.span,
        wants="nothing",
        until=None,
        because=(),
        lane=block.lane,
        party=block.party,
    )
    return Change(block=block, wish=nothing)


def wound_up(blocks: Iterable[Block], bookings: Iterable[Booking]) -> list[Change]:
    """What changes on a listing out of service: nothing is placed there any more, and what stands goes with its last booking."""
    there = {booking.id for booking in bookings if booking.occupying}
    return [
        withdrawn(block)
        for block in blocks
        if block.wants != "nothing" and not (block.stands and there.intersection(block.because))
    ]


def next_call(block: Block, releases_holds: bool) -> Call | None:
    """The one outward call that brings what is there nearer to what should be there; None: nothing to do.

    A hold that cannot be given back is left to lapse. What people keep taking away waits for a person.
    """
    if block.state == "absent":
        return None if block.wants == "nothing" or block.given_up else "place"
    if block.external_id is None:
        return None  # it stands, but we never learned its id: it can only lapse
    if block.wants == "nothing":
        return "release" if block.state == "booked" or releases_holds else None
    return "commit" if (block.state, block.wants) == ("held", "booked") else None


RISK: Mapping[Call, int] = {"place": 10, "commit": 20, "release": 40}


def risk(call: Call, wants: Wants) -> int:
    """Which push goes first (lower is sooner): closing before committing before releasing.

    Closing for a booking goes before closing for a hold, which may never be confirmed.
    """
    return RISK[call] + (5 if wants == "held" else 0)


def is_enough(loaded: Span, stretch: Span, seeds: Sequence[Span]) -> bool:
    """Whether what was loaded shows all that a change at `seeds` can bear on, however far they are apart.

    A chain that goes on for too long beyond them is planned in pieces.
    """
    between = max(s.end for s in seeds) - min(s.start for s in seeds)
    return loaded.covers(stretch) or stretch.length - between > WIDEST


def reach(seeds: Sequence[Span], taken: Sequence[Span], margin: timedelta) -> Span:
    """The stretch of time that a change at `seeds` can have a bearing on.

    It grows over everything taken that comes within `margin` of it, until nothing more does. `margin`
    must be at least twice the longest offer: an offer over closed time, and its neighbour.
    """
    hull = Span(start=min(s.start for s in seeds), end=max(s.end for s in seeds))
    while True:
        near = hull.padded(margin, margin)
        touched = [span for span in taken if span.overlaps(near)]
        grown = Span(
            start=min([hull.start, *(s.start for s in touched)]),
            end=max([hull.end, *(s.end for s in touched)]),
        )
        if grown == hull:
            return near
        hull = grown
