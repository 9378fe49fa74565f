"""What an occupying booking asks of the venue: which units, for how long, and with whom it competes. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.model import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A booking with the time that it would take from each of its units, setup and cleanup included.

    `movable`: it sits on any one of them, best fit first; otherwise it takes them all.
    """

    booking: Booking
    movable: bool
    spans: Mapping[int, Span]

    @property
    def id(self) -> int:
        """The booking's."""
        return self.booking.id


def needs(booking: Booking, outlets: Mapping[int, Outlet]) -> tuple[int, ...]:
    """The units a booking is about: those of its listing, or those a direct booking asked for."""
    if booking.listing_id is not None and booking.listing_id in outlets:
        return outlets[booking.listing_id].unit_ids
    return booking.unit_ids


def is_pooled(booking: Booking, outlets: Mapping[int, Outlet]) -> bool:
    """Whether it takes one of its listing's units, whichever."""
    outlet = outlets.get(booking.listing_id or 0)
    return outlet is not None and outlet.takes == "one"


def padded(span: Span, unit: Unit) -> Span:
    """The time a booking takes from a unit: its slot with setup before and cleanup after."""
    return span.padded(unit.setup, unit.cleanup)


def pause(unit: Unit) -> timedelta:
    """The least time between two bookings: the cleanup of one and the setup of the next."""
    return unit.setup + unit.cleanup


def closing(span: Span, unit: Unit) -> Span:
    """The time that no offer may overlap because of a booking: whoever comes next needs setup and cleanup, too."""
    return span.padded(pause(unit), pause(unit))


def fitting(
    booking: Booking, outlets: Mapping[int, Outlet], units: Mapping[int, Unit]
) -> tuple[int, ...]:
    """The units of a pool that a booking may sit on: fewest seats first, then as the listing names them.

    A party that is not known fits anywhere. Empty: it is larger than every unit.
    """
    party = booking.party_size or 1
    there = [unit for unit in needs(booking, outlets) if unit in units]
    return tuple(
        sorted((u for u in there if units[u].seats >= party), key=lambda u: units[u].seats)
    )


def demand_of(booking: Booking, outlets: Mapping[int, Outlet], units: Mapping[int, Unit]) -> Demand:
    """What it asks for. A unit that was taken out of service can be nobody's."""
    pooled = is_pooled(booking, outlets)
    wanted = fitting(booking, outlets, units) if pooled else needs(booking, outlets)
    spans = {
        unit: padded(booking.span, units[unit])
        for unit in wanted
        if booking.span is not None and unit in units
    }
    return Demand(booking=booking, movable=pooled, spans=spans)


def rivals(demands: Iterable[Demand]) -> dict[int, set[int]]:
    """By booking, all others that ask for the same unit at the same time."""
    several = list(demands)
    found: dict[int, set[int]] = {demand.id: set() for demand in several}
    for entries in _by_unit(several).values():
        for place, (span, booking) in enumerate(entries):
            for other, rival in entries[place + 1 :]:
                if other.start >= span.end:
                    break
                found[booking].add(rival)
                found[rival].add(booking)
    return found


def _by_unit(demands: Iterable[Demand]) -> dict[int, list[tuple[Span, int]]]:
    entries: dict[int, list[tuple[Span, int]]] = {}
    for demand in demands:
        for unit, span in demand.spans.items():
            entries.setdefault(unit, []).append((span, demand.id))
    return {unit: sorted(several) for unit, several in entries.items()}


def groups(demands: Sequence[Demand], competing: Mapping[int, set[int]]) -> list[list[Demand]]:
    """The demands in groups that have nothing to do with each other; the order is kept."""
    group_of: dict[int, int] = {}
    for demand in demands:
        waiting = [demand.id] if demand.id not in group_of else []
        while waiting:
            here = waiting.pop()
            group_of[here] = demand.id
            waiting += [rival for rival in competing[here] if rival not in group_of]
    found: dict[int, list[Demand]] = {}
    for demand in demands:
        found.setdefault(group_of[demand.id], []).append(demand)
    return list(found.values())
