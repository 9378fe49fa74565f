"""What operations looks at beside the accounts, as typed rows. Read only; seconds are seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import Row, fetched

_SQL = load("operations")

HOURS = 24
"""How far back the small pictures reach."""
DAY = timedelta(hours=HOURS)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MOST_FAILING = 50
MOST_COUNTED = 10_000
SHOWN_AFTER_ITS_END = timedelta(minutes=15)
"""A worker that is not heard of for longer has ended, and is nobody's worry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriesRow:
    """Calls of an account in the last hour, how many its channel failed, and how many went in the last minute."""

    account: str
    tries: int
    failed: int
    lately: int
    writes: int
    """How many it may send in a minute."""
    reads: int
    reads_lately: int
    """As workers tell them every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingRow:
    """The same failure of the same kind of call; `what` is `news` where something cannot be read."""

    account: str
    what: str
    failure: str
    times: int
    first_at: datetime
    last_at: datetime
    goes_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """One reading of an account, done every so many seconds."""

    account: str
    channel: str
    mode: str
    task: Literal["bookings", "offers", "audit"]
    next_due_at: datetime
    last_complete_at: datetime | None
    failures: int
    error: str | None
    reading: bool | None
    every: int
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRow:
    """One worker; `redis_ok_at` is when it last had an answer of Redis, `stopped_at` when it was told to stop."""

    id: str
    version: str
    started_at: datetime
    beat_at: datetime
    redis_ok_at: datetime | None
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneRow:
    """What was worked off in the last hour."""

    events: int
    pushes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitHour:
    """What came in within an hour, and how long it waited at most; hour 0 is the oldest."""

    hour: int
    amount: int
    longest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SentHour:
    """What was settled within an hour; `told` is the p95 until the other channel knew.

    Of `placed`, what closed time there, `soon` were so within 30 s.
    """

    hour: int
    amount: int
    longest: float
    told: float | None
    placed: int
    soon: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedHour:
    """What stopped being sold twice within an hour."""

    hour: int
    amount: int
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClashHour:
    """Conflicts that were opened within an hour."""

    hour: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """How soon other channels knew."""

    amount: int
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedRow:
    """How long time was sold twice."""

    amount: int
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUpRow:
    """Dead pushes that nobody handled yet, counted to `MOST_COUNTED`; `lately`: in the last day."""

    amount: int
    lately: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRow:
    """Calls of a kind that an account has still to make."""

    call: str
    waiting: int
    under_way: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The last day, by the hour; of hours in which nothing happened there is no row."""

    waits: Sequence[WaitHour]
    sent: Sequence[SentHour]
    exposed: Sequence[ExposedHour]
    clashes: Sequence[ClashHour]
    exposure: ExposedRow
    """Over the whole day."""


async def history(pool: asyncpg.Pool, now: datetime) -> History:
    """Read seldom: it walks over all that happened in a day. Raises TimeoutError."""
    day = (now - DAY, now)
    return History(
        waits=await fetched(pool, WaitHour, _SQL["waits"], *day),
        sent=await fetched(pool, SentHour, _SQL["sent"], *day),
        exposed=await fetched(pool, ExposedHour, _SQL["exposed_by_hour"], *day),
        clashes=await fetched(pool, ClashHour, _SQL["clashes"], *day),
        exposure=await _one(pool, ExposedRow, "exposed", *day),
    )


async def told_lately(pool: asyncpg.Pool, now: datetime) -> ToldRow:
    """In the last hour."""
    return await _one(pool, ToldRow, "told", now - HOUR)


async def tries(pool: asyncpg.Pool, now: datetime) -> dict[str, TriesRow]:
    """By account."""
    rows = await fetched(pool, TriesRow, _SQL["tries"], now - HOUR, now - MINUTE)
    return {row.account: row for row in rows}


async def failing(pool: asyncpg.Pool, now: datetime) -> list[FailingRow]:
    """In the last hour, the latest first, one more than `MOST_FAILING` at most."""
    return await fetched(pool, FailingRow, _SQL["failing"], now - HOUR, MOST_FAILING + 1)


async def schedules(pool: asyncpg.Pool) -> list[ScheduleRow]:
    """By channel and account."""
    return await fetched(pool, ScheduleRow, _SQL["schedules"])


async def workers(pool: asyncpg.Pool, now: datetime) -> list[WorkerRow]:
    """The youngest first."""
    return await fetched(pool, WorkerRow, _SQL["workers"], now - SHOWN_AFTER_ITS_END)


async def done_lately(pool: asyncpg.Pool, now: datetime) -> DoneRow:
    """In the last hour."""
    return await _one(pool, DoneRow, "done", now - HOUR)


async def given_up(pool: asyncpg.Pool, now: datetime) -> GivenUpRow:
    """Now."""
    return await _one(pool, GivenUpRow, "given_up", now - DAY, MOST_COUNTED + 1)


async def queued(pool: asyncpg.Pool, account: str) -> list[QueuedRow]:
    """In the order in which they go."""
    return await fetched(pool, QueuedRow, _SQL["queued"], account)


async def _one(pool: asyncpg.Pool, kind: type[Row], query: str, *args: object) -> Row:
    (row,) = await fetched(pool, kind, _SQL[query], *args)
    return row
