"""Times as people say them, on the days on which the clock on the wall jumps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.inventory.model import Span
from holdfast.inventory.wall import instant, length

PARIS = ZoneInfo("Europe/Paris")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-21T20:00", "2026-11-21T19:00"),
        ("2026-07-21T20:00", "2026-07-21T18:00"),
        ("2026-11-21T20:00Z", "2026-11-21T20:00"),
        ("2026-11-21T20:00-05:00", "2026-11-22T01:00"),
        ("2026-03-29T01:59", "2026-03-29T00:59"),
        ("2026-03-29T03:00", "2026-03-29T01:00"),
        ("2026-10-25T02:30+02:00", "2026-10-25T00:30"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30"),
    ],
)
def test_a_time_without_an_offset_is_the_venues_own(said: str, meant: str) -> None:
    assert instant(said, PARIS) == utc(meant)


def test_an_hour_that_the_clock_skips_does_not_exist() -> None:
    with pytest.raises(ValueError, match="does not exist in Europe/Paris"):
        instant("2026-03-29T02:30", PARIS)


def test_an_hour_that_comes_twice_needs_its_offset_and_both_are_named() -> None:
    with pytest.raises(ValueError, match=r"T02:30:00\+02:00 or 2026-10-25T02:30:00\+01:00"):
        instant("2026-10-25T02:30", PARIS)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_a_day_is_as_long_as_it_really_is(day: str, hours: int) -> None:
    following = (datetime.fromisoformat(day) + timedelta(days=1)).date().isoformat()
    whole = Span(start=instant(f"{day}T00:00", PARIS), end=instant(f"{following}T00:00", PARIS))
    assert whole.length == timedelta(hours=hours)


def test_a_length_is_time_that_really_passes() -> None:
    span = Span.of(instant("2026-03-29T01:30", PARIS), length("90m"))
    assert span.end == instant("2026-03-29T04:00", PARIS)


@pytest.mark.parametrize(
    ("said", "minutes"), [("90m", 90), ("2h", 120), ("1h30m", 90), (" 2H ", 120), ("0h5m", 5)]
)
def test_lengths_as_people_write_them(said: str, minutes: int) -> None:
    assert length(said) == timedelta(minutes=minutes)


@pytest.mark.parametrize("said", ["", "0m", "0h0m", "-5m", "90", "1.5h", "1h-30m", "m", "90s"])
def test_no_length_and_nonsense_are_refused(said: str) -> None:
    with pytest.raises(ValueError, match="expected a length"):
        length(said)


@given(st.integers(0, 60 * 24 * 365 * 4))
def test_what_the_wall_shows_leads_back_to_the_same_instant(minutes: int) -> None:
    at = utc("2025-01-01T00:00") + timedelta(minutes=minutes)
    assert instant(at.astimezone(PARIS).isoformat(), PARIS) == at
