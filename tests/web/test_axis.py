"""The time axis on ordinary days and on those of 23 and 25 hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.inventory.model import Span
from holdfast.inventory.wall import whole_day
from holdfast.web.axis import HOUR, Axis, fitted

MADRID = ZoneInfo("Europe/Madrid")
ORDINARY, SHORT, LONG = date(2026, 11, 20), date(2026, 3, 29), date(2026, 10, 25)
ZONES = ["UTC", "Europe/Madrid", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"]


def axis(day: date, zone: ZoneInfo = MADRID, *busy: Span, whole: bool = False) -> Axis:
    return fitted(day, zone, busy, whole=whole)


def at(hour: int, minute: int = 0, day: date = ORDINARY, fold: int = 0) -> datetime:
    """An instant by the clock on Madrid's walls."""
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=MADRID, fold=fold)
    return local.astimezone(UTC)


@pytest.mark.parametrize(("day", "columns"), [(ORDINARY, 96), (SHORT, 92), (LONG, 100)])
def test_a_whole_day_has_as_many_quarters_as_really_pass(day: date, columns: int) -> None:
    whole = axis(day, whole=True)
    assert whole.columns == columns
    assert len(list(whole.ticks())) == columns // 4


def test_the_hour_that_is_left_out_has_no_column() -> None:
    labels = [tick.label for tick in axis(SHORT, whole=True).ticks()]
    assert labels[:4] == ["00:00", "01:00", "03:00", "04:00"]


def test_the_hour_that_comes_twice_is_marked_the_second_time() -> None:
    labels = [tick.label for tick in axis(LONG, whole=True).ticks()]
    assert labels[:5] == ["00:00", "01:00", "02:00", "02:00 ²", "03:00"]


def test_bookings_in_the_first_and_in_the_second_of_two_equal_hours_stand_apart() -> None:
    whole = axis(LONG, whole=True)
    first, second = (whole.at(at(2, 30, LONG, fold)) for fold in (0, 1))
    assert first is not None
    assert second is not None
    assert second.column - first.column == 4


def test_after_the_clock_has_changed_a_booking_stands_under_its_local_hour() -> None:
    for day in (SHORT, LONG):
        whole = axis(day, whole=True)
        noon = whole.at(at(12, day=day))
        tick = next(tick for tick in whole.ticks() if tick.label == "12:00")
        assert noon is not None
        assert noon.column == tick.slot.column


def test_an_empty_day_shows_the_usual_hours() -> None:
    assert [tick.label for tick in axis(ORDINARY).ticks()][::13] == ["08:00", "21:00"]


def test_the_axis_reaches_whatever_happens_in_whole_hours() -> None:
    early, late = Span.of(at(5, 50), HOUR), Span(start=at(22, 10), end=at(22, 40))
    labels = [tick.label for tick in axis(ORDINARY, MADRID, early, late).ticks()]
    assert (labels[0], labels[-1]) == ("05:00", "22:00")


def test_what_happens_on_other_days_does_not_stretch_the_axis() -> None:
    yesterday = Span.of(at(20) - timedelta(days=1), HOUR)
    assert axis(ORDINARY, MADRID, yesterday) == axis(ORDINARY)


def test_a_stay_over_midnight_is_cut_on_both_days() -> None:
    night = Span(start=at(23), end=at(23) + 4 * HOUR)
    first, second = axis(ORDINARY, MADRID, night), axis(date(2026, 11, 21), MADRID, night)
    before, after = first.slot(night), second.slot(night)
    assert before is not None
    assert after is not None
    assert (before.cut_before, before.cut_after, before.width) == (False, True, 4)
    assert (after.cut_before, after.cut_after, after.width) == (True, False, 12)


def test_a_slot_is_widened_to_whole_quarters() -> None:
    slot = axis(ORDINARY).slot(Span(start=at(8, 20), end=at(8, 50)))
    assert slot is not None
    assert (slot.column, slot.width) == (2, 3)


def test_what_touches_the_axis_from_outside_is_not_on_it() -> None:
    assert axis(ORDINARY).slot(Span(start=at(7), end=at(8))) is None
    assert axis(ORDINARY).slot(Span(start=at(22), end=at(23))) is None


@pytest.mark.parametrize(
    ("now", "passed"), [(at(7), None), (at(8, 10), None), (at(9, 1), 4), (at(23), 56)]
)
def test_what_has_passed_is_shaded(now: datetime, passed: int | None) -> None:
    past = axis(ORDINARY).until(now)
    assert (past.width if past else None) == passed


@given(
    st.sampled_from(ZONES),
    st.dates(date(2012, 1, 1), date(2040, 1, 1)),
    st.integers(0, 26 * 60),
    st.integers(1, 3000),
)
def test_every_slot_lies_on_the_axis_of_at_most_a_hundred_columns(
    zone: str, day: date, offset: int, minutes: int
) -> None:
    full = whole_day(day, ZoneInfo(zone))
    span = Span.of(full.start + timedelta(minutes=offset - 60), timedelta(minutes=minutes))
    drawn = axis(day, ZoneInfo(zone), span)
    slot = drawn.slot(span)
    assert drawn.columns <= 100
    assert span.overlaps(full) == (slot is not None)
    if slot is not None:
        assert slot.column >= 1
        assert slot.width >= 1
        assert slot.end <= drawn.columns + 1
