"""wanted: which blocks should be on a listing, from what a change can bear on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from holdfast.inventory.between import Floor, between_wishes
from holdfast.inventory.known import Block, Booking, Outlet
from holdfast.inventory.lanes import lane_wishes, lanes_on, with_strangers
from holdfast.inventory.model import Span
from holdfast.inventory.occupied import as_bookings, closed_by_strangers
from holdfast.inventory.plan import Closed, Wish, answered, closed_on, sold_here, wishes
from holdfast.inventory.seating import Seats
from holdfast.store.ground import Ground
from holdfast.store.offers import Known
from holdfast.sync.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything of a venue within the stretch that a change can bear on."""

    stretch: Span
    bookings: Sequence[Booking]
    blocks: Sequence[Block]
    offers: Mapping[int, Known]
    """By listing: what it sells now, and what it would sell but for our blocks."""
    strangers: Mapping[int, Sequence[Span]]
    """Where somebody unknown is, by listing, as far as the venue trusts it."""
    ground: Ground
    guessed: Mapping[int, Sequence[Span]] = field(default_factory=dict)
    """By listing, what it probably sells at times that were never read."""


def wanted_on(
    turn: Turn, scene: Scene, seats: Seats, outlet: Outlet
) -> tuple[list[Wish], list[Closed]]:
    """What a listing's blocks should be, and what is closed on it from now on.

    `scene.blocks` are the listing's own; `seats` says where bookings of pools sit.
    """
    return (_pool if outlet.pool else _single)(turn, scene, seats, outlet)


def _single(
    turn: Turn, scene: Scene, seats: Seats, outlet: Outlet
) -> tuple[list[Wish], list[Closed]]:
    closed = closed_on(outlet, scene.bookings, turn.premises.ever, turn.premises.units, seats)
    closed += [part for parts in _strangers(turn, scene, outlet).values() for part in parts]
    sold = sold_here(outlet, scene.bookings)
    # only what can still be sold matters
    sellable = [
        o
        for o in (*scene.offers[outlet.id].sellable, *scene.guessed.get(outlet.id, ()))
        if o.start >= turn.now and not any(o.overlaps(s) for s in sold)
    ]
    live = [part for part in closed if part.span.end > turn.now]
    return wishes(outlet, live, sellable, scene.blocks, turn.premises.holds), live


def _strangers(turn: Turn, scene: Scene, outlet: Outlet) -> Mapping[int, Sequence[Closed]]:
    return closed_by_strangers(outlet, scene.strangers, turn.premises.outlets, turn.premises.units)


def _pool(
    turn: Turn, scene: Scene, seats: Seats, outlet: Outlet
) -> tuple[list[Wish], list[Closed]]:
    """The same for a pool, whose channel goes on selling beside its bookings and our blocks."""
    lanes = lanes_on(outlet, scene.bookings, turn.premises.ever, turn.premises.units, seats)
    lanes = with_strangers(lanes, outlet, turn.premises.units, _strangers(turn, scene, outlet))
    ahead = [
        replace(lane, closed=tuple(part for part in lane.closed if part.span.end > turn.now))
        for lane in lanes
    ]
    sellable = [o for o in scene.offers[outlet.id].open if o.start >= turn.now]
    standing = [block for block in scene.blocks if block.span.end > turn.now]
    wanted = lane_wishes(outlet, ahead, sellable, standing, turn.premises.holds)
    closed = [part for lane in ahead for part in lane.closed]
    premises = turn.premises
    floor = Floor(
        outlet=outlet,
        bookings=[*scene.bookings, *as_bookings(scene.strangers, premises.outlets)],
        outlets=premises.ever,
        units=premises.units,
        seats=seats,
    )
    firm = answered(closed, premises.holds)
    wanted += between_wishes(floor, wanted, firm, sellable, standing, premises.holds)
    return wanted, closed
