"""Filters as they stand in the address of a list: read, checked by name, and put back into links."""

import re
from collections.abc import Awaitable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from holdfast.web.fields import is_id
from holdfast.web.problems import UNAVAILABLE, Problem, wrong_field

LONGEST = 200
PAGE = 50
PRESETS = {"1h": "the last hour", "24h": "the last 24 hours", "7d": "the last 7 days"}

_AGO = re.compile(r"([1-9][0-9]{0,3})([mhd])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Found = TypeVar("Found")


def text(asked: Mapping[str, str], name: str) -> str | None:
    """A piece of text, None if it is not asked for. Raises Problem."""
    value = asked.get(name, "").strip()
    if len(value) > LONGEST or not value.isprintable():
        raise wrong_field(name, f"at most {LONGEST} printable characters")
    return value or None


def one_of(asked: Mapping[str, str], name: str, known: Collection[str]) -> str | None:
    """One of the known words, None if it is not asked for. Raises Problem."""
    value = asked.get(name, "")
    if value and value not in known:
        raise wrong_field(name, f"one of {', '.join(known)}")
    return value or None


def whole(asked: Mapping[str, str], name: str, most: int) -> int | None:
    """A whole number from 1 up, None if it is not asked for. Raises Problem."""
    value = asked.get(name, "")
    if not value:
        return None
    if not (is_id(value) and int(value) <= most):
        raise wrong_field(name, f"a whole number from 1 to {most}")
    return int(value)


def a_day(asked: Mapping[str, str], name: str) -> date | None:
    """A day of the calendar, None if it is not asked for. Raises Problem."""
    text = asked.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise wrong_field(name, "a day as YYYY-MM-DD") from error
    if not 2000 <= day.year < 2100:
        raise wrong_field(name, "a day between 2000 and 2099")
    return day


def instant(asked: Mapping[str, str], name: str, now: datetime) -> datetime | None:
    """`15m`, `24h` or `7d` ago, or an instant, UTC where it has no zone. Raises Problem."""
    value = asked.get(name, "")
    ago = _AGO.fullmatch(value)
    if ago:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    if not value:
        return None
    try:
        told = datetime.fromisoformat(value)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong_field(name, "an instant such as 2026-11-21T14:00Z, or 24h") from error


def link(path: str, state: Mapping[str, str], **more: object) -> str:
    """The list again with its filter; what is empty is left out."""
    told = {name: value for name, value in {**state, **more}.items() if value}
    return f"{path}?{urlencode(told)}" if told else path


async def in_time(work: Awaitable[Found]) -> Found:
    """What was asked for. Raises Problem where it takes too long."""
    try:
        return await work
    except TimeoutError as error:
        raise Problem(UNAVAILABLE, "That is too much at once: narrow the time range.") from error
