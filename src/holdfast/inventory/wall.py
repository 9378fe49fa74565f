"""wall: times and lengths as people at a venue say them, as instants and spans. No I/O."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from holdfast.inventory.model import Span

_LENGTH = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,5})m)?")


def instant(text: str, zone: ZoneInfo) -> datetime:
    """The UTC instant of an ISO 8601 time; without an offset it is the clock on the venue's wall.

    Raises ValueError for what is no time, for an hour that the wall clock skips in spring, and for one that
    it shows twice in autumn: that needs its offset.
    """
    said = datetime.fromisoformat(text)
    if said.tzinfo is not None:
        return said.astimezone(UTC)
    once, again = (said.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if once > again:
        raise ValueError(f"{text} does not exist in {zone.key}: the clock skips it that night")
    if once < again:
        both = " or ".join(at.astimezone(zone).isoformat() for at in (once, again))
        raise ValueError(f"{text} comes twice in {zone.key} that night: say {both}")
    return once


def whole_day(day: date, zone: ZoneInfo) -> Span:
    """From midnight to midnight on the venue's clock: 23, 24 or 25 hours, as a rule."""
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return Span(start=start.astimezone(UTC), end=end.astimezone(UTC))


def today(now: datetime, zone: ZoneInfo) -> Span:
    """The day in which `now` lies on the venue's clock."""
    return whole_day(now.astimezone(zone).date(), zone)


def over_midnight(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Both days with their times, as in Wed 2 Dec 12:00 to Thu 3 Dec 12:00; empty where it is one day on that clock."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() == last.date():
        return ""
    from_, to = (f"{at:%a} {at.day} {at:%b %H:%M}" for at in (first, last))
    return f"{from_} \N{EN DASH} {to}"


def length(text: str) -> timedelta:
    """`90m`, `2h` or `1h30m`: time that really passes, whatever the clock on the wall does meanwhile.

    Raises ValueError for anything else, and for no time at all.
    """
    found = _LENGTH.fullmatch(text.strip().lower())
    hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0)
    if not hours and not minutes:
        raise ValueError(f"{text}: expected a length like 90m, 2h or 1h30m")
    return timedelta(hours=hours, minutes=minutes)
