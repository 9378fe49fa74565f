"""Six numbers with their targets. What was not measured is no success: it says so. No I/O."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar

from holdfast.store.freshness import Knowledge
from holdfast.store.operations import (
    MOST_COUNTED,
    ExposedRow,
    GivenUpRow,
    History,
    ToldRow,
)
from holdfast.store.reading import AccountRow
from holdfast.web.spark import Spark, brief, spark
from holdfast.web.verdict import LATE, STUCK
from holdfast.web.words import counted

State = Literal["good", "late", "bad", "unmeasured"]

TOLD_SOON, TOLD_LATE = 30.0, 120.0
"""Seconds within which another channel should know, and must."""
EXPOSED_SOON, EXPOSED_LONG = 60.0, 300.0
"""Seconds for which time may be sold twice: 95 of 100 times, and 99."""

NO_DATA = "no data"

_LATE = LATE.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number. `target` says what it should be, `scope` of what it is."""

    key: str
    title: str
    value: str
    state: State
    target: str
    scope: str
    link: str
    spark: Spark


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that the tiles say, at one moment. `exposed` counts the offers sold twice now, of live accounts."""

    now: datetime
    accounts: Sequence[AccountRow]
    known: Knowledge
    exposed: int
    conflicts: int
    told: ToldRow
    given_up: GivenUpRow
    history: History

    @property
    def nothing(self) -> str:
        """What is said where none is known of: that there is none only if everybody would be."""
        any_fresh = any(state.fresh for state in self.known.states.values())
        return "none known" if any_fresh else NO_DATA


def tiles(found: Measured) -> list[Tile]:
    """In the order in which something goes wrong."""
    return [
        _event(found),
        _push(found),
        _told(found),
        _exposure(found),
        _conflicts(found),
        _given_up(found),
    ]


def _event(found: Measured) -> Tile:
    oldest = _oldest(account.oldest_unprocessed_at for account in found.accounts)
    waits = found.history.waits
    value, state = _age(found, oldest, measured=bool(waits))
    return Tile(
        key="event",
        title="Oldest unprocessed event",
        value=value,
        state=state,
        target=f"under {brief(_LATE)}",
        scope=f"now; {counted(sum(hour.amount for hour in waits), 'event')} in 24 h",
        link="/events?state=open",
        spark=_by_hour(
            "Longest wait of what came in", waits, lambda hour: hour.longest, _LATE, "s"
        ),
    )


def _push(found: Measured) -> Tile:
    live = (a for a in found.accounts if a.mode == "live")
    sent = found.history.sent
    value, state = _age(found, _oldest(a.oldest_waiting_at for a in live), measured=bool(sent))
    return Tile(
        key="push",
        title="Oldest unconfirmed push",
        value=value,
        state=state,
        target=f"under {brief(_LATE)}",
        scope=f"now, live accounts; {counted(sum(hour.amount for hour in sent), 'push', 'pushes')} settled in 24 h",
        link="/pushes?state=open",
        spark=_by_hour("Longest wait of a call", sent, lambda hour: hour.longest, _LATE, "s"),
    )


def _told(found: Measured) -> Tile:
    p95, sent = found.told.p95, found.history.sent
    state = _state(p95, TOLD_SOON, TOLD_LATE)
    soon, placed = sum(hour.soon for hour in sent), sum(hour.placed for hour in sent)
    share = f"; {_percent(soon, placed)} within 30 s in 24 h" if placed else ""
    return Tile(
        key="told",
        title="Other channels know, p95",
        value=_or_none(p95),
        state=state,
        target=f"{brief(TOLD_SOON)} at most, 99 % of the time",
        scope=f"{counted(found.told.amount, 'block')} placed or booked in 1 h{share}",
        link="/pushes?state=done&since=1h",
        spark=_by_hour("p95 until other channels knew", sent, lambda h: h.told, TOLD_SOON, "s"),
    )


def _exposure(found: Measured) -> Tile:
    day = found.history.exposure
    value, state = _exposed(found, day)
    lasted = f"p95 {_or_none(day.p95)}, p99 {_or_none(day.p99)}" if day.amount else NO_DATA
    return Tile(
        key="exposure",
        title="Sellable twice",
        value=value,
        state=state,
        target=f"none; p95 {brief(EXPOSED_SOON)}, p99 {brief(EXPOSED_LONG)} at most",
        scope=f"offers now; it lasted: {lasted} ({day.amount} in 24 h)",
        link="/exposures",
        spark=_by_hour(
            "p95 of how long time was sold twice",
            found.history.exposed,
            lambda hour: hour.p95,
            EXPOSED_SOON,
            "s",
        ),
    )


def _exposed(found: Measured, day: ExposedRow) -> tuple[str, State]:
    if found.exposed:
        return counted(found.exposed, "offer"), "bad"
    if not found.known.whole:
        return found.nothing, "unmeasured"
    slow = (day.p95 or 0.0) > EXPOSED_SOON or (day.p99 or 0.0) > EXPOSED_LONG
    return "none now", "late" if slow else "good"


def _conflicts(found: Measured) -> Tile:
    unknown = not found.conflicts and not found.known.fresh
    state: State = "bad" if found.conflicts else "unmeasured" if unknown else "good"
    return Tile(
        key="conflicts",
        title="Open conflicts",
        value=found.nothing if unknown else str(found.conflicts),
        state=state,
        target="none",
        scope=f"now; {sum(hour.amount for hour in found.history.clashes)} opened in 24 h",
        link="/conflicts",
        spark=_by_hour("Conflicts opened", found.history.clashes, lambda h: h.amount, 0, ""),
    )


def _given_up(found: Measured) -> Tile:
    dead = found.given_up
    unknown = not dead.amount and not found.history.sent
    state: State = "bad" if dead.lately else "late" if dead.amount else "good"
    told = (
        f"{MOST_COUNTED:,}+".replace(",", " ") if dead.amount > MOST_COUNTED else str(dead.amount)
    )
    return Tile(
        key="dead",
        title="Given up",
        value=NO_DATA if unknown else told,
        state="unmeasured" if unknown else state,
        target="none",
        scope=f"pushes nobody handled yet; {dead.lately} of them in 24 h",
        link="/pushes?state=dead",
        spark=_by_hour("Pushes given up", found.history.sent, lambda h: h.dead, 0, ""),
    )


class _Hour(Protocol):
    @property
    def hour(self) -> int: ...


Hour = TypeVar("Hour", bound=_Hour)


def _by_hour(
    what: str,
    hours: Iterable[Hour],
    value: Callable[[Hour], float | None],
    target: float,
    unit: str,
) -> Spark:
    known = {hour.hour: told for hour in hours if (told := value(hour)) is not None}
    return spark(what, known, target, unit)


def _oldest(instants: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def _age(found: Measured, since: datetime | None, *, measured: bool) -> tuple[str, State]:
    """How long something waits; that nothing does is only known where anything was, and somebody works."""
    if since is not None:
        age = found.now - since
        return brief(age.total_seconds()), _state(age, LATE, STUCK)
    if measured and found.known.fresh:
        return "nothing waits", "good"
    return (found.nothing if measured else NO_DATA), "unmeasured"


Amount = TypeVar("Amount", float, timedelta)


def _state(value: Amount | None, late: Amount, bad: Amount) -> State:
    if value is None:
        return "unmeasured"
    if value > bad:
        return "bad"
    return "late" if value > late else "good"


def _or_none(seconds: float | None) -> str:
    return NO_DATA if seconds is None else brief(seconds)


def _percent(part: int, whole: int) -> str:
    """Never rounded up to all."""
    return f"{math.floor(1000 * part / whole) / 10:g} %"
