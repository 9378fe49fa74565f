"""grid: what a listing probably sells at a time that was never read, by the days that were. No I/O.

It is good for one thing only: to place a first block at once. Nothing is concluded from it about what is free, and the
reading that follows proves or corrects it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from holdfast.inventory.cover import joined
from holdfast.inventory.model import Span

DAYS = timedelta(days=8)
"""A grid is learned from the days up to here, counted from now: each weekday is among them."""

Start = tuple[time, timedelta]
"""A start on the wall clock, and how long what begins there lasts."""


def guess(known: Iterable[Span], around: Span, zone: tzinfo) -> list[Span]:
    """Offers that probably overlap `around`, on the venue's wall clock of `zone`.

    `known` are offers of days that were read, sold or not. The days of the same weekday count; where none was read,
    only what begins on each of the days that were.
    """
    days = _by_day(known, zone)
    longest = max((length for starts in days.values() for _, length in starts), default=None)
    if longest is None:
        return []
    found: list[Span] = []
    for day in _dates(around.start - longest, around.end, zone):
        starts = _starts(days, day.weekday())
        spans = (_at(day, at, length, zone) for at, length in sorted(starts))
        found += [span for span in spans if span is not None and span.overlaps(around)]
    return found


def unread(closed: Iterable[Span], looks: Sequence[Span]) -> list[Span]:
    """The closed times, joined, whose offers were never read as a whole."""
    known = joined(looks)
    return [span for span in joined(closed) if not any(look.covers(span) for look in known)]


def _by_day(known: Iterable[Span], zone: tzinfo) -> dict[date, set[Start]]:
    days: dict[date, set[Start]] = {}
    for offer in known:
        local = offer.start.astimezone(zone)
        days.setdefault(local.date(), set()).add((local.time(), offer.length))
    return days


def _starts(days: Mapping[date, set[Start]], weekday: int) -> set[Start]:
    alike = [starts for day, starts in days.items() if day.weekday() == weekday]
    if alike:
        return set[Start]().union(*alike)
    return set[Start].intersection(*days.values())


def _dates(start: datetime, end: datetime, zone: tzinfo) -> Iterator[date]:
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _at(day: date, at: time, length: timedelta, zone: tzinfo) -> Span | None:
    """None where the wall clock never shows this, or shows it twice."""
    wall = datetime.combine(day, at, zone)
    if wall.utcoffset() != wall.replace(fold=1).utcoffset():
        return None
    return Span.of(wall.astimezone(UTC), length)
