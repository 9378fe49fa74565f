"""allocate: occupying bookings of a venue get the units they need, or are in conflict. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.model import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A unit given to a booking for its slot, setup and cleanup included."""

    booking_id: int
    unit_id: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """An occupying booking that could not get its units, and the bookings that have them."""

    booking_id: int
    unit_ids: tuple[int, ...]
    against: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """Who sits where."""

    grants: tuple[Grant, ...]
    clashes: tuple[Clash, ...]


def needs(booking: Booking, outlets: Mapping[int, Outlet]) -> tuple[int, ...]:
    """The units a booking needs: all of its listing's, or those a direct booking asked for."""
    if booking.listing_id is not None and booking.listing_id in outlets:
        return outlets[booking.listing_id].unit_ids
    return booking.unit_ids


def padded(span: Span, unit: Unit) -> Span:
    """The time a booking takes from a unit: its slot with setup before and cleanup after."""
    return span.padded(unit.setup, unit.cleanup)


def allocate(
    bookings: Iterable[Booking], outlets: Mapping[int, Outlet], units: Mapping[int, Unit]
) -> Seating:
    """First confirmed wins; a hold never displaces anything confirmed. Same input, same seating.

    1. Sort: firm bookings before holds, then by when they became firm (or were first seen), then by id.
    2. Each takes all its units if all are free for its padded slot, else it is in conflict with
       whoever has them.
    """
    granted: dict[int, list[Grant]] = {}
    clashes: list[Clash] = []
    for booking in sorted((b for b in bookings if b.occupying), key=_precedence):
        wanted = _wanted(booking, outlets, units)
        against = _holders(wanted, granted)
        if against:
            clashes.append(_clash(booking, wanted, against))
            continue
        for grant in wanted:
            granted.setdefault(grant.unit_id, []).append(grant)
    everything = (grant for grants in granted.values() for grant in grants)
    return Seating(
        grants=tuple(sorted(everything, key=lambda g: (g.booking_id, g.unit_id))),
        clashes=tuple(clashes),
    )


def _precedence(booking: Booking) -> tuple[bool, datetime, int]:
    return (booking.strength == "held", booking.firm_at or booking.first_seen_at, booking.id)


def _wanted(
    booking: Booking, outlets: Mapping[int, Outlet], units: Mapping[int, Unit]
) -> list[Grant]:
    return [
        Grant(booking_id=booking.id, unit_id=unit, span=padded(booking.span, units[unit]))
        for unit in needs(booking, outlets)
        # a unit that was taken out of service can be nobody's
        if booking.span is not None and unit in units
    ]


def _holders(wanted: Sequence[Grant], granted: Mapping[int, Sequence[Grant]]) -> list[int]:
    return sorted(
        {
            other.booking_id
            for grant in wanted
            for other in granted.get(grant.unit_id, ())
            if other.span.overlaps(grant.span)
        }
    )


def _clash(booking: Booking, wanted: Sequence[Grant], against: Sequence[int]) -> Clash:
    units = tuple(grant.unit_id for grant in wanted)
    return Clash(booking_id=booking.id, unit_ids=units, against=tuple(against))
