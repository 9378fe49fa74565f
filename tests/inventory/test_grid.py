"""A first block is placed where a listing probably sells, by the days that were read."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import patient

from holdfast.inventory.grid import guess, unread
from holdfast.inventory.model import Span

PARIS = ZoneInfo("Europe/Paris")
HOUR, TURN = timedelta(hours=1), timedelta(minutes=90)
MONDAY = date(2026, 1, 5)


def offer(day: date, clock: str, length: timedelta = TURN) -> Span:
    wall = datetime.combine(day, time.fromisoformat(clock), PARIS)
    return Span.of(wall.astimezone(UTC), length)


def days(count: int) -> list[date]:
    return [MONDAY + timedelta(days=number) for number in range(count)]


def test_the_same_weekday_counts_where_it_was_read() -> None:
    known = [offer(MONDAY, "12:00"), offer(MONDAY, "19:00"), offer(days(2)[1], "10:00")]
    later = MONDAY + timedelta(days=21)
    around = offer(later, "18:30", 2 * HOUR)
    assert guess(known, around, PARIS) == [offer(later, "19:00")]


def test_another_weekday_is_guessed_from_what_begins_on_each_day_that_was_read() -> None:
    known = [offer(day, "19:00") for day in days(2)] + [offer(MONDAY, "20:00")]
    later = MONDAY + timedelta(days=23)
    assert guess(known, offer(later, "19:30"), PARIS) == [offer(later, "19:00")]


def test_nothing_is_guessed_where_nothing_was_read() -> None:
    assert guess([], offer(MONDAY, "19:00"), PARIS) == []


def test_the_wall_clock_counts_when_the_offset_changes() -> None:
    winter, summer = date(2026, 3, 22), date(2026, 3, 29)
    known = [offer(winter, "19:00")]
    assert guess(known, offer(summer, "19:00"), PARIS) == [offer(summer, "19:00")]
    assert offer(summer, "19:00").start - offer(winter, "19:00").start == timedelta(hours=167)


def test_a_start_that_the_clock_skips_or_shows_twice_is_not_guessed() -> None:
    for night, clock in ((date(2026, 3, 29), "02:30"), (date(2026, 10, 25), "02:30")):
        known = [offer(night - timedelta(days=7), clock)]
        around = Span.of(datetime.combine(night, time(0), UTC), 4 * HOUR)
        assert guess(known, around, PARIS) == []


@patient
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 95)), max_size=40),
    st.integers(0, 60),
    st.integers(0, 95),
)
def test_whatever_is_guessed_overlaps_the_time_and_begins_as_on_a_day_that_was_read(
    read: list[tuple[int, int]], ahead: int, quarter: int
) -> None:
    def at(day: int, step: int) -> Span:
        local = datetime.combine(
            MONDAY + timedelta(days=day), time(step // 4, step % 4 * 15), PARIS
        )
        return Span.of(local.astimezone(UTC), TURN)

    known, around = [at(day, step) for day, step in read], at(ahead, quarter)
    walls = {(o.start.astimezone(PARIS).time(), o.length) for o in known}
    for span in guess(known, around, PARIS):
        assert span.overlaps(around)
        assert (span.start.astimezone(PARIS).time(), span.length) in walls


def test_what_was_read_in_pieces_is_read() -> None:
    whole = offer(MONDAY, "12:00", 3 * HOUR)
    first, second = Span.of(whole.start, HOUR), Span.of(whole.start + HOUR, 2 * HOUR)
    assert unread([whole], [first, second]) == []
    assert unread([whole], [first]) == [whole]
