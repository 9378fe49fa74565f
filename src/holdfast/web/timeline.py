"""The day of a venue as rows of entries in lanes: what is booked on each unit, and what we closed elsewhere
because of it. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from holdfast.inventory.model import Span
from holdfast.store.day import DayBlock, DayBooking, Granted, UnitRow, VenueDay
from holdfast.store.reading import ExposureRow, OccupiedRow
from holdfast.web.axis import Axis, Slot
from holdfast.web.entry import Entry
from holdfast.web.notices import notices
from holdfast.web.pips import judged, pips
from holdfast.web.words import (
    EXPOSED,
    OCCUPIED,
    between,
    counted,
    lasting,
    status_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An entry, or the setup or cleanup beside one (`entry` None), in a lane of a row."""

    entry: Entry | None
    slot: Slot
    lane: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A unit and all that is drawn beside its name."""

    unit: UnitRow
    placed: Sequence[Placed]
    problem: bool

    @property
    def troubled(self) -> bool:
        """Whether anything in it is."""
        return self.problem or any(one.entry and one.entry.troubled for one in self.placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A venue's day: rows for wide screens, `agenda` for narrow ones; `homeless` have no unit."""

    axis: Axis
    rows: Sequence[Row]
    agenda: Sequence[Entry]
    homeless: Sequence[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """An entry with the units whose rows it belongs in, and its pads by unit."""

    entry: Entry
    span: Span
    units: frozenset[int]
    padded: Mapping[int, Span]


Offered = ExposureRow | OccupiedRow
_Sitting = Mapping[int | None, frozenset[int]]
"""The units of each booking."""
Each = TypeVar("Each")


def busy(day: VenueDay, offered: Iterable[Offered]) -> list[Span]:
    """Everything that the axis should reach; `offered` is what the channels' offers tell."""
    rows: list[DayBooking | DayBlock | Granted | Offered] = [*day.bookings, *day.blocks]
    rows += [*day.granted, *offered]
    return [_span(row) for row in rows]


def timeline(axis: Axis, day: VenueDay, offered: Sequence[Offered], now: datetime) -> Timeline:
    """Who is where, who knows, what is still offered, and where somebody unknown is."""
    exposures = [row for row in offered if isinstance(row, ExposureRow)]
    unknown = [_occupied(axis, day, row, now) for row in offered if isinstance(row, OccupiedRow)]
    granted = _grouped((grant.booking_id, grant) for grant in day.granted)
    told = _grouped((booking, block) for block in day.blocks for booking in block.because)
    bookings = [
        _booking(axis, day, one, (granted.get(one.id, ()), told.get(one.id, ())), now)
        for one in day.bookings
    ]
    sitting = {drawn.entry.booking: drawn.units for drawn in bookings}
    blocks = [_block(axis, day, block, sitting, now) for block in day.blocks]
    exposed = [_exposure(axis, day, group, now) for group in _merged(exposures)]
    return Timeline(
        axis=axis,
        rows=[_row(axis, unit, (bookings, unknown, blocks, exposed)) for unit in day.units],
        agenda=[
            drawn.entry
            for drawn in sorted([*exposed, *unknown, *bookings], key=lambda drawn: drawn.span.start)
            if axis.slot(drawn.span) is not None
        ],
        homeless=[drawn.entry for drawn in bookings if not drawn.units],
    )


def only_problems(line: Timeline) -> Timeline:
    """The rows and entries that somebody should look at."""
    return replace(
        line,
        rows=[row for row in line.rows if row.troubled],
        agenda=[entry for entry in line.agenda if entry.troubled],
    )


def _grouped(pairs: Iterable[tuple[int, Each]]) -> Mapping[int, Sequence[Each]]:
    found: dict[int, list[Each]] = {}
    for number, each in pairs:
        found.setdefault(number, []).append(each)
    return found


def _booking(
    axis: Axis,
    day: VenueDay,
    booking: DayBooking,
    known: tuple[Sequence[Granted], Sequence[DayBlock]],
    now: datetime,
) -> _Drawn:
    granted, blocks = known
    units = frozenset(grant.unit_id for grant in granted) or frozenset(booking.asked)
    left = booking.held_until - now if booking.held_until else None
    told = notices(day.flaws.get(booking.id, ()), now)
    entry = Entry(
        key=f"booking-{booking.id}",
        shape="booking",
        mark=status_of(booking),
        start=booking.starts_at,
        end=booking.ends_at,
        when=between(booking.starts_at, booking.ends_at, axis.zone),
        what=counted(booking.party_size, "guest") if booking.party_size else "",
        source=booking.account or booking.channel,
        channel=booking.channel,
        names=_names(day.units, units),
        booking=booking.id,
        note=f"{lasting(left)} left" if left and booking.status in ("held", "pending") else "",
        clash=booking.conflict or any(one.kind == "overlapped" for one in told),
        pips=pips(blocks, told),
        notices=told,
    )
    padded = {grant.unit_id: _span(grant) for grant in granted}
    return _Drawn(entry=entry, span=_span(booking), units=units, padded=padded)


def _block(axis: Axis, day: VenueDay, block: DayBlock, sitting: _Sitting, now: datetime) -> _Drawn:
    units = _closed_by(day, block, sitting)
    told = [one for n in block.because for one in notices(day.flaws.get(n, ()), now)]
    left = block.expires_at - now if block.expires_at and block.state == "held" else None
    entry = Entry(
        key=f"block-{block.id}",
        shape="block",
        mark=judged(block, told),
        start=block.starts_at,
        end=block.ends_at,
        when=between(block.starts_at, block.ends_at, axis.zone),
        what=_reason(block),
        source=block.listing,
        channel=block.channel,
        names=_names(day.units, units),
        note=f"{lasting(left)} left" if left else "",
    )
    return _Drawn(entry=entry, span=_span(block), units=units, padded={})


def _closed_by(day: VenueDay, block: DayBlock, sitting: _Sitting) -> frozenset[int]:
    """The units that it is about: of a pool, the one it stands for; without a reason, the first it closes."""
    if block.unit_id is not None:
        return frozenset([block.unit_id])
    closes = [unit.id for unit in day.units if block.listing in unit.listings]
    about = {unit for number in block.because for unit in sitting.get(number, ())}
    return frozenset(about & set(closes)) or frozenset(closes[:1])


def _reason(block: DayBlock) -> str:
    if block.because:
        return f"stands for {', '.join(f'#{number}' for number in block.because)}"
    if block.wants == "nothing":
        return "stands for nothing any more"
    return "stands for somebody unknown on another channel"


def _exposure(axis: Axis, day: VenueDay, group: Sequence[ExposureRow], now: datetime) -> _Drawn:
    first, last = group[0], max(group, key=lambda row: row.ends_at)
    names = {name for row in group for name in row.units}
    units = frozenset(unit.id for unit in day.units if unit.name in names)
    age = max(now - row.read_at for row in group)
    entry = Entry(
        key=f"exposure-{first.listing}-{first.starts_at:%Y%m%dT%H%M}",
        shape="exposure",
        mark=EXPOSED,
        start=first.starts_at,
        end=last.ends_at,
        when=between(first.starts_at, last.ends_at, axis.zone),
        what=counted(len(group), "offer"),
        source=first.listing,
        channel=first.channel,
        names=_names(day.units, units),
        note=f"read {lasting(age)} ago",
    )
    span = Span(start=first.starts_at, end=last.ends_at)
    return _Drawn(entry=entry, span=span, units=units, padded={})


def _occupied(axis: Axis, day: VenueDay, row: OccupiedRow, now: datetime) -> _Drawn:
    units = frozenset(unit.id for unit in day.units if unit.name in row.units)
    entry = Entry(
        key=f"occupied-{row.listing}-{row.starts_at:%Y%m%dT%H%M}",
        shape="occupied",
        mark=OCCUPIED,
        start=row.starts_at,
        end=row.ends_at,
        when=between(row.starts_at, row.ends_at, axis.zone),
        what="closed on the other channels" if row.trusted else "not closed elsewhere",
        source=row.listing,
        channel=row.channel,
        names=_names(day.units, units),
        note=f"read {lasting(now - row.read_at)} ago",
    )
    return _Drawn(entry=entry, span=_span(row), units=units, padded={})


def _merged(exposures: Sequence[ExposureRow]) -> list[list[ExposureRow]]:
    """Offers of one listing that overlap or touch are one stretch of danger."""
    groups: list[list[ExposureRow]] = []
    for row in sorted(exposures, key=lambda row: (row.listing, row.starts_at)):
        last = groups[-1] if groups else []
        if (
            last
            and last[0].listing == row.listing
            and row.starts_at <= max(r.ends_at for r in last)
        ):
            last.append(row)
        else:
            groups.append([row])
    return groups


def _row(axis: Axis, unit: UnitRow, kinds: Iterable[Iterable[_Drawn]]) -> Row:
    """Each kind below the one before it, in as many lanes as it needs."""
    placed: list[Placed] = []
    mine = [[drawn for drawn in kind if unit.id in drawn.units] for kind in kinds]
    for kind in mine:
        lanes = max((each.lane for each in placed), default=0)
        placed += [replace(each, lane=each.lane + lanes) for each in _in_lanes(axis, unit, kind)]
    flat = [drawn.entry for kind in mine for drawn in kind]
    problem = any(entry.clash or entry.shape == "exposure" for entry in flat)
    return Row(unit=unit, placed=placed, problem=problem)


def _in_lanes(axis: Axis, unit: UnitRow, kind: Iterable[_Drawn]) -> list[Placed]:
    """First fit by start; setup and cleanup count as taken, so nothing is drawn over them."""
    placed: list[Placed] = []
    ends: list[int] = []
    for drawn in sorted(kind, key=lambda each: each.padded.get(unit.id, each.span).start):
        outer, inner = axis.slot(drawn.padded.get(unit.id, drawn.span)), axis.slot(drawn.span)
        if outer is None or inner is None:
            continue
        free = (lane for lane, end in enumerate(ends) if end <= outer.column)
        lane = next(free, len(ends))
        ends[lane : lane + 1] = [outer.end]
        pads = _pads(outer, inner)
        placed += [Placed(entry=None, slot=pad, lane=lane + 1) for pad in pads]
        placed.append(Placed(entry=drawn.entry, slot=inner, lane=lane + 1))
    return placed


def _pads(outer: Slot, inner: Slot) -> list[Slot]:
    before = Slot(column=outer.column, width=inner.column - outer.column)
    after = Slot(column=inner.end, width=outer.end - inner.end)
    return [pad for pad in (before, after) if pad.width > 0]


def _names(units: Iterable[UnitRow], ids: frozenset[int]) -> Sequence[str]:
    return [unit.name for unit in units if unit.id in ids]


def _span(row: DayBooking | DayBlock | Granted | Offered) -> Span:
    return Span(start=row.starts_at, end=row.ends_at)
