"""freshness: how far what is known of an account can be trusted now. The one rule for all who show it. No I/O.

Only evidence counts: a reading that ended, not the absence of an error. Every instant is the database's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from holdfast.inventory.lengths import lasting

Freshness = Literal["fresh", "late", "blind", "down"]
"""`late`: read too long ago. `blind`: never read completely, or three periods ago. `down`: cannot be read now."""

State = Freshness | Literal["paused"]
"""`paused`: a person wants it not to be read."""

Cause = Literal[
    "nothing", "paused", "worker", "provider", "credentials", "limit", "first", "clock", "reading"
]
"""`first`: its first reading is under way and has not had its time."""

SILENT = timedelta(seconds=30)
"""Without a worker's heartbeat."""
SLACK = timedelta(seconds=30)
"""A reading may be so much later than planned before anybody is told, or a quarter of its period if that is more."""
LEAST_BLIND = timedelta(seconds=60)
"""Beyond its period: a short period is missed three times within a breath."""
APART = timedelta(seconds=5)
"""Clocks of processes that agree are this close; what lies further ahead was written by a clock that was wrong."""
PERIODS = 3
BOOKINGS, OFFERS = "its bookings", "its offers"
"""What is read of an account."""
TODO = "see what holds its readings up"
FIRST = timedelta(minutes=15)
"""A first reading may last this long, or three periods, before it counts as one that never ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How far one kind of reading of an account is. None for an instant: never."""

    what: str
    """As people call it."""
    news_at: datetime | None
    """Since then everything that tells of near days was read."""
    news_seconds: float
    complete_at: datetime | None = None
    """Since then all of it was read."""
    period_seconds: float | None = None
    """None: when all of it was read says nothing here."""
    next_at: datetime | None = None
    """When the next part of it is to be read; None: not known, or it is read at this moment."""
    lists: int = 0
    """How many parts it has, of offers those of near days; 0: not known."""
    lists_read: int = 0
    """How many of them were ever read to their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Calls are held back until then. `explained`: by an answer of the provider that we saw."""

    until: datetime
    since: datetime
    explained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the judgement of an account rests on."""

    made_at: datetime
    """When the account was made here."""
    beat_at: datetime | None
    """When any worker was last heard of."""
    readings: Sequence[Reading]
    paused: str = ""
    """By which words a person stopped its reading."""
    unanswered_at: datetime | None = None
    """Since when its provider answers no reads."""
    refused: bool = False
    """Its provider refused our credentials at the last reading."""
    limit: Limit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the evidence shows. `reason` goes on a sentence that begins with the account's name."""

    state: State
    cause: Cause = "nothing"
    reason: str = ""
    todo: str = ""
    next_at: datetime | None = None
    """When it is read next, if that is planned."""

    @property
    def fresh(self) -> bool:
        """Whether what is known of it may be taken for how things are."""
        return self.state == "fresh"


_WORST_FIRST: tuple[State, ...] = ("down", "blind", "late", "paused", "fresh")


def judged(evidence: Evidence, now: datetime) -> Judged:
    """The worst of what the evidence shows, with its reason in plain words."""
    if evidence.paused:
        return Judged(state="paused", cause="paused", reason=evidence.paused)
    found = [*_down(evidence, now)]
    for reading in evidence.readings:
        found.append(_of_reading(reading, evidence.made_at, now))
    if not evidence.readings:
        found.append(Judged(state="blind", cause="reading", reason="nothing of it is read"))
    worst = _worst(found)
    limited = _limited(evidence.limit, now)
    if limited is None or worst.state == "down":
        return worst
    return replace(limited, state=worst.state if worst.state == "blind" else "late")


def _worst(found: Sequence[Judged]) -> Judged:
    return min(found, key=lambda one: _WORST_FIRST.index(one.state))


def lost(beat_at: datetime | None, now: datetime) -> bool:
    """Whether no worker that ever ran is heard of any more; a heartbeat from later than now is none."""
    return beat_at is not None and not -APART <= now - beat_at <= SILENT


def _down(evidence: Evidence, now: datetime) -> Iterator[Judged]:
    if evidence.beat_at is not None and lost(evidence.beat_at, now):
        silence = f"no worker heard of for {lasting(abs(now - evidence.beat_at))}"
        todo = "start `holdfast worker`"
        yield Judged(state="down", cause="worker", reason=silence, todo=todo)
    if evidence.refused:
        todo = "renew its credentials where they are kept"
        refused = "its provider refuses our credentials"
        yield Judged(state="down", cause="credentials", reason=refused, todo=todo)
    if evidence.unanswered_at is not None:
        silence = f"has answered no reads for {lasting(now - evidence.unanswered_at)}"
        todo = "it is tried every minute; ask its provider"
        yield Judged(state="down", cause="provider", reason=silence, todo=todo)


def _limited(limit: Limit | None, now: datetime) -> Judged | None:
    """What holds calls back says more than what is late because of it. A short rest after a 429 is no news."""
    if limit is None or limit.until <= now:
        return None
    until = f"{limit.until:%H:%M:%S} UTC"
    if not limit.explained:
        text = f"a limit in Redis that no answer of its provider explains holds calls back until {until}"
        return Judged(state="late", cause="limit", reason=text, todo="see who else writes to Redis")
    if limit.until - limit.since <= SLACK:
        return None
    text = f"its provider asked for no calls until {until}"
    return Judged(state="late", cause="limit", reason=text, todo="lower `reads_per_minute`")


def _of_reading(reading: Reading, made_at: datetime, now: datetime) -> Judged:
    """The worst of its news, its completeness and its plan."""
    news = timedelta(seconds=reading.news_seconds)
    found = [_aged(reading, "news", reading.news_at, (news, made_at, now))]
    if reading.period_seconds is not None:
        period = timedelta(seconds=reading.period_seconds)
        found.append(_aged(reading, "all", reading.complete_at, (period, made_at, now)))
    return _worst([*found, *_planned(reading, news, now)])


def _aged(
    reading: Reading,
    part: Literal["news", "all"],
    at: datetime | None,
    when: tuple[timedelta, datetime, datetime],
) -> Judged:
    """By how long ago it was read, against how often it should be."""
    period, made_at, now = when
    if at is None:
        return _never(reading, period, now - made_at)
    what = reading.what if part == "news" else f"all of {reading.what}"
    if at - now > APART:
        text = f"{what} would have been read {lasting(at - now)} from now: a clock jumped"
        return Judged(
            state="late",
            cause="clock",
            reason=text,
            todo="wait for the next reading",
            next_at=reading.next_at,
        )
    age = now - at
    if age <= period + max(SLACK, period / 4):
        return Judged(state="fresh", next_at=reading.next_at)
    blind = age > max(PERIODS * period, period + LEAST_BLIND)
    return Judged(
        state="blind" if blind else "late",
        cause="reading",
        reason=f"{what} last read {lasting(age)} ago, should be every {lasting(period)}",
        todo=TODO,
        next_at=reading.next_at,
    )


def _never(reading: Reading, period: timedelta, since_made: timedelta) -> Judged:
    """A first reading has its time; of one that does not end, people are told what to look at."""
    in_time = timedelta() <= since_made <= max(FIRST, PERIODS * period)
    parts = "lists" if reading.what == BOOKINGS else "stretches"
    far = f", {reading.lists_read} of {reading.lists} {parts}" if reading.lists else ""
    of = "" if reading.what == BOOKINGS else f" of {reading.what}"
    under_way = f"first reading{of} under way{far}"
    return Judged(
        state="blind",
        cause="first" if in_time else "reading",
        reason=under_way if in_time else f"{reading.what} never read completely{far}",
        todo="" if in_time else TODO,
        next_at=reading.next_at,
    )


def _planned(reading: Reading, period: timedelta, now: datetime) -> Iterator[Judged]:
    """Whether its next part is read when it should be: a reader that died is seen before a period is over."""
    if reading.next_at is None:
        return
    behind = now - reading.next_at
    if behind > SLACK:
        text = f"{reading.what}: the next reading is {lasting(behind)} overdue"
        yield Judged(state="late", cause="reading", reason=text, todo=TODO, next_at=reading.next_at)
    elif -behind > period + max(SLACK, period / 4):
        text = f"{reading.what}: the next reading is only in {lasting(-behind)}, should be every {lasting(period)}"
        yield Judged(state="late", cause="reading", reason=text, todo=TODO, next_at=reading.next_at)
