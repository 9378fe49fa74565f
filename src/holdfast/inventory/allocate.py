"""allocate: occupying bookings of a venue get the units they need, or are in conflict. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from holdfast.inventory.demand import (
    Demand,
    demand_of,
    fitting,
    groups,
    is_pooled,
    needs,
    padded,
    rivals,
)
from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.model import Span
from holdfast.inventory.precedence import Clock, deciding_clock, in_order
from holdfast.inventory.seating import Seats, free_unit, seated
from holdfast.inventory.twins import against_itself, twins

__all__ = ["Clash", "Grant", "Seating", "allocate", "needs", "padded", "place_of"]

Trouble = Literal["double_booking", "too_small", "same_booking"]

NOBODY: Seats = MappingProxyType({})
"""No booking of a pool has a unit yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A unit given to a booking for its slot, setup and cleanup included."""

    booking_id: int
    unit_id: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """An occupying booking that could not get its units, and the bookings that have them.

    `same_booking`: it is one booking of its provider with the one that it is against, and nobody's rival.
    `too_small`: its party is larger than every unit of its pool; it occupies all the same, for it is a
    fact, but which unit nobody can say. `decided_by` is the clock by which the others came first.
    """

    booking_id: int
    unit_ids: tuple[int, ...]
    against: tuple[int, ...]
    kind: Trouble = "double_booking"
    decided_by: Clock = "receipt"
    beside: tuple[int, ...] = ()
    """Others that overlap it and have its units, though they came later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """Who sits where."""

    grants: tuple[Grant, ...]
    clashes: tuple[Clash, ...]

    @property
    def seats(self) -> dict[int, int]:
        """Booking → unit, for those that have one."""
        return {grant.booking_id: grant.unit_id for grant in self.grants}

    def known(self) -> "Seating":
        """Without strangers, who have no id of ours: see `occupied.as_bookings`."""
        return Seating(
            grants=tuple(grant for grant in self.grants if grant.booking_id > 0),
            clashes=tuple(
                replace(
                    clash,
                    against=tuple(other for other in clash.against if other > 0),
                    beside=tuple(other for other in clash.beside if other > 0),
                )
                for clash in self.clashes
                if clash.booking_id > 0
            ),
        )


def allocate(
    bookings: Iterable[Booking],
    outlets: Mapping[int, Outlet],
    units: Mapping[int, Unit],
    current: Iterable[Grant] = (),
) -> Seating:
    """First confirmed wins; a hold never displaces anything confirmed. Same input, same seating.

    1. Order those who compete (see `precedence`): firm before holds, then whoever came first.
    2. In this order each is admitted if all admitted so far can be seated together with it. A booking of
       a `takes = all` listing or a direct one needs exactly its units; one of a pool needs one unit that
       fits its party and may sit on any. Who is not admitted is in conflict.
    3. Of all ways to seat the admitted, one with the fewest moves away from `current`; who has no unit yet
       gets the best fitting free one: the fewest seats that are enough, then the listing's order.

    Steps 2 and 3 are exact within a group of competing bookings as long as `seating.STEPS` placings are
    enough; beyond that a booking may be found in conflict, or moved, without need.
    """
    occupying = {booking.id: booking for booking in bookings if booking.occupying}
    pairs = twins(occupying.values())
    asking = [demand_of(booking, outlets, units) for booking in occupying.values()]
    doubled = list(_doubled(asking, pairs))
    again = {demand.id for demand in doubled}
    demands = [demand for demand in asking if demand.id not in again]
    sitting = {grant.booking_id: grant.unit_id for grant in current}
    competing = rivals(demands)
    grants: list[Grant] = []
    clashes: list[Clash] = []
    for group in groups(in_order(demands, competing), competing):
        room = _seat(group, sitting)
        granted = list(room.grants())
        grants += granted
        refused = [_clash(demand, group, granted) for demand in room.refused]
        clashes += [_of_itself(clash, pairs) for clash in refused]
        clashes += [clash for demand in group for clash in _too_small(demand, outlets, units)]
    clashes += [_same(demand, pairs) for demand in doubled]
    return Seating(
        grants=tuple(sorted(grants, key=lambda g: (g.booking_id, g.unit_id))),
        clashes=tuple(sorted(clashes, key=lambda clash: clash.booking_id)),
    )


def _doubled(demands: Sequence[Demand], pairs: Mapping[int, int]) -> Iterator[Demand]:
    """Those that ask for nothing which the very same booking does not take already."""
    asked = {demand.id: demand.spans.keys() for demand in demands}
    for demand in demands:
        elder = pairs.get(demand.id)
        if elder is not None and demand.spans.keys() <= asked[elder]:
            yield demand


def _same(demand: Demand, pairs: Mapping[int, int]) -> Clash:
    against = (pairs[demand.id],)
    return Clash(
        booking_id=demand.id, unit_ids=tuple(demand.spans), against=against, kind="same_booking"
    )


def _of_itself(clash: Clash, pairs: Mapping[int, int]) -> Clash:
    """A booking is not its own rival: the one against it may be the same booking on other units."""
    if not against_itself(clash.booking_id, clash.against, pairs):
        return clash
    return replace(clash, kind="same_booking")


def place_of(
    booking: Booking,
    outlets: Mapping[int, Outlet],
    units: Mapping[int, Unit],
    seats: Seats = NOBODY,
) -> tuple[int, ...]:
    """The units that a booking is taken to be on.

    One of a pool without a unit may be on any that fits its party, or on any at all if none does.
    """
    about = needs(booking, outlets)
    if is_pooled(booking, outlets):
        seat = seats.get(booking.id)
        about = (seat,) if seat in about else fitting(booking, outlets, units) or about
    return tuple(unit for unit in about if unit in units)


@dataclass(slots=True, kw_only=True)
class _Room:
    """Those of a group who were admitted, and where those of pools sit for now."""

    fixed: list[Demand] = field(default_factory=list)
    movable: list[Demand] = field(default_factory=list)
    seats: dict[int, int] = field(default_factory=dict)
    refused: list[Demand] = field(default_factory=list)

    def taken(self, *, by_all: bool) -> dict[int, list[Span]]:
        """What is taken of each unit: by the fixed, and if `by_all` by the others where they sit."""
        spans: dict[int, list[Span]] = {}
        everybody = [*self.fixed, *(self.movable if by_all else ())]
        for demand in everybody:
            for unit in self._units(demand):
                spans.setdefault(unit, []).append(demand.spans[unit])
        return spans

    def grants(self) -> Iterator[Grant]:
        for demand in [*self.fixed, *self.movable]:
            for unit in self._units(demand):
                yield Grant(booking_id=demand.id, unit_id=unit, span=demand.spans[unit])

    def _units(self, demand: Demand) -> Iterable[int]:
        return (self.seats[demand.id],) if demand.movable else demand.spans


def _seat(group: Sequence[Demand], sitting: Seats) -> _Room:
    room = _Room()
    reserved = _reserved(group, sitting)
    for demand in group:
        if demand.spans and not (
            _fits_in(room, demand, (sitting, reserved)) or _squeezed_in(room, demand)
        ):
            room.refused.append(demand)
    moved = sum(sitting.get(one, unit) != unit for one, unit in room.seats.items())
    if moved:
        fewest = seated(room.movable, room.taken(by_all=False), sitting, most=moved)
        room.seats = fewest or room.seats
    return room


def _reserved(group: Iterable[Demand], sitting: Seats) -> dict[int, list[Span]]:
    """Where those who have a unit sit now: a newcomer takes another, if he can."""
    spans: dict[int, list[Span]] = {}
    for demand in group:
        unit = sitting.get(demand.id)
        if demand.movable and unit is not None and unit in demand.spans:
            spans.setdefault(unit, []).append(demand.spans[unit])
    return spans


def _fits_in(room: _Room, demand: Demand, now: tuple[Seats, Mapping[int, Sequence[Span]]]) -> bool:
    """Admit it if nobody has to move for it."""
    sitting, reserved = now
    taken = room.taken(by_all=True)
    if not demand.movable:
        if _overlap(demand.spans, taken):
            return False
        room.fixed.append(demand)
        return True
    newcomer = None
    if demand.id not in sitting:
        both = {unit: [*taken.get(unit, ()), *reserved.get(unit, ())] for unit in demand.spans}
        newcomer = free_unit(demand, both, sitting)
    unit = newcomer or free_unit(demand, taken, sitting)
    if unit is None:
        return False
    room.movable.append(demand)
    room.seats[demand.id] = unit
    return True


def _squeezed_in(room: _Room, demand: Demand) -> bool:
    """Admit it if others of pools can be seated elsewhere for it."""
    fixed, movable = [*room.fixed], [*room.movable]
    (movable if demand.movable else fixed).append(demand)
    if not demand.movable and _overlap(demand.spans, room.taken(by_all=False)):
        return False
    tried = _Room(fixed=fixed, movable=movable)
    seats = seated(movable, tried.taken(by_all=False), room.seats)
    if seats is None:
        return False
    room.fixed, room.movable, room.seats = fixed, movable, seats
    return True


def _overlap(wanted: Mapping[int, Span], taken: Mapping[int, Sequence[Span]]) -> bool:
    return any(span.overlaps(o) for unit, span in wanted.items() for o in taken.get(unit, ()))


def _clash(demand: Demand, group: Sequence[Demand], granted: Sequence[Grant]) -> Clash:
    """Against those who have what it asks for and came before it."""
    holders = {
        grant.booking_id
        for grant in granted
        if grant.unit_id in demand.spans and grant.span.overlaps(demand.spans[grant.unit_id])
    }
    by_id = {other.id: other.booking for other in group}
    earlier = holders & set(list(by_id)[: list(by_id).index(demand.id)])
    against = sorted(earlier or holders)
    clocks = {deciding_clock(demand.booking, by_id[other]) for other in against}
    return Clash(
        booking_id=demand.id,
        unit_ids=tuple(demand.spans),
        against=tuple(against),
        decided_by="provider" if clocks == {"provider"} else "receipt",
        beside=tuple(sorted(holders - set(against))),
    )


def _too_small(
    demand: Demand, outlets: Mapping[int, Outlet], units: Mapping[int, Unit]
) -> Iterator[Clash]:
    """None if the whole pool is out of service: then there is nothing that it could be too large for."""
    there = tuple(unit for unit in needs(demand.booking, outlets) if unit in units)
    if demand.movable and not demand.spans and there:
        yield Clash(booking_id=demand.id, unit_ids=there, against=(), kind="too_small")
