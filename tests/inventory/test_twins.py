"""One booking that is known twice is nobody's rival."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import a_booking, a_unit, an_outlet, patient, span

from holdfast.inventory.allocate import allocate
from holdfast.inventory.known import Booking
from holdfast.inventory.twins import twins

UNITS = {1: a_unit(1), 2: a_unit(2)}
OUTLETS = {
    1: an_outlet(1, units=(1,)),
    2: replace(an_outlet(2, units=(1,)), account_id=2),
    3: replace(an_outlet(3, units=(1, 2)), account_id=2),
}


def known(number: int, listing: int, ref: str, when: str = "12:00-14:00") -> Booking:
    place = {"id": number, "listing_id": listing, "span": span(when)}
    return a_booking(**place, channel="rooms", external_id=ref)


def test_the_same_reference_through_two_accounts_is_no_double_booking() -> None:
    """Kind: a booking is known by our names, so a renamed account makes each guest the rival of themselves."""
    seating = allocate([known(1, 1, "r-1"), known(2, 2, "R-1")], OUTLETS, UNITS)
    (clash,) = seating.clashes
    assert (clash.kind, clash.booking_id, clash.against) == ("same_booking", 2, (1,))
    assert [grant.booking_id for grant in seating.grants] == [1]


def test_where_it_asks_for_more_units_it_is_still_not_its_own_rival() -> None:
    seating = allocate([known(1, 1, "r-1"), known(2, 3, "r-1")], OUTLETS, UNITS)
    assert {clash.kind for clash in seating.clashes} == {"same_booking"}


def test_two_bookings_clash_as_ever() -> None:
    seating = allocate([known(1, 1, "r-1"), known(2, 2, "r-2")], OUTLETS, UNITS)
    assert [clash.kind for clash in seating.clashes] == ["double_booking"]


def test_an_id_that_is_used_again_for_another_time_is_another_booking() -> None:
    assert twins([known(1, 1, "r-1"), known(2, 1, "r-1", "15:00-16:00")]) == {}


@patient
@given(st.permutations([known(n, 1 + n % 2, "r-1") for n in range(1, 6)]))
def test_in_whatever_order_they_come_all_stand_for_the_first(bookings: list[Booking]) -> None:
    assert twins(bookings) == dict.fromkeys(range(2, 6), 1)
