"""How often what is read, by the account's budget: near days first, and no dearer where there is more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import patient

from holdfast.inventory.model import Span
from holdfast.inventory.timetable import (
    PLANNED,
    Load,
    Timetable,
    Wanted,
    distance_of,
    timetable,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DEFAULTS = Wanted(reads_per_minute=45, poll_seconds=60, offers_seconds=300)
RESTAURANT = Load(near=3, soon=7, far=23, near_offers=90, far_offers=1260)
"""One Mozrest venue with five listings, 30 days ahead."""

loads = st.builds(
    Load,
    near=st.integers(0, 100),
    soon=st.integers(0, 200),
    far=st.integers(0, 2000),
    past=st.integers(0, 5000),
    near_offers=st.integers(0, 2000),
    far_offers=st.integers(0, 20000),
)
wants = st.builds(
    Wanted,
    reads_per_minute=st.floats(1, 500),
    poll_seconds=st.integers(5, 600),
    offers_seconds=st.integers(30, 3600),
)


def test_by_default_a_booking_for_tonight_is_heard_of_in_20_s_and_one_for_next_month_in_5_minutes() -> (
    None
):
    told = timetable(DEFAULTS, RESTAURANT)
    assert (told.near, told.soon, told.fits) == (20, 60, True)
    assert told.far < 300
    assert told.a_minute <= PLANNED * DEFAULTS.reads_per_minute + 1e-6


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (RESTAURANT, Load(near=3, soon=7, far=83, near_offers=90, far_offers=4200)),
        (Load(soon=6, past=6, near_offers=6), Load(soon=6, past=994, near_offers=6)),
    ],
    ids=["30 and 90 days ahead", "1,000 and 100,000 past bookings of six spaces"],
)
def test_what_is_read_at_rest_hardly_grows_with_the_horizon_or_the_past(
    less: Load, more: Load
) -> None:
    assert timetable(DEFAULTS, more).a_minute <= 1.2 * timetable(DEFAULTS, less).a_minute


def test_five_venues_on_one_key_are_read_less_often_and_it_is_said() -> None:
    told = timetable(DEFAULTS, Load(near=15, soon=35, far=115, near_offers=450, far_offers=6300))
    assert not told.fits
    assert told.near < 120
    assert told.far < 1800


@patient
@given(wants, loads)
def test_the_plan_never_takes_more_than_the_budget_allows(wanted: Wanted, load: Load) -> None:
    told = timetable(wanted, load)
    assert told.a_minute <= told.room * (1 + 1e-9)
    assert told.bookings_a_minute <= 0.6 * told.room * (1 + 1e-9)


@patient
@given(wants, loads)
def test_nearer_days_are_never_read_less_often(wanted: Wanted, load: Load) -> None:
    told = timetable(wanted, load)
    assert told.near <= told.soon <= told.far * (1 + 1e-9)
    assert told.near_offers >= wanted.offers_seconds
    assert told.slowest >= told.news >= told.near


@patient
@given(wants, loads, st.integers(1, 50))
def test_more_lists_are_never_read_more_often(wanted: Wanted, load: Load, more: int) -> None:
    def periods(told: Timetable) -> tuple[float, ...]:
        return told.near, told.soon, told.far, told.past

    bigger = replace(load, near=load.near + more)
    before, after = periods(timetable(wanted, load)), periods(timetable(wanted, bigger))
    assert all(a >= b * (1 - 1e-9) for a, b in zip(after, before, strict=True))


@pytest.mark.parametrize(
    ("days", "distance"),
    [(-2, "soon"), (0, "near"), (1, "near"), (2, "soon"), (7, "soon"), (8, "far"), (40, "far")],
)
def test_how_near_a_day_is(days: int, distance: str) -> None:
    assert distance_of(Span.of(NOW + days * DAY, DAY), NOW) == distance


def test_a_list_without_a_span_may_tell_of_any_day() -> None:
    assert distance_of(None, NOW) == "soon"
