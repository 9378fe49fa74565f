"""The time axis of a venue's day: quarter-hour columns counted from instants, so that days of 23 and 25
hours come out right. No I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import ceil, floor
from zoneinfo import ZoneInfo

from holdfast.inventory.model import Span
from holdfast.inventory.wall import whole_day

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
USUAL = (time(8), time(22))
"""What is always drawn, on the venue's clock; the axis grows to whatever happens outside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Columns on the axis, the first is 1; cut where it goes on beyond the axis."""

    column: int
    width: int
    cut_before: bool = False
    cut_after: bool = False

    @property
    def end(self) -> int:
        """The column after the last one."""
        return self.column + self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A full hour and its label; an hour that comes twice in a day is marked the second time."""

    label: str
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The part of a day that is drawn."""

    day: date
    zone: ZoneInfo
    span: Span

    @property
    def columns(self) -> int:
        """How many quarters of an hour are drawn."""
        return ceil(self.span.length / QUARTER)

    def slot(self, span: Span) -> Slot | None:
        """Where a span is drawn, widened to whole quarters; None if it is outside."""
        if not span.overlaps(self.span):
            return None
        first = max(0, floor((span.start - self.span.start) / QUARTER))
        last = min(self.columns, ceil((span.end - self.span.start) / QUARTER))
        return Slot(
            column=first + 1,
            width=last - first,
            cut_before=span.start < self.span.start,
            cut_after=span.end > self.span.end,
        )

    def at(self, instant: datetime) -> Slot | None:
        """The column that an instant lies in."""
        return self.slot(Span.of(instant, timedelta(microseconds=1)))

    def until(self, instant: datetime) -> Slot | None:
        """Everything before an instant, if it has passed at all."""
        passed = min(self.columns, floor((instant - self.span.start) / QUARTER))
        return Slot(column=1, width=passed) if passed > 0 else None

    def ticks(self) -> Iterator[Tick]:
        """Every hour of the axis."""
        seen: set[str] = set()
        for instant in _hours(whole_day(self.day, self.zone)):
            label = instant.astimezone(self.zone).strftime("%H:%M")
            slot = self.slot(Span.of(instant, HOUR))
            if slot is not None:
                yield Tick(label=f"{label} ²" if label in seen else label, slot=slot)
            seen.add(label)


def fitted(day: date, zone: ZoneInfo, busy: Iterable[Span], *, whole: bool = False) -> Axis:
    """The usual hours and whatever of `busy` falls into the day, in whole hours; or the whole day."""
    full = whole_day(day, zone)
    opens, closes = (datetime.combine(day, at, zone).astimezone(UTC) for at in USUAL)
    today = [span for span in busy if span.overlaps(full)]
    start = max(full.start, min([opens, *(span.start for span in today)]))
    end = min(full.end, max([closes, *(span.end for span in today)]))
    hours = (floor((start - full.start) / HOUR), ceil((end - full.start) / HOUR))
    shown = Span(
        start=full.start + hours[0] * HOUR, end=min(full.end, full.start + hours[1] * HOUR)
    )
    return Axis(day=day, zone=zone, span=full if whole else shown)


def _hours(span: Span) -> Iterator[datetime]:
    instant = span.start
    while instant < span.end:
        yield instant
        instant += HOUR
