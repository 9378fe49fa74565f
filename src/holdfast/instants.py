"""Instants in whatever notation JSON and ISO 8601 allow for one: text, or a number of seconds since 1970. No I/O.

Python's own parser refuses midnight as 24:00, a leap second, a lower-case `t` or `z` and more, and a booking must not
be lost by that.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from fractions import Fraction

from holdfast.told import sane_instant

LONGEST = 64
"""Characters: no notation of an instant is longer."""

_EPOCH = re.compile(r"[+-]?[0-9]{9,}(\.[0-9]+)?|[+-]?[0-9]+(\.[0-9]+)?E[+-]?[0-9]+")
"""Fewer digits are a date in the basic format, or no instant that a booking is made for."""

_ISO = re.compile(
    r"(?P<year>[0-9]{4}|[+-][0-9]{4,6})-?"
    r"(?:(?P<month>[0-9]{2})-?(?P<day>[0-9]{2})|W(?P<week>[0-9]{2})-?(?P<weekday>[1-7])|(?P<ordinal>[0-9]{3}))"
    r"(?:[T ]\s*(?P<hour>[0-9]{2})(?::?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2}))?)?"
    r"(?:[.,](?P<fraction>[0-9]+))?"
    r"\s*(?:(?P<utc>Z|UTC|GMT)|(?P<sign>[+-])(?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2}))?(?::?00)?)?)?(?:\[.*\])?"
)

_SCALES = ((1e17, 10**9), (1e14, 10**6), (1e11, 10**3))
"""From which size on an epoch is in which parts of a second; in seconds 1e11 would be the year 5138."""


def instant(value: object, assumed: tzinfo | None = None) -> datetime:
    """The UTC instant; a text that names no zone is on the clock of `assumed`.

    Raises ValueError for anything else; for a text without a zone, too, where nothing says whose clock it is.
    """
    if isinstance(value, str):
        usual = _usual(value)
        return _from_text(value, assumed) if usual is None else _placed(usual, assumed)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(value)
    raise ValueError(f"no instant can be read from a {type(value).__name__}")


def _usual(text: str) -> datetime | None:
    """In the notation that nearly all of them have, of which each list has hundreds: many times as fast."""
    if text[4:5] != "-" or text[16:17] != ":":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_text(text: str, assumed: tzinfo | None) -> datetime:
    text = text[: LONGEST + 1].strip().upper().replace("\N{MINUS SIGN}", "-")
    if len(text) > LONGEST:
        raise ValueError("too long for an instant")
    if _EPOCH.fullmatch(text):
        return _from_epoch(float(text))
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError("no notation of an instant")
    try:
        return _placed((_date(found) + _clock(found)).replace(tzinfo=_zone(found)), assumed)
    except OverflowError as error:
        raise ValueError("an instant beyond the calendar") from error


def _date(found: re.Match[str]) -> datetime:
    """Its midnight, on a clock that is still to be named."""
    year, day = int(found["year"]), date(int(found["year"]), 1, 1)
    if found["week"]:
        day = date.fromisocalendar(year, int(found["week"]), int(found["weekday"]))
    elif not found["ordinal"]:
        day = date(year, int(found["month"]), int(found["day"]))
    else:
        day += timedelta(days=int(found["ordinal"]) - 1)
        if day.year != year:
            raise ValueError("a day beyond its year")
    return datetime.combine(day, time(), UTC)


def _clock(found: re.Match[str]) -> timedelta:
    """Since midnight. 24:00 is the end of a day, a second 60 a leap second; a fraction is of the last part."""
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    part = 1 if found["second"] else 60 if found["minute"] else 3600
    digits = (found["fraction"] or "0")[:18]
    rest = timedelta(microseconds=int(Fraction(int(digits), 10 ** len(digits)) * part * 10**6))
    length = timedelta(hours=hour, minutes=minute, seconds=second) + rest
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and length > timedelta(days=1)):
        raise ValueError("no time of a day")
    return length


def _zone(found: re.Match[str]) -> tzinfo | None:
    if found["utc"]:
        return UTC
    if not found["sign"]:
        return None
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return timezone(-offset if found["sign"] == "-" else offset)


def _placed(moment: datetime, assumed: tzinfo | None) -> datetime:
    if moment.tzinfo is None:
        if assumed is None:
            raise ValueError("an instant without a zone")
        moment = moment.replace(tzinfo=assumed)
    return sane_instant(moment)


def _from_epoch(number: float) -> datetime:
    try:
        parts = next((parts for size, parts in _SCALES if abs(number) > size), 1)
        return sane_instant(datetime.fromtimestamp(number / parts, UTC))
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError("an epoch beyond the calendar") from error
