"""One instant in every notation that JSON and ISO 8601 have for it, and what is none."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.instants import instant
from holdfast.told import FIRST_YEAR, LAST_YEAR

EVENING = datetime(2026, 12, 5, 19, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 6, tzinfo=UTC)
EPOCH = int(EVENING.timestamp())

SAME: tuple[object, ...] = (
    "2026-12-05T19:00:00Z",
    "2026-12-05T19:00:00z",
    "2026-12-05t19:00:00Z",
    "2026-12-05 19:00:00Z",
    " 2026-12-05T19:00:00Z\n",
    "2026-12-05T19:00Z",
    "2026-12-05T19Z",
    "20261205T190000Z",
    "20261205T1900Z",
    "2026-W49-6T19:00:00Z",
    "2026W496T190000Z",
    "2026-339T19:00:00Z",
    "2026339T19Z",
    "+002026-12-05T19:00:00Z",
    "2026-12-05T20:00:00+01:00",
    "2026-12-05T20:00:00+0100",
    "2026-12-05T20:00:00+01",
    "2026-12-05T20:00:00 +01:00",
    "2026-12-05T18:00:00\N{MINUS SIGN}01:00",
    "2026-12-05T20:00:00+01:00[Europe/Paris]",
    "2026-12-05T19:00:00.000Z",
    "2026-12-05T19:00:00,000Z",
    "2026-12-05T19:00:00.000000000Z",
    "2026-12-05T18:59:60Z",
    "2026-12-05T19:00.0Z",
    "2026-12-05T19,0Z",
    "2026-12-05T19:00:00 UTC",
    "2026-12-05T19:00:00GMT",
    EPOCH,
    float(EPOCH),
    str(EPOCH),
    f"{EPOCH}.0",
    f"{EPOCH}e0",
    "1.7964972e9",
    EPOCH * 1000,
    str(EPOCH * 1000),
    EPOCH * 10**6,
    EPOCH * 10**9,
)


@pytest.mark.parametrize("value", SAME, ids=repr)
def test_each_notation_is_read_as_the_same_instant(value: object) -> None:
    assert instant(value) == EVENING


@pytest.mark.parametrize(
    "text",
    [
        *("2026-12-05T24:00:00Z", "2026-12-05T24:00Z", "20261205T24Z", "2026-12-05T23:59:60Z"),
        *("2026-12-05T24:00:00.000Z", "2026-12-05T24:00:00+00:00", "2026-12-06T01:00:60+01:01"),
    ],
)
def test_the_end_of_a_day_is_the_midnight_after_it(text: str) -> None:
    assert instant(text) == MIDNIGHT


def test_a_fraction_is_one_of_the_last_part_that_is_told() -> None:
    half = {"2026-12-05T18.5Z": 30 * 60, "2026-12-05T18:59,5Z": 30, "2026-12-05T18:59:59.5Z": 0.5}
    for text, seconds in half.items():
        assert instant(text) == EVENING - timedelta(seconds=seconds)


NONE: tuple[object, ...] = (
    *(None, True, False, [], {}, [EPOCH], {"date": EPOCH}, "", " ", "soon", "now"),
    *(0, "0", -1, 1, 20261205, float("nan"), float("inf"), 10**400, "9" * 400, 1e308),
    *("2026-13-05T19:00Z", "2026-02-30T19:00Z", "2026-12-05T25:00Z", "2026-12-05T24:00:01Z"),
    *("2026-12-05T19:60Z", "2026-12-05T19:00:61Z", "2026-366T19:00Z", "2026-000T19:00Z"),
    *("0000-00-00T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-12-05T"),
    *(
        "2026-12",
        "T19:00Z",
        "2026-12-05T19:00:00+25:00",
        "\N{ARABIC-INDIC DIGIT TWO}026-12-05T19:00Z",
    ),
)


@pytest.mark.parametrize("value", NONE, ids=repr)
def test_what_is_no_instant_of_a_booking_is_refused(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 a ValidationError is made of whichever it is
        instant(value, UTC)


def test_a_time_without_a_zone_needs_a_clock_that_it_is_told_by() -> None:
    for text in ("2026-12-05T19:00:00", "20261205T19", "2026-12-05 19:00"):
        assert instant(text, UTC) == EVENING
        with pytest.raises(ValueError, match="without a zone"):
            instant(text)
    assert instant("2026-12-05", UTC) == EVENING.replace(hour=0)


@given(
    st.datetimes(datetime(FIRST_YEAR + 1, 1, 1), datetime(LAST_YEAR - 1, 12, 31)),  # noqa: DTZ001 hypothesis wants them so
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["T", "t", " "]),
)
def test_whatever_python_writes_is_read_back(wall: datetime, minutes: int, separator: str) -> None:
    told = wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert instant(told.isoformat(separator)) == told
    assert instant(told.strftime("%Y%m%dT%H%M%S.%f%z")) == told
