"""Readings: each list of bookings and stretch of offers of an account, where it stopped, and when it goes on."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg

from holdfast.inventory.model import Span
from holdfast.inventory.timetable import Cost
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span

_SQL = load("readings")

Task = Literal["bookings", "past", "offers"]
Lane = Literal["bookings", "probes", "offers", "background"]
"""What of an account is read side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One that is due and that we hold a lease on, for 30 seconds of the database's clock."""

    id: int
    account_id: int
    task: Task
    listing_id: int | None
    place: str
    during: Span | None
    started_at: datetime
    page: int | None
    pass_began_at: datetime | None
    memo: Mapping[str, Any]
    complete_at: datetime | None
    cost: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Something to be read again and again, every so many seconds."""

    listing_id: int | None
    place: str
    during: Span | None
    cost: int
    every: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a reading is after one of its pages was read."""

    due_at: datetime
    page: int | None
    pass_began_at: datetime | None
    memo: Mapping[str, object]
    complete_at: datetime | None
    """When the pass that is whole now began; None: none is."""
    cost: int | None
    every: float


async def lanes(
    connection: asyncpg.Connection, now: datetime, account_ids: Sequence[int]
) -> list[tuple[Lane, int]]:
    """Where something is due."""
    rows = await connection.fetch(_SQL["lanes"], now, list(account_ids))
    return [(row["lane"], row["account_id"]) for row in rows]


async def claim(
    connection: asyncpg.Connection,
    now: datetime,
    account_id: int,
    lane: Lane,
    holder: int | None = None,
) -> Reading | None:
    """The reading that is latest, measured by how often it is read."""
    row = await connection.fetchrow(_SQL["claim"], now, account_id, lane, holder)
    if row is None:
        return None
    told = {name: row[name] for name in Reading.__dataclass_fields__}
    during = row["during"]
    span = to_span(during) if during is not None else None
    return Reading(**(told | {"during": span, "memo": json.loads(row["memo"])}))


async def keep(connection: asyncpg.Connection, reading: Reading) -> None:
    """Another 30 seconds."""
    await connection.execute(_SQL["keep"], reading.id, reading.started_at)


async def give_back(connection: asyncpg.Connection, reading: Reading) -> None:
    """Another worker may read it at once."""
    await connection.execute(_SQL["give_back"], reading.id, reading.started_at)


async def put_off(
    connection: asyncpg.Connection, reading: Reading, due_at: datetime, error: str | None
) -> None:
    """It could not be read; `error` None: the budget had no room."""
    told = (reading.id, reading.started_at, due_at, error is not None, error)
    await connection.execute(_SQL["put_off"], *told)


async def is_still_ours(connection: asyncpg.Connection, reading: Reading) -> bool:
    """Whether the lease was not lost; it cannot be until the transaction ends."""
    ours: bool = await connection.fetchval(_SQL["still_ours"], reading.id, reading.started_at)
    return ours


async def settle(connection: asyncpg.Connection, reading: Reading, after: Settled) -> bool:
    """False: the lease was lost, and nothing is changed."""
    memo = json.dumps(dict(after.memo))
    row = await connection.fetchrow(
        _SQL["settle"],
        reading.id,
        reading.started_at,
        after.due_at,
        after.page,
        after.pass_began_at,
        memo,
        after.complete_at,
        after.cost,
        after.every,
    )
    return row is not None


async def see(connection: asyncpg.Connection, reading_id: int, refs: Sequence[str]) -> int:
    """How many of these rows its pass had not seen."""
    new: int = await connection.fetchval(_SQL["see"], reading_id, list(refs))
    return new


async def seen(connection: asyncpg.Connection, reading_id: int) -> str:
    """What tells the rows that its pass saw from others, in whatever order they came."""
    told: str = await connection.fetchval(_SQL["seen"], reading_id)
    return told


async def end_pass(connection: asyncpg.Connection, reading_id: int) -> str:
    """Forget which rows it saw; returns what tells them from others."""
    told = await seen(connection, reading_id)
    await connection.execute(_SQL["forget_pass"], reading_id)
    return told


async def mark_listed(
    connection: asyncpg.Connection, account_id: int, refs: Collection[str], at: datetime
) -> int:
    """A list showed these; returns how many live ones of them no list had shown before."""
    rows = await connection.fetch(_SQL["list"], account_id, sorted(set(refs)), at)
    return sum(row["new"] for row in rows)


async def listed_since(
    connection: asyncpg.Connection, account_id: int, since: datetime
) -> set[str]:
    """The live bookings and blocks that some list has shown since."""
    rows = await connection.fetch(_SQL["listed_since"], account_id, since)
    return {row["ref"] for row in rows}


async def may_ask(
    connection: asyncpg.Connection, account_id: int, up_to: datetime, apart: timedelta
) -> bool:
    """Whether what no list has shown since `up_to` is to be asked after now; once in `apart`."""
    row = await connection.fetchrow(_SQL["asked"], account_id, up_to, apart)
    return row is not None


async def seed(
    connection: asyncpg.Connection,
    account_id: int,
    task: Task,
    goals: Sequence[Goal],
    now: datetime,
) -> None:
    """From now on exactly these are read of an account."""
    listings, places = [g.listing_id for g in goals], [g.place for g in goals]
    during = [to_range(g.during) if g.during is not None else None for g in goals]
    costs, every = [g.cost for g in goals], [g.every for g in goals]
    await connection.execute(
        _SQL["seed"], account_id, task, now, listings, places, during, costs, every
    )
    tasks = ["bookings", "past"] if task == "bookings" else [task]
    await connection.execute(_SQL["unseed"], account_id, tasks, listings, places)


async def begin_past(connection: asyncpg.Connection, first: Reading, after: Settled) -> int | None:
    """The pass that began with a list's first page goes on in a reading of its own; None: it is there already."""
    row = await connection.fetchrow(
        _SQL["begin_past"],
        first.account_id,
        first.place,
        after.due_at,
        after.page,
        after.pass_began_at,
        json.dumps(dict(after.memo)),
        first.complete_at,
    )
    return row["id"] if row is not None else None


async def end_past(connection: asyncpg.Connection, reading: Reading) -> None:
    """Its list has one page."""
    await connection.execute(_SQL["end_past"], reading.account_id, reading.place)


async def has_past(connection: asyncpg.Connection, reading: Reading) -> bool:
    """Whether its list has more pages than one."""
    there: bool = await connection.fetchval(_SQL["has_past"], reading.account_id, reading.place)
    return there


async def remember(
    connection: asyncpg.Connection, reading: Reading, task: Task, what: Mapping[str, object]
) -> None:
    """Add to what is known of the list in its other reading."""
    told = json.dumps(dict(what))
    await connection.execute(_SQL["remember"], reading.account_id, task, reading.place, told)


async def hurry(
    connection: asyncpg.Connection, account_id: int, tasks: Sequence[Task], due_at: datetime
) -> None:
    """Read sooner."""
    await connection.execute(_SQL["hurry"], account_id, list(tasks), due_at)


async def costs(connection: asyncpg.Connection | asyncpg.Pool, account_id: int) -> list[Cost]:
    """Of all that is read of an account."""
    rows = await connection.fetch(_SQL["costs"], account_id)
    return [
        Cost(
            task=row["task"],
            during=to_span(row["during"]) if row["during"] is not None else None,
            reads=row["cost"],
            order=row["learned"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Up to when what is read counts as complete and as near, and in how many seconds each is read by plan."""

    horizon: datetime
    near: datetime
    period: float
    news: float


async def sum_up(
    connection: asyncpg.Connection, account_id: int, task: Task, bounds: Bounds
) -> datetime | None:
    """Write how an account's readings stand; returns since when everything was read, None: it never was."""
    told = (bounds.horizon, bounds.near, bounds.period, bounds.news)
    row = await connection.fetchrow(_SQL["sum_up"], account_id, task, *told)
    return row["last_complete_at"] if row is not None else None


async def read_since(connection: asyncpg.Connection, account_id: int) -> datetime | None:
    """Since when all that is read of an account was read once; None: it never was."""
    since: datetime | None = await connection.fetchval(_SQL["read_since"], account_id)
    return since


async def look(
    connection: asyncpg.Connection, listing_id: int, window: Span, read_at: datetime
) -> None:
    """A listing's offers were read completely over this window."""
    await connection.execute(_SQL["look"], listing_id, to_range(window), read_at)


async def forget(connection: asyncpg.Connection, before: datetime) -> None:
    """Drop what was shown and read of the past."""
    await connection.execute(_SQL["forget_listed"], before)
    await connection.execute(_SQL["forget_looks"], before)
