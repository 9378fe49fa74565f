"""A day as 24 small bars, drawn on the server: one an hour, the last one is the hour up to now. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from holdfast.store.operations import HOURS

STEP, WIDE, HIGH = 5, 4, 24
"""Of the drawing: from bar to bar, a bar, and the highest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One hour; `over` the target."""

    x: int
    y: float
    height: float
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """The bars of the hours in which anything was measured, and the same in words."""

    bars: Sequence[Bar]
    words: str

    @property
    def width(self) -> int:
        """Of the drawing."""
        return HOURS * STEP


def spark(what: str, by_hour: Mapping[int, float], target: float, unit: str) -> Spark:
    """Values by hour, 0 the oldest, the highest fills the picture; what was not measured is left out."""
    known = {hour: value for hour, value in by_hour.items() if 0 <= hour < HOURS}
    if not known:
        return Spark(bars=(), words=f"{what}, by the hour, last 24 h: nothing was measured")
    top = max(known.values()) or 1.0
    bars = [_bar(hour, value / top, value > target) for hour, value in sorted(known.items())]
    worst = max(known, key=lambda hour: known[hour])
    over = sum(bar.over for bar in bars)
    return Spark(
        bars=bars,
        words=f"{what}, by the hour, last 24 h: measured in {len(known)} hours, at most {_told(known[worst], unit)}"
        f" {_ago(worst)}, over its target in {over}",
    )


def _bar(hour: int, share: float, over: bool) -> Bar:
    """What is nothing is still seen to have been measured."""
    height = max(1.0, round(share * HIGH, 1))
    return Bar(x=hour * STEP, y=HIGH - height, height=height, over=over)


def _told(value: float, unit: str) -> str:
    return brief(value) if unit == "s" else f"{value:.0f}"


def _ago(hour: int) -> str:
    hours = HOURS - 1 - hour
    return f"{hours} to {hours + 1} h ago" if hours else "in the last hour"


def brief(seconds: float) -> str:
    """`40 ms`, `2.4 s`, `41 s`, `3 min`, `2 h`."""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
