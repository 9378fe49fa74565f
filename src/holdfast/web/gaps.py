"""Where nobody is: the free stretches of a unit's row, each of which can be taken. No I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from holdfast.inventory.model import Span
from holdfast.web.axis import QUARTER, Axis, Slot
from holdfast.web.timeline import Placed, Row

SHORTEST = 2
"""Quarters of an hour. What is shorter is too narrow for a finger; any time can be written into the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A free stretch, in whole quarters of an hour, from now on."""

    slot: Slot
    span: Span


def gaps(axis: Axis, row: Row, now: datetime) -> list[Gap]:
    """In order. Setup and cleanup are not free, nor is what somebody unknown has."""
    taken = {column for placed in row.placed if _takes(placed) for column in _columns(placed.slot)}
    passed = axis.until(now)
    first = passed.end if passed else 1
    free = (column for column in range(first, axis.columns + 1) if column not in taken)
    runs = ((start, last) for start, last in _runs(free) if last - start + 1 >= SHORTEST)
    return [_gap(axis, *run) for run in runs]


def _takes(placed: Placed) -> bool:
    """A gap is drawn in the first lane, so whatever is there is in its way."""
    entry = placed.entry
    if entry is None or placed.lane == 1:
        return True
    return entry.shape == "occupied" or (entry.shape == "booking" and entry.mark.look != "off")


def _columns(slot: Slot) -> range:
    return range(slot.column, slot.end)


def _runs(columns: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of those that follow each other."""
    first = last = 0
    for column in columns:
        if first and column == last + 1:
            last = column
            continue
        if first:
            yield first, last
        first = last = column
    if first:
        yield first, last


def _gap(axis: Axis, first: int, last: int) -> Gap:
    start = axis.span.start + (first - 1) * QUARTER
    end = min(axis.span.start + last * QUARTER, axis.span.end)
    return Gap(slot=Slot(column=first, width=last - first + 1), span=Span(start=start, end=end))
