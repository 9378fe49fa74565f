"""neighbours: whoever closes anything on a listing is among its neighbours."""

from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import a_booking, a_unit, an_outlet, patient, steps

from holdfast.inventory.known import Booking
from holdfast.inventory.neighbours import Neighbours
from holdfast.inventory.plan import closed_on, sold_here

UNITS = {number: a_unit(number, cleanup=15) for number in (1, 2, 3)}
POOL = an_outlet(4, (2, 3), takes="one")
OUTLETS = {
    1: an_outlet(1, (1,)),
    2: an_outlet(2, (2,)),
    3: an_outlet(3, (1, 2, 9)),  # 9 is out of service
    4: POOL,
}
BOOKINGS = st.lists(
    st.builds(
        a_booking,
        id=st.integers(1, 99),
        listing_id=st.sampled_from([None, *OUTLETS]),
        unit_ids=st.sampled_from([(), (1,), (2, 3)]),
        span=st.builds(steps, st.integers(2, 20), st.integers(1, 6)),
    ),
    max_size=6,
    unique_by=lambda booking: booking.id,
)


@patient
@given(BOOKINGS, st.dictionaries(st.integers(1, 99), st.sampled_from([2, 3])))
def test_a_listing_is_closed_by_its_neighbours_as_by_everybody(
    bookings: list[Booking], seats: dict[int, int]
) -> None:
    everybody = sorted(bookings, key=lambda booking: booking.id)
    near = Neighbours(everybody, OUTLETS, UNITS, seats)
    for outlet in OUTLETS.values():
        assert closed_on(outlet, near.of(outlet), OUTLETS, UNITS, seats) == closed_on(
            outlet, everybody, OUTLETS, UNITS, seats
        )
        assert sold_here(outlet, near.of(outlet)) == sold_here(outlet, everybody)
