"""precedence: who came first, and by whose clock."""

from itertools import permutations

from tests.inventory.made import a_booking, a_unit, an_outlet, at, span

from holdfast.inventory.allocate import Clash, allocate
from holdfast.inventory.demand import demand_of, rivals
from holdfast.inventory.known import Booking
from holdfast.inventory.precedence import deciding_clock, in_order

UNITS = {1: a_unit(1), 2: a_unit(2)}
OUTLETS = {1: an_outlet(1, (1,)), 2: an_outlet(2, (2,)), 3: an_outlet(3, (1, 2))}


def order(*several: Booking) -> list[int]:
    demands = [demand_of(booking, OUTLETS, UNITS) for booking in several]
    return [demand.id for demand in in_order(demands, rivals(demands))]


def test_where_both_bear_the_providers_time_it_decides() -> None:
    heard_late = a_booking(id=1, made_at=at("07:00"), firm_at=at("09:00"))
    heard_soon = a_booking(id=2, made_at=at("07:01"), firm_at=at("08:00"))
    assert order(heard_late, heard_soon) == [1, 2]
    seating = allocate([heard_late, heard_soon], OUTLETS, UNITS)
    assert seating.clashes == (
        Clash(booking_id=2, unit_ids=(1,), against=(1,), decided_by="provider"),
    )


def test_where_one_provider_gives_no_time_our_receipt_decides() -> None:
    told = a_booking(id=1, made_at=at("07:00"), firm_at=at("09:00"))
    silent = a_booking(id=2, made_at=None, firm_at=at("08:00"))
    assert order(told, silent) == [2, 1]
    assert allocate([told, silent], OUTLETS, UNITS).clashes == (
        Clash(booking_id=1, unit_ids=(1,), against=(2,), decided_by="receipt"),
    )


def test_at_the_same_moment_by_the_providers_our_receipt_decides() -> None:
    assert deciding_clock(a_booking(id=1), a_booking(id=2)) == "receipt"


def test_somebody_who_competes_with_neither_does_not_come_between_two() -> None:
    first = a_booking(id=1, made_at=at("07:00"), firm_at=at("09:00"))
    second = a_booking(id=2, made_at=at("07:01"), firm_at=at("08:00"))
    elsewhere = a_booking(id=3, listing_id=2, made_at=None, firm_at=at("08:30"))
    later = a_booking(id=4, span=span("13:00-14:00"), made_at=None, firm_at=at("08:30"))
    told = order(first, second, elsewhere, later)
    assert told.index(1) < told.index(2)


def test_three_clocks_in_a_circle_are_settled_alike_in_whatever_order_they_are_told() -> None:
    circle = [
        a_booking(id=1, made_at=at("07:00"), firm_at=at("09:00")),
        a_booking(id=2, made_at=None, firm_at=at("08:30")),
        a_booking(id=3, made_at=at("07:01"), firm_at=at("08:00")),
    ]
    assert {tuple(order(*several)) for several in permutations(circle)} == {(3, 2, 1)}
