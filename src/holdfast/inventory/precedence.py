"""precedence: of those who ask for the same time, who came first, and whose clock says so. No I/O."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from holdfast.inventory.demand import Demand
from holdfast.inventory.known import Booking

Clock = Literal["provider", "receipt"]
"""By when the providers say that the bookings were made, or by when we heard of them."""


def in_order(demands: Iterable[Demand], competing: Mapping[int, set[int]]) -> list[Demand]:
    """First come, first served; a hold comes after everything firm.

    Two clocks of different people cannot be compared at large, so only those who compete are: each
    waits for all its rivals that came before it. Where that is a circle (some of them bear the
    provider's time and some do not), the one that we heard of first goes first.
    """
    several = list(demands)
    firm = [demand for demand in several if demand.booking.strength == "booked"]
    held = [demand for demand in several if demand.booking.strength == "held"]
    return _first_come(firm, competing) + _first_come(held, competing)


def deciding_clock(one: Booking, other: Booking) -> Clock:
    """Whose clock says which of the two came first: the provider's only where both have a time of it."""
    known = one.made_at is not None and other.made_at is not None
    return "provider" if known and one.made_at != other.made_at else "receipt"


def _first_come(demands: Iterable[Demand], competing: Mapping[int, set[int]]) -> list[Demand]:
    waiting = {d.id: d for d in sorted(demands, key=lambda demand: _heard(demand.booking))}
    order: list[Demand] = []
    while waiting:
        first = next((d for d in waiting.values() if _is_next(d, waiting, competing)), None)
        chosen = first or next(iter(waiting.values()))
        order.append(waiting.pop(chosen.id))
    return order


def _is_next(
    demand: Demand, waiting: Mapping[int, Demand], competing: Mapping[int, set[int]]
) -> bool:
    before = (waiting[rival].booking for rival in competing[demand.id] if rival in waiting)
    return not any(_came_before(booking, demand.booking) for booking in before)


def _came_before(one: Booking, other: Booking) -> bool:
    if one.made_at is not None and other.made_at is not None and one.made_at != other.made_at:
        return one.made_at < other.made_at
    return _heard(one) < _heard(other)


def _heard(booking: Booking) -> tuple[datetime, int]:
    return (booking.firm_at or booking.first_seen_at, booking.id)
