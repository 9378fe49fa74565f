"""A venue's week: units by rows, days by columns, each cell with what is booked, what is free and what is wrong. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from holdfast.inventory.cover import joined
from holdfast.inventory.model import Span
from holdfast.inventory.wall import whole_day
from holdfast.store.day import DayBooking, Granted, UnitRow, VenueDay
from holdfast.store.reading import ExposureRow, OccupiedRow
from holdfast.web.axis import USUAL
from holdfast.web.timeline import Offered

DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One unit's day. `taken`: with setup and cleanup, at whatever hour; `free`: of the usual hours."""

    day: date
    bookings: int
    closures: int
    conflicts: int
    exposed: int
    unknown: int
    taken: timedelta
    free: timedelta
    usual: timedelta

    @property
    def share(self) -> int:
        """How much of the usual hours is taken, in percent."""
        return round(100 * (1 - self.free / self.usual))

    @property
    def problem(self) -> bool:
        """Whether somebody should look."""
        return bool(self.conflicts or self.exposed or self.unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRow:
    """A unit and its seven days."""

    unit: UnitRow
    cells: Sequence[Cell]

    @property
    def problem(self) -> bool:
        """Whether any of its days has one."""
        return any(cell.problem for cell in self.cells)


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def week_span(first: date, zone: ZoneInfo) -> Span:
    """From the first day's midnight to that after the seventh, on the venue's clock."""
    last = first + timedelta(days=DAYS - 1)
    return Span(start=whole_day(first, zone).start, end=whole_day(last, zone).end)


def week(first: date, zone: ZoneInfo, rows: VenueDay, offered: Sequence[Offered]) -> list[WeekRow]:
    """`rows` and `offered` reach over all of it; what is off is not among them."""
    granted: dict[int, list[Granted]] = {}
    for grant in rows.granted:
        granted.setdefault(grant.booking_id, []).append(grant)
    booked = _by_unit(rows.bookings, granted)
    days = [first + timedelta(days=ahead) for ahead in range(DAYS)]
    return [
        WeekRow(
            unit=unit,
            cells=[_cell(day, zone, booked.get(unit.id, ()), _on(unit, offered)) for day in days],
        )
        for unit in rows.units
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    """A booking on one unit, for as long as the unit is taken by it."""

    booking: DayBooking
    taken: Span


def _by_unit(
    bookings: Iterable[DayBooking], granted: Mapping[int, Sequence[Granted]]
) -> Mapping[int, Sequence[_Stay]]:
    """Where it sits; one without a unit, where it wants to."""
    found: dict[int, list[_Stay]] = {}
    for booking in bookings:
        own = {g.unit_id: _span(g) for g in granted.get(booking.id, ())}
        for unit, span in (own or dict.fromkeys(booking.asked, _span(booking))).items():
            found.setdefault(unit, []).append(_Stay(booking=booking, taken=span))
    return found


def _on(unit: UnitRow, offered: Iterable[Offered]) -> Sequence[Offered]:
    return [row for row in offered if unit.name in row.units]


def _cell(day: date, zone: ZoneInfo, stays: Iterable[_Stay], offered: Iterable[Offered]) -> Cell:
    whole = whole_day(day, zone)
    usual = _usual(day, zone)
    here = [stay for stay in stays if _span(stay.booking).overlaps(whole)]
    closed = [stay for stay in here if stay.booking.closure]
    told = [row for row in offered if _span(row).overlaps(whole)]
    taken = [stay.taken for stay in stays]
    return Cell(
        day=day,
        bookings=len(here) - len(closed),
        closures=len(closed),
        conflicts=sum(stay.booking.conflict for stay in here),
        exposed=sum(isinstance(row, ExposureRow) for row in told),
        unknown=sum(isinstance(row, OccupiedRow) for row in told),
        taken=within(taken, whole),
        free=usual.length - within(taken, usual),
        usual=usual.length,
    )


def within(taken: Iterable[Span], window: Span) -> timedelta:
    """How much of a window is taken; what overlaps counts once."""
    cut = [
        Span(start=max(span.start, window.start), end=min(span.end, window.end))
        for span in taken
        if span.overlaps(window)
    ]
    return sum((span.length for span in joined(cut)), timedelta(0))


def _usual(day: date, zone: ZoneInfo) -> Span:
    start, end = (datetime.combine(day, at, zone).astimezone(UTC) for at in USUAL)
    return Span(start=start, end=end)


def _span(row: DayBooking | Granted | Offered) -> Span:
    return Span(start=row.starts_at, end=row.ends_at)
