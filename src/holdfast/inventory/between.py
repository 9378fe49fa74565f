"""between: what a pool's channel sells although no one unit is free for all of it. No I/O.

Bookings made elsewhere are on certain units; our blocks for them take whichever table the channel picks,
and two of them may end up on one of its tables, one after the other. Then it has a table free throughout
where in truth one unit is free at first and another one later: nobody can be seated there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from holdfast.inventory.cover import cover
from holdfast.inventory.demand import Demand, demand_of
from holdfast.inventory.exposure import without_a_free_unit
from holdfast.inventory.known import Block, Booking, Holds, Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.inventory.plan import Closed, Wish, wish_for
from holdfast.inventory.seating import Seats, seated

GUEST = 0
"""The id of a guest who has not booked yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A pool with everybody at its venue: `seats` says where those of pools sit."""

    outlet: Outlet
    bookings: Sequence[Booking]
    outlets: Mapping[int, Outlet]
    units: Mapping[int, Unit]
    seats: Seats


def between_wishes(
    floor: Floor,
    lanes: Sequence[Wish],
    closed: Sequence[Closed],
    offers: Iterable[Span],
    blocks: Iterable[Block],
    holds: Holds,
) -> list[Wish]:
    """The blocks that must stand beside those of the `lanes`: derived anew each time, like theirs.

    1. An offer is bad if it overlaps closed time and no seating of everybody leaves a unit free for it.
    2. As many blocks are placed over it as the channel can have tables left there, each set of them in a
       lane of its own below zero, with the fewest offers.
    """
    standing = [block for block in blocks if block.stands and block.lane < 0]
    taken = [wish.span for wish in lanes] + _sold_here(floor)
    on_sale = set(offers)
    bad = _bad(floor, closed, {*on_sale, *(block.span for block in standing)})
    found: list[Wish] = []
    for number in range(1, 1 + len(floor.outlet.unit_ids)):
        ours = [block.span for block in standing if block.lane == -number]
        there = on_sale.union(
            ours
        )  # where only blocks of other lanes stand, nothing is left to take
        left = [o for o in bad if o in there and _left(floor, taken, o) >= number]
        for span in cover(left, left, [one for one in ours if one in left]):
            wish = wish_for(floor.outlet, span, closed, left, holds)
            found.append(replace(wish, lane=-number))
    return found


def _bad(floor: Floor, closed: Sequence[Closed], offers: Iterable[Span]) -> list[Span]:
    over = [o for o in sorted(offers) if any(o.overlaps(part.span) for part in closed)]
    where = (floor.bookings, floor.outlets, floor.units, floor.seats)
    crowded = without_a_free_unit(floor.outlet, over, *where)
    if not crowded:
        return []
    party = _party(floor)
    return [offer for offer in crowded if not _has_room(floor, party, offer)]


def _sold_here(floor: Floor) -> list[Span]:
    here = (b for b in floor.bookings if b.occupying and b.listing_id == floor.outlet.id)
    return [booking.span for booking in here if booking.span is not None]


def _left(floor: Floor, taken: Sequence[Span], offer: Span) -> int:
    """The most tables that the channel can have free throughout."""
    over = [span for span in taken if span.overlaps(offer)]
    starts = {max(span.start, offer.start) for span in over}
    busiest = max((sum(s.start <= at < s.end for s in over) for at in starts), default=0)
    return len(floor.outlet.unit_ids) - busiest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Party:
    """Who is there: those who may change tables, where they sit, and what is taken for good."""

    movable: Sequence[Demand]
    seats: Seats
    fixed: Mapping[int, Sequence[Span]]


def _party(floor: Floor) -> _Party:
    everybody = [demand_of(b, floor.outlets, floor.units) for b in floor.bookings if b.occupying]
    seats = {d.id: floor.seats[d.id] for d in everybody if d.movable and d.id in floor.seats}
    fixed: dict[int, list[Span]] = {}
    for demand in everybody:
        for unit, span in demand.spans.items() if not demand.movable else ():
            fixed.setdefault(unit, []).append(span)
    return _Party(movable=[d for d in everybody if d.id in seats], seats=seats, fixed=fixed)


def _has_room(floor: Floor, party: _Party, offer: Span) -> bool:
    """Whether a guest could be seated for it, be it after others changed tables."""
    guest = demand_of(_guest(floor, offer), floor.outlets, floor.units)
    return seated([*party.movable, guest], party.fixed, party.seats) is not None


def _guest(floor: Floor, offer: Span) -> Booking:
    """Like the others, but for the offer, and easily pleased."""
    listing = floor.outlet.id
    return replace(floor.bookings[0], id=GUEST, listing_id=listing, span=offer, party_size=None)
