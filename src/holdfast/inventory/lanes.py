"""lanes: what a pool's listing must stop selling, one lane of blocks for each unit taken from elsewhere. No I/O.

The channel of a pool counts capacity: each booking, and each block of ours, takes one of its tables. So
for each unit of the pool that is taken from elsewhere exactly one block must stand at every closed
instant that the channel still sells; which of its tables the channel takes for it does not matter. The
channel is taken to have as many tables as the pool has units.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from holdfast.inventory.allocate import place_of
from holdfast.inventory.demand import is_pooled
from holdfast.inventory.known import Block, Booking, Holds, Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.inventory.pave import pave
from holdfast.inventory.plan import Closed, Wish, answered, closed_by, wish_for
from holdfast.inventory.seating import Seats


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One unit less to sell. `number` from 1: the unit's place in the listing, or beyond its last unit.

    `party` is whom its blocks are placed for, so that the channel gives up a table of about that size.
    """

    number: int
    party: int
    closed: tuple[Closed, ...] = ()
    busy: tuple[Span, ...] = ()
    """The slots of the pool's own bookings on the unit."""


def lanes_on(
    outlet: Outlet,
    bookings: Iterable[Booking],
    outlets: Mapping[int, Outlet],
    units: Mapping[int, Unit],
    seats: Seats,
) -> list[Lane]:
    """What is closed on a pool's listing, unit by unit; lanes in which nothing is closed are left out.

    A booking made elsewhere closes its unit for its slot and the pauses around it. One of the pool's own
    closes only the pauses where it sits: the channel counts the slot itself. One of another pool without a unit
    is a fact and sits somewhere: it gets a lane beyond the last unit's.
    """
    lanes: dict[int, Lane] = {}
    adrift: list[tuple[Span, int, Unit, Booking]] = []
    for booking in (booking for booking in bookings if booking.occupying):
        where = place_of(booking, outlets, units, seats)
        here = [unit for unit in where if unit in outlet.unit_ids]
        if booking.span is not None and here and _is_adrift(booking, outlets, seats):
            adrift.append((booking.span, booking.id, units[here[0]], booking))
            continue
        for unit_id in here:
            number = outlet.unit_ids.index(unit_id) + 1
            lane = lanes.setdefault(number, Lane(number=number, party=units[unit_id].seats))
            lanes[number] = _joined_by(lane, outlet, booking, units[unit_id])
    beside = _beside(outlet, adrift)
    for number, (unit, parts) in enumerate(beside, len(outlet.unit_ids) + 1):
        lanes[number] = Lane(number=number, party=unit.seats, closed=tuple(parts))
    return [lanes[number] for number in sorted(lanes) if lanes[number].closed]


def with_strangers(
    lanes: Iterable[Lane],
    outlet: Outlet,
    units: Mapping[int, Unit],
    strangers: Mapping[int, Sequence[Closed]],
) -> list[Lane]:
    """The lanes with what somebody unknown has taken of the units, too."""
    found = {lane.number: lane for lane in lanes}
    for unit_id, parts in strangers.items():
        number = outlet.unit_ids.index(unit_id) + 1
        lane = found.setdefault(number, Lane(number=number, party=units[unit_id].seats))
        found[number] = replace(lane, closed=(*lane.closed, *parts))
    return [found[number] for number in sorted(found)]


def _is_adrift(booking: Booking, outlets: Mapping[int, Outlet], seats: Seats) -> bool:
    return is_pooled(booking, outlets) and booking.id not in seats


def _joined_by(lane: Lane, outlet: Outlet, booking: Booking, unit: Unit) -> Lane:
    own = (booking.span,) if booking.span and booking.listing_id == outlet.id else ()
    parts = closed_by(outlet, booking, unit)
    return replace(lane, closed=(*lane.closed, *parts), busy=(*lane.busy, *own))


def _beside(
    outlet: Outlet, adrift: Iterable[tuple[Span, int, Unit, Booking]]
) -> list[tuple[Unit, list[Closed]]]:
    """Bookings that sit nobody knows where, in as few lanes as they can share. The channel counts its own."""
    lanes: list[tuple[Unit, list[Closed]]] = []
    elsewhere = [entry for entry in adrift if entry[3].listing_id != outlet.id]
    for _, _, unit, booking in sorted(elsewhere, key=lambda entry: entry[:2]):
        parts = closed_by(outlet, booking, unit)
        free = (lane for _, lane in lanes if lane[-1].span.end <= parts[0].span.start)
        lane = next(free, None)
        if lane is None:
            lanes.append((unit, parts))
        else:
            lane += parts
    return lanes


def lane_wishes(
    outlet: Outlet,
    lanes: Sequence[Lane],
    offers: Iterable[Span],
    blocks: Iterable[Block],
    holds: Holds,
) -> list[Wish]:
    """The blocks that should be on a pool's listing: a function of what is closed, derived anew each time.

    `offers` are what the channel sells now. A lane keeps to its own standing blocks; those of lanes that
    are open again are lent to lanes whose blocks are placed for as many guests.
    """
    on_sale = list(offers)
    standing = [block for block in blocks if block.stands]
    needed = [
        replace(lane, closed=parts)
        for lane in lanes
        if (parts := tuple(answered(lane.closed, holds)))
    ]
    numbers = {lane.number for lane in needed}
    idle = [block for block in standing if block.lane not in numbers]
    wanted: list[Wish] = []
    for lane in needed:
        lent = {block.span: block for block in idle if block.party == lane.party}
        ours = [block.span for block in standing if block.lane == lane.number]
        chosen = pave([part.span for part in lane.closed], on_sale, [*ours, *lent], lane.busy)
        idle = [
            block for block in idle if lent.get(block.span) != block or block.span not in chosen
        ]
        wanted += [_wish(outlet, lane, span, holds) for span in chosen]
    return wanted


def _wish(outlet: Outlet, lane: Lane, span: Span, holds: Holds) -> Wish:
    wish = wish_for(outlet, span, lane.closed, (), holds)
    return replace(wish, lane=lane.number, party=lane.party)
