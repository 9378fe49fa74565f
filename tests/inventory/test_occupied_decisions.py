"""occupied: the channel withdraws what overlaps; from that alone, who must be there? Never more than must."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.inventory.made import (
    DAY,
    STEP,
    a_booking,
    a_unit,
    an_outlet,
    patient,
    span,
    spans,
    steps,
    text,
)

from holdfast.inventory.allocate import allocate, place_of
from holdfast.inventory.model import Span
from holdfast.inventory.occupied import (
    Sheet,
    Taken,
    as_bookings,
    bearing,
    closed_by_strangers,
    occupied,
)

TURN = 6
DENSE = [steps(start, TURN) for start in range(40, 80)]
"""Every quarter of an hour from ten, for an hour and a half."""
HOURLY = [steps(start, 4) for start in range(40, 84, 4)]


def sold(grid: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What a channel offers when this is taken."""
    return [offer for offer in grid if not any(offer.overlaps(one) for one in taken)]


def found(
    grid: Sequence[Span], there: Sequence[Span], known: Sequence[Span] = (), now: Span | None = None
) -> list[Span]:
    at = now.start if now else DAY
    return occupied(Sheet(now=at, grid=grid, sold=sold(grid, there), taken=known))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("", ""),
        ("14:00-15:30", "14:00-15:30"),
        ("10:00-11:30", "10:00-11:30"),
        ("19:45-21:15", "19:45-21:15"),
        ("14:00-15:30 15:30-17:00", "14:00-17:00"),
        # the hour between them is too short to be sold, and nobody says that it is taken
        ("14:00-15:30 16:30-18:00", "14:00-15:30 16:30-18:00"),
        ("14:00-17:00", "14:00-17:00"),
        # shorter than anything that is sold
        ("14:05-14:10", "14:00-14:15"),
    ],
)
def test_on_a_dense_grid(there: str, expected: str) -> None:
    assert text(found(DENSE, spans(there))) == expected


def test_on_a_grid_of_hours_an_hour_is_an_hour() -> None:
    assert text(found(HOURLY, spans("13:00-14:00 16:00-18:00"))) == "13:00-14:00 16:00-18:00"


def test_what_we_know_explains_what_vanished_beside_it() -> None:
    known = spans("14:00-15:30")
    assert found(DENSE, known, known) == []
    assert text(found(DENSE, [*known, span("15:30-17:00")], known)) == "15:30-17:00"


def test_an_offer_that_changed_its_length_is_no_stranger() -> None:
    longer = [Span.of(offer.start, 2 * offer.length) for offer in HOURLY]
    assert occupied(Sheet(now=DAY, grid=[*HOURLY, *longer], sold=longer, taken=())) == []


def test_nothing_for_sale_at_all_says_nothing() -> None:
    assert found(HOURLY, [steps(0, 96)]) == []


def test_starts_that_are_too_soon_to_be_sold_say_nothing() -> None:
    soon = HOURLY[0].padded(timedelta(minutes=30), timedelta(0))
    assert found(HOURLY, [HOURLY[0]], now=soon) == []
    assert found(HOURLY, [HOURLY[3]], now=soon) == [HOURLY[3]]


@patient
@given(st.lists(st.builds(steps, st.integers(36, 84), st.integers(1, 10)), max_size=5), st.data())
def test_it_never_overlaps_what_is_known_or_sold_and_lies_where_offers_vanished(
    there: list[Span], data: st.DataObject
) -> None:
    known = data.draw(st.lists(st.sampled_from(there))) if there else []
    grid = data.draw(st.sampled_from([DENSE, HOURLY]))
    for one in found(grid, there, known):
        assert not any(one.overlaps(other) for other in known)
        assert not any(one.overlaps(offer) for offer in sold(grid, there))
        assert any(one.overlaps(offer) for offer in set(grid) - set(sold(grid, there)))


@patient
@given(st.sampled_from(DENSE), st.booleans())
def test_one_unknown_booking_on_the_grid_is_found_within_a_step(booking: Span, alone: bool) -> None:
    known = [] if alone else [Span.of(booking.end + 2 * TURN * STEP, TURN * STEP)]
    (one,) = found(DENSE, [booking, *known], known)
    assert abs(one.start - booking.start) <= STEP
    assert abs(one.end - booking.end) <= STEP


@patient
@given(st.integers(60 * 12, 60 * 17), st.integers(10, 150))
def test_one_unknown_span_off_the_grid_is_found_within_a_step(start: int, length: int) -> None:
    there = Span.of(DAY + timedelta(minutes=start), timedelta(minutes=length))
    several = found(DENSE, [there])
    assume(several)
    assert abs(several[0].start - there.start) <= STEP
    assert abs(several[-1].end - there.end) <= STEP


@patient
@given(st.lists(st.sampled_from(DENSE), max_size=4))
def test_guests_who_sit_on_the_grid_are_never_exceeded(there: list[Span]) -> None:
    """Whatever is reported is really taken, as long as strangers sit where the channel sells."""
    minutes = timedelta(minutes=5)
    for one in found(DENSE, there):
        at = one.start
        while at < one.end:
            assert any(taken.covers(Span.of(at, minutes)) for taken in there)
            at += minutes


def test_a_stranger_closes_the_other_listings_of_the_unit_as_if_held() -> None:
    here, there, apart = an_outlet(1), an_outlet(2), an_outlet(3, (2,))
    outlets = {outlet.id: outlet for outlet in (here, there, apart)}
    units = {1: a_unit(1, cleanup=15), 2: a_unit(2)}
    strangers = {1: [span("14:00-15:00")]}
    ((closed,),) = closed_by_strangers(there, strangers, outlets, units).values()
    assert (closed.booking_id, closed.firm, closed.until) == (None, False, None)
    assert closed.span == span("13:45-15:15")
    assert closed_by_strangers(here, strangers, outlets, units) == {}
    assert closed_by_strangers(apart, strangers, outlets, units) == {}


@pytest.mark.parametrize(
    ("beside", "pool", "explains"),
    [(False, False, True), (True, False, False), (True, True, True), (False, True, True)],
)
def test_what_is_beside_a_listing_that_is_sold_over_it_explains_nothing(
    *, beside: bool, pool: bool, explains: bool
) -> None:
    house = Taken(slot=span("12:00-15:00"), span=span("11:45-15:15"), beside=beside)
    assert bool(bearing([house], [span("14:00-15:00")], pool=pool)) is explains
    # nothing speaks against it where the listing is sold before and after only
    assert bearing([house], [span("11:00-12:00")], pool=pool) == [house.span]


def test_a_stranger_comes_after_everybody_and_is_on_every_table_of_a_pool_that_is_full() -> None:
    outlets = {1: an_outlet(1), 2: an_outlet(2, (1, 2), takes="one")}
    units = {n: a_unit(n) for n in (1, 2)}
    several = as_bookings({1: [span("12:00-13:00")], 2: [span("12:00-13:30")]}, outlets)
    assert [(b.id, b.listing_id, b.strength) for b in several] == [(-1, 1, "held"), (-2, 2, "held")]
    table = a_booking(id=7, status="held", listing_id=2, span=span("12:00-13:00"))
    seating = allocate([several[0], table], outlets, units)
    assert seating.seats == {-1: 1, 7: 2}
    assert seating.known().seats == {7: 2}
    room = a_booking(id=8, status="held", first_seen_at=DAY + timedelta(days=9), made_at=None)
    assert allocate([several[0], room], outlets, units).known().seats == {8: 1}
    assert place_of(several[1], outlets, units) == (1, 2)
