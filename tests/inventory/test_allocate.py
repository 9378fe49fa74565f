"""allocate: against the same thing said as plainly as it can be said."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import combinations
from random import Random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import (
    DAY,
    STEP,
    a_booking,
    a_unit,
    an_outlet,
    at,
    patient,
    span,
    steps,
)

from holdfast.inventory.allocate import Clash, Grant, Seating, allocate
from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.model import OCCUPYING, Status

UNITS = {1: a_unit(1), 2: a_unit(2, setup=15), 3: a_unit(3, cleanup=30)}
OUTLETS = {
    1: an_outlet(1, (1,)),
    2: an_outlet(2, (2,)),
    3: an_outlet(3, (3,)),
    4: an_outlet(4, (1, 2)),
    5: an_outlet(5, (1, 2, 3)),
}
MOMENTS = st.integers(0, 6).map(lambda n: DAY + n * STEP)


@st.composite
def bookings(draw: st.DrawFn) -> list[Booking]:
    """Up to ten on a small venue, some made directly, some without a time."""
    made = []
    for number in range(draw(st.integers(0, 10))):
        listing = draw(st.sampled_from([None, *OUTLETS]))
        asked = draw(st.sampled_from([(1,), (2, 3), ()]))
        slot = st.builds(steps, st.integers(0, 20), st.integers(1, 8))
        made.append(
            a_booking(
                id=number,
                listing_id=listing,
                unit_ids=asked if listing is None else (),
                status=draw(st.sampled_from(get_args(Status))),
                span=draw(st.none() | slot),
                first_seen_at=draw(MOMENTS),
                firm_at=draw(st.none() | MOMENTS),
            )
        )
    return made


def wanted(booking: Booking) -> list[Grant]:
    units = OUTLETS[booking.listing_id].unit_ids if booking.listing_id else booking.unit_ids
    assert booking.span is not None
    return [
        Grant(
            booking_id=booking.id,
            unit_id=unit,
            span=booking.span.padded(UNITS[unit].setup, UNITS[unit].cleanup),
        )
        for unit in units
    ]


def collides(one: Grant, other: Grant) -> bool:
    return one.unit_id == other.unit_id and one.span.overlaps(other.span)


def plainly(everything: Sequence[Booking]) -> tuple[set[Grant], dict[int, set[int]]]:
    """Who sits where and who clashes with whom: one after the other, in order of precedence."""
    seated: set[Grant] = set()
    clashes: dict[int, set[int]] = {}
    firm = [b for b in everything if b.status in ("confirmed", "seated", "unknown")]
    held = [b for b in everything if b.status in ("held", "pending")]
    for group in (firm, held):
        for booking in sorted(group, key=lambda b: (b.firm_at or b.first_seen_at, b.id)):
            if booking.span is None:
                continue
            asked = wanted(booking)
            holders = {g.booking_id for g in seated for a in asked if collides(a, g)}
            if holders:
                clashes[booking.id] = holders
            else:
                seated |= set(asked)
    return seated, clashes


def seat(*several: Booking, units: Mapping[int, Unit] | None = None) -> Seating:
    return allocate(several, OUTLETS, units or UNITS)


@patient
@given(bookings())
def test_everybody_sits_where_the_plain_rule_says(everything: list[Booking]) -> None:
    seating = allocate(everything, OUTLETS, UNITS)
    seated, clashes = plainly(everything)
    assert set(seating.grants) == seated
    assert len(seating.grants) == len(seated)
    assert {c.booking_id: set(c.against) for c in seating.clashes} == clashes


@patient
@given(bookings())
def test_no_unit_is_granted_twice(everything: list[Booking]) -> None:
    grants = allocate(everything, OUTLETS, UNITS).grants
    assert [pair for pair in combinations(grants, 2) if collides(*pair)] == []


@patient
@given(bookings())
def test_a_booking_gets_all_its_units_or_none_and_then_it_is_in_a_clash(
    everything: list[Booking],
) -> None:
    seating = allocate(everything, OUTLETS, UNITS)
    clashes = {clash.booking_id for clash in seating.clashes}
    for booking in everything:
        got = [grant for grant in seating.grants if grant.booking_id == booking.id]
        if not booking.occupying:
            assert not got
            assert booking.id not in clashes
            continue
        assert got == ([] if booking.id in clashes else wanted(booking))


@patient
@given(bookings())
def test_a_clash_names_all_who_have_its_units_and_nobody_else(everything: list[Booking]) -> None:
    seating = allocate(everything, OUTLETS, UNITS)
    by_id = {booking.id: booking for booking in everything}
    for clash in seating.clashes:
        asked = wanted(by_id[clash.booking_id])
        holders = {g.booking_id for g in seating.grants for a in asked if collides(a, g)}
        assert clash.against
        assert set(clash.against) <= holders
        assert clash.unit_ids == tuple(grant.unit_id for grant in asked)


@patient
@given(bookings(), st.randoms())
def test_the_order_in_which_bookings_are_told_changes_nothing(
    everything: list[Booking], random: Random
) -> None:
    before = allocate(everything, OUTLETS, UNITS)
    random.shuffle(everything)
    assert allocate(everything, OUTLETS, UNITS) == before


@pytest.mark.parametrize("status", sorted(OCCUPYING - {"held", "pending"}))
def test_a_hold_never_displaces_anything_firm(status: Status) -> None:
    early = a_booking(id=1, status="held", first_seen_at=at("08:00"))
    late = a_booking(id=2, status=status, first_seen_at=at("09:00"), firm_at=at("09:30"))
    seating = seat(early, late)
    assert [grant.booking_id for grant in seating.grants] == [2]
    assert seating.clashes == (Clash(booking_id=1, unit_ids=(1,), against=(2,)),)


def test_who_was_confirmed_first_wins_whoever_came_first() -> None:
    came_first = a_booking(id=1, first_seen_at=at("08:00"), firm_at=at("11:00"))
    firm_first = a_booking(id=2, first_seen_at=at("09:00"), firm_at=at("10:00"))
    assert [grant.booking_id for grant in seat(came_first, firm_first).grants] == [2]


def test_a_booking_in_conflict_keeps_nobody_else_away() -> None:
    first = a_booking(id=1, span=span("12:00-13:00"), firm_at=at("08:00"))
    loser = a_booking(id=2, span=span("12:30-14:00"), firm_at=at("09:00"))
    third = a_booking(id=3, span=span("13:30-15:00"), firm_at=at("10:00"))
    seating = seat(first, loser, third)
    assert [grant.booking_id for grant in seating.grants] == [1, 3]
    assert [(c.booking_id, c.against) for c in seating.clashes] == [(2, (1,))]


def test_a_buy_out_is_in_conflict_with_each_who_has_one_of_its_units() -> None:
    table = a_booking(id=1, listing_id=1, firm_at=at("08:00"))
    other = a_booking(id=2, listing_id=3, firm_at=at("08:00"))
    buy_out = a_booking(id=3, listing_id=5, firm_at=at("09:00"))
    assert seat(table, other, buy_out).clashes == (
        Clash(booking_id=3, unit_ids=(1, 2, 3), against=(1, 2)),
    )


def test_bookings_that_touch_do_not_collide_but_cleaning_up_does() -> None:
    first = a_booking(id=1, span=span("12:00-13:00"), listing_id=None, unit_ids=(1,))
    second = a_booking(id=2, span=span("13:00-14:00"), listing_id=None, unit_ids=(1,))
    assert seat(first, second).clashes == ()
    cleaned = {1: a_unit(1, cleanup=1)}
    assert [c.booking_id for c in seat(first, second, units=cleaned).clashes] == [2]


def test_a_unit_that_was_retired_keeps_nobody_from_being_seated() -> None:
    retired = a_booking(id=1, listing_id=None, unit_ids=(99,))
    assert [grant.booking_id for grant in seat(retired, a_booking(id=2)).grants] == [2]


def test_a_grant_lasts_from_setup_to_cleanup() -> None:
    unit = a_unit(1, setup=10, cleanup=20)
    (grant,) = allocate([a_booking()], {1: an_outlet()}, {1: unit}).grants
    assert grant.span == span("12:00-13:00").padded(timedelta(minutes=10), timedelta(minutes=20))


def test_a_listing_that_is_no_longer_sold_leaves_what_the_booking_asked_for() -> None:
    orphan = a_booking(listing_id=99, unit_ids=(2,))
    outlets: dict[int, Outlet] = {}
    assert [grant.unit_id for grant in allocate([orphan], outlets, UNITS).grants] == [2]
