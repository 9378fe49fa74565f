"""One booking on one time axis: its channel, our calendar, every other channel, and exposure as a band. No I/O.

Between two marks lies anything from a millisecond to a month, so that distances grow with the logarithm of
the time between; what happened at once stands together, and nothing is so far off that it cannot be seen.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

WIDTH, LEFT, RIGHT = 960, 170, 40
"""Of the drawing, and of what is left free for the names of the lanes and behind the last mark."""
LANE, TOP = 40, 18
MOST = 60
"""Marks that are drawn; the story below has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something that happened in a lane."""

    lane: str
    at: datetime
    text: str
    look: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A lane's time sold twice; `until` is now where it still is."""

    lane: str
    since: datetime
    until: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point with its place."""

    x: float
    y: float
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripe:
    """A band with its place."""

    x: float
    y: float
    width: float
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A moment on the axis; `label` counts from the first one."""

    x: float
    label: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that is drawn, in units of the drawing."""

    lanes: Sequence[tuple[str, float]]
    marks: Sequence[Mark]
    stripes: Sequence[Stripe]
    ticks: Sequence[Tick]
    width: int
    height: float
    hidden: int


def picture(lanes: Sequence[str], points: Sequence[Point], bands: Sequence[Band]) -> Picture:
    """The lanes in their order from top to bottom; the oldest marks where there are too many."""
    drawn = sorted(points, key=lambda point: point.at)[:MOST]
    places = _places([*(p.at for p in drawn), *(end for b in bands for end in (b.since, b.until))])
    heights = {lane: TOP + LANE * (row + 0.5) for row, lane in enumerate(lanes)}
    return Picture(
        lanes=list(heights.items()),
        marks=[Mark(x=places[p.at], y=heights[p.lane], point=p) for p in drawn],
        stripes=[_stripe(band, places, heights[band.lane]) for band in bands],
        ticks=_ticks(places),
        width=WIDTH,
        height=TOP * 2 + LANE * len(lanes),
        hidden=len(points) - len(drawn),
    )


def _places(instants: Iterable[datetime]) -> dict[datetime, float]:
    """From left to right, in proportion to log(1 + 100 s) of each gap."""
    ordered = sorted(set(instants))
    gaps = [math.log1p(100 * (late - soon).total_seconds()) for soon, late in pairwise(ordered)]
    scale = (WIDTH - LEFT - RIGHT) / (sum(gaps) or 1)
    sums = [sum(gaps[:count]) for count in range(len(ordered))]
    return {at: round(LEFT + scale * so_far, 1) for at, so_far in zip(ordered, sums, strict=True)}


def _stripe(band: Band, places: dict[datetime, float], y: float) -> Stripe:
    start, end = places[band.since], places[band.until]
    return Stripe(x=start, y=y, width=max(2.0, round(end - start, 1)), band=band)


def _ticks(places: dict[datetime, float]) -> list[Tick]:
    """As many as can be read."""
    found: list[Tick] = []
    first = min(places, default=None)
    for at, x in sorted(places.items()):
        if first is not None and (not found or x - found[-1].x >= 64):
            found.append(Tick(x=x, label=_since(at, first), at=at))
    return found


def _since(at: datetime, first: datetime) -> str:
    seconds = (at - first).total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"+{seconds / size:.3g} {unit}"
    return f"+{seconds:.3g} s" if seconds >= 1 else f"+{seconds * 1000:.0f} ms"
