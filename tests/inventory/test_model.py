"""The domain's own words: spans to the microsecond, statuses."""

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import at, span

from holdfast.inventory.model import FIRM, OCCUPYING, Guest, Span, Status

TICK = timedelta(microseconds=1)
NAIVE = at("12:00").replace(tzinfo=None)
TICKS = st.integers(-5, 5)
LENGTHS = st.integers(1, 5)


def ticks(start: int, length: int) -> Span:
    return Span.of(at("12:00") + start * TICK, length * TICK)


def instants(one: Span) -> set[datetime]:
    """Every microsecond of a half-open span."""
    return {one.start + n * TICK for n in range(one.length // TICK)}


@given(TICKS, LENGTHS, TICKS, LENGTHS)
def test_spans_overlap_when_they_share_a_microsecond(a: int, la: int, b: int, lb: int) -> None:
    one, other = ticks(a, la), ticks(b, lb)
    assert one.overlaps(other) == bool(instants(one) & instants(other))
    assert one.overlaps(other) == other.overlaps(one)


@given(TICKS, LENGTHS, TICKS, LENGTHS)
def test_a_span_covers_what_has_no_microsecond_outside(a: int, la: int, b: int, lb: int) -> None:
    one, other = ticks(a, la), ticks(b, lb)
    assert one.covers(other) == (instants(other) <= instants(one))


def test_one_microsecond_is_the_least_a_span_can_last() -> None:
    assert Span.of(at("12:00"), TICK).length == TICK


@pytest.mark.parametrize("length", [timedelta(0), -TICK, timedelta(hours=-1)])
def test_a_span_that_does_not_end_after_it_starts_is_refused(length: timedelta) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        Span.of(at("12:00"), length)


@pytest.mark.parametrize(
    ("start", "end"), [(NAIVE, at("13:00")), (at("11:00"), NAIVE), (NAIVE, NAIVE)]
)
def test_a_naive_instant_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="naive"):
        Span(start=start, end=end)


def test_the_same_instants_in_another_zone_are_the_same_span() -> None:
    paris = timezone(timedelta(hours=1))
    there = Span(start=at("12:00").astimezone(paris), end=at("13:00").astimezone(paris))
    assert there == span("12:00-13:00")
    assert len({there, span("12:00-13:00")}) == 1


def test_padding_makes_a_span_longer_at_both_ends() -> None:
    padded = span("12:00-13:00").padded(timedelta(minutes=15), timedelta(minutes=30))
    assert padded == span("11:45-13:30")


def test_spans_sort_by_start_and_then_by_end() -> None:
    unsorted = [span("12:00-14:00"), span("12:00-13:00"), span("11:00-15:00")]
    assert sorted(unsorted) == [span("11:00-15:00"), span("12:00-13:00"), span("12:00-14:00")]


def test_a_status_that_is_firm_also_occupies() -> None:
    assert FIRM < OCCUPYING
    assert set(get_args(Status)) - OCCUPYING == {
        "completed",
        "no_show",
        "cancelled",
        "declined",
        "expired",
    }


def test_who_booked_is_not_shown_where_a_value_is_printed() -> None:
    guest = Guest(name="Ada Example", email="ada@example.test", phone="+33600000000", locale="fr")
    assert repr(guest) == "Guest(locale='fr')"


def test_instants_come_out_as_they_went_in() -> None:
    assert span("12:00-13:00").start == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
