"""The week and the gaps, reckoned: what is free and taken on days of any length."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from holdfast.inventory.model import Span, Status
from holdfast.store.day import DayBooking, Granted, UnitRow, VenueDay
from holdfast.web.axis import fitted
from holdfast.web.gaps import gaps
from holdfast.web.timeline import only_problems, timeline
from holdfast.web.week import DAYS, monday, week, week_span, within

MADRID = ZoneInfo("Europe/Madrid")
SHORT, LONG = date(2026, 3, 29), date(2026, 10, 25)
HOUR = timedelta(hours=1)
UNIT = UnitRow(id=1, name="salon", seats=4, listings=["salon-rooms"])


def at(day: date, hour: float) -> datetime:
    return datetime(
        day.year, day.month, day.day, int(hour), int(hour % 1 * 60), tzinfo=MADRID
    ).astimezone(UTC)


def booking(
    number: int,
    start: datetime,
    end: datetime,
    *,
    conflict: bool = False,
    account: str | None = "rooms-main",
    raw_status: str = "CONFIRMED",
    status: Status = "confirmed",
) -> DayBooking:
    return DayBooking(
        id=number,
        channel="rooms",
        listing="salon-rooms",
        account=account,
        external_id=f"r-{number}",
        status=status,
        raw_status=raw_status,
        payment="none",
        starts_at=start,
        ends_at=end,
        party_size=2,
        held_until=None,
        asked=[1],
        conflict=conflict,
    )


def day_of(*bookings: DayBooking, after: timedelta = timedelta(0)) -> VenueDay:
    """Each with its unit, but those in conflict."""
    granted = [
        Granted(booking_id=b.id, unit_id=1, starts_at=b.starts_at, ends_at=b.ends_at + after)
        for b in bookings
        if not b.conflict
    ]
    return VenueDay(units=[UNIT], bookings=bookings, granted=granted, blocks=[])


def test_a_week_is_as_long_as_it_really_is() -> None:
    assert week_span(monday(SHORT), MADRID).length == 7 * 24 * HOUR - HOUR
    assert week_span(monday(LONG), MADRID).length == 7 * 24 * HOUR + HOUR
    assert monday(SHORT) == date(2026, 3, 23)


def test_a_cell_counts_what_is_there_and_what_is_free_of_the_usual_hours() -> None:
    first = monday(LONG)
    night = booking(1, at(LONG, 1), at(LONG, 4))  # four hours that night
    early = booking(2, at(LONG, 7), at(LONG, 9))
    clash = booking(3, at(LONG, 8.5), at(LONG, 10), conflict=True)
    closed = booking(4, at(first, 12), at(first, 13), account=None, raw_status="closure")
    # whatever a channel calls a booking, it is one
    odd = booking(5, at(first, 15), at(first, 16), raw_status="closure")
    (row,) = week(first, MADRID, day_of(night, early, clash, closed, odd, after=HOUR / 2), [])
    assert len(row.cells) == DAYS
    sunday = row.cells[6]
    assert (sunday.bookings, sunday.closures, sunday.conflicts) == (3, 0, 1)
    # 01:00-04:30 is four and a half hours, 07:00-10:00 with what overlaps counted once
    assert sunday.taken == 7.5 * HOUR
    assert sunday.free == 12 * HOUR
    assert sunday.share == 14
    assert sunday.problem
    assert row.problem
    assert (row.cells[0].bookings, row.cells[0].closures) == (1, 1)
    assert row.cells[1].free == row.cells[1].usual == 14 * HOUR


def test_overlaps_count_once_and_only_inside_the_window() -> None:
    window = Span.of(at(LONG, 8), 4 * HOUR)
    taken = [
        Span.of(at(LONG, 6), 3 * HOUR),
        Span.of(at(LONG, 8), HOUR),
        Span.of(at(LONG, 11), 9 * HOUR),
    ]
    assert within(taken, window) == 2 * HOUR
    assert within([], window) == timedelta(0)


def test_gaps_are_what_nobody_has_from_now_on() -> None:
    there = booking(1, at(LONG, 1), at(LONG, 4))
    off = booking(2, at(LONG, 20), at(LONG, 21), status="cancelled")
    day = day_of(there, after=HOUR / 2)
    day = VenueDay(units=day.units, bookings=[*day.bookings, off], granted=day.granted, blocks=[])
    axis = fitted(LONG, MADRID, [], whole=True)
    now = at(LONG, 10.1)
    line = timeline(axis, day, [], now)
    (row,) = line.rows
    before = gaps(axis, row, at(LONG, 0))
    assert before[0].span == Span.of(at(LONG, 0), HOUR)
    # from 04:30, in the hours of a day that has 25
    assert before[1].slot.column == 4 * 5 + 2 + 1
    found = gaps(axis, row, now)
    assert found[0].span.start == at(LONG, 10)  # the quarter that now is in
    assert found[-1].span.end == axis.span.end
    assert gaps(axis, row, axis.span.end + HOUR) == []
    assert only_problems(line).rows == []
