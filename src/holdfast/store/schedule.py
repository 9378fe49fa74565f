"""When accounts and single stretches of time are to be read: cursors, probes, and workers' heartbeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span

_SQL = load("cursors")

AROUND = timedelta(hours=3)
"""How long before a time an offer may begin that reaches into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A reading that is due and that we hold a lease on."""

    id: int
    account_id: int
    task: str
    failures: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One wanted read of a listing's offers that we hold a lease on."""

    id: int
    listing_id: int
    window: Span
    attempts: int


async def claim(
    connection: asyncpg.Connection, now: datetime, account_ids: Sequence[int]
) -> Cursor | None:
    """The reading that is due longest, for 30 seconds of the database's clock unless it is kept."""
    row = await connection.fetchrow(_SQL["claim"], now, list(account_ids))
    if row is None:
        return None
    return Cursor(**{name: row[name] for name in Cursor.__dataclass_fields__})


async def keep(connection: asyncpg.Connection, cursor: Cursor) -> None:
    """Another 30 seconds."""
    await connection.execute(_SQL["keep"], cursor.id, cursor.started_at)


async def give_back(connection: asyncpg.Connection, cursor: Cursor) -> None:
    """Whoever looks next may read it."""
    await connection.execute(_SQL["give_back"], cursor.id, cursor.started_at)


async def settle(
    connection: asyncpg.Connection,
    cursor: Cursor,
    next_due_at: datetime,
    error: str | None,
    complete_at: datetime | None,
) -> None:
    """When it is due again; `complete_at` is when a complete reading began. Nothing if the lease was lost."""
    await connection.execute(
        _SQL["settle"], cursor.id, next_due_at, error, complete_at, cursor.started_at
    )


async def hurry(
    connection: asyncpg.Connection, account_id: int, task: str, due_at: datetime
) -> None:
    """Read sooner."""
    await connection.execute(_SQL["hurry"], account_id, task, due_at)


async def probe(
    connection: asyncpg.Connection, listing_id: int, window: Span, due_at: datetime
) -> None:
    """Want a listing's offers to be read for a stretch of time."""
    await connection.execute(_SQL["probe"], listing_id, to_range(window), due_at)


async def probe_around(
    connection: asyncpg.Connection, listing_id: int, span: Span, due_at: datetime
) -> None:
    """Want to know what a listing sells over this time: what begins well before it may reach into it."""
    await probe(connection, listing_id, span.padded(AROUND, timedelta(0)), due_at)


async def claim_probe(connection: asyncpg.Connection, now: datetime) -> Probe | None:
    """The probe that is due longest, for a minute of the database's clock."""
    row = await connection.fetchrow(_SQL["claim_probe"], now)
    if row is None:
        return None
    return Probe(
        id=row["id"],
        listing_id=row["listing_id"],
        window=to_span(row["during"]),
        attempts=row["attempts"],
    )


async def end_probe(connection: asyncpg.Connection, probe_id: int) -> None:
    """It was read."""
    await connection.execute(_SQL["end_probe"], probe_id)


async def probe_later(connection: asyncpg.Connection, probe_id: int, due_at: datetime) -> None:
    """The channel did not answer."""
    await connection.execute(_SQL["probe_later"], probe_id, due_at)


async def beat(
    connection: asyncpg.Connection,
    worker: tuple[str, str, datetime],
    now: datetime,
    redis_ok_at: datetime | None,
) -> None:
    """A worker lives; `worker` is its id, version and start."""
    await connection.execute(_SQL["beat"], *worker, now, redis_ok_at)


async def sign_off(pool: asyncpg.Pool, worker: str, now: datetime) -> None:
    """The worker stops because it was told to."""
    await pool.execute(_SQL["sign_off"], worker, now)


async def bury_workers(connection: asyncpg.Connection, before: datetime) -> None:
    """Forget the workers that have not been heard of since."""
    await connection.execute(_SQL["bury_workers"], before)


async def database_now(connection: asyncpg.Connection | asyncpg.Pool) -> datetime:
    """What the database's clock shows; reads no table, so that no lock on one delays it."""
    shown: datetime = await connection.fetchval(_SQL["database_now"])
    return shown
