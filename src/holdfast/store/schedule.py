"""What is wanted to be read soon: stretches of offers around taken time, audits; and workers' heartbeats."""

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


NEIGHBOURS = timedelta(hours=3)
"""Probes of a listing that lie so near each other are read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """An account's audit that is due and that we hold a lease on."""

    id: int
    account_id: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One wanted read of a listing's offers that we hold a lease on."""

    id: int
    listing_id: int
    window: Span
    attempts: int


async def claim(
    connection: asyncpg.Connection,
    now: datetime,
    account_ids: Sequence[int],
    holder: int | None = None,
) -> Cursor | None:
    """The audit that is due longest, for 30 seconds of the database's clock."""
    row = await connection.fetchrow(_SQL["claim"], now, list(account_ids), holder)
    if row is None:
        return None
    return Cursor(**{name: row[name] for name in Cursor.__dataclass_fields__})


async def settle(
    connection: asyncpg.Connection, cursor: Cursor, next_due_at: datetime, complete: bool
) -> None:
    """When it is due again, and whether it was complete. Nothing if the lease was lost."""
    await connection.execute(_SQL["settle"], cursor.id, next_due_at, complete, cursor.started_at)


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


async def claim_probes(
    connection: asyncpg.Connection, account_id: int, now: datetime, holder: int | None = None
) -> list[Probe]:
    """What is most urgent on one of an account's listings, for 30 seconds of the database's clock."""
    rows = await connection.fetch(_SQL["claim_probes"], now, account_id, NEIGHBOURS, holder)
    return [
        Probe(
            id=row["id"],
            listing_id=row["listing_id"],
            window=to_span(row["during"]),
            attempts=row["attempts"],
        )
        for row in rows
    ]


async def keep_probes(connection: asyncpg.Connection, probes: Sequence[Probe]) -> None:
    """Another 30 seconds."""
    await connection.execute(_SQL["keep_probes"], _ids(probes))


async def end_probes(connection: asyncpg.Connection, probes: Sequence[Probe]) -> None:
    """They were read."""
    await connection.execute(_SQL["end_probes"], _ids(probes))


async def probes_later(
    connection: asyncpg.Connection, probes: Sequence[Probe], due_at: datetime
) -> None:
    """The channel did not answer."""
    await connection.execute(_SQL["probes_later"], _ids(probes), due_at)


def _ids(probes: Sequence[Probe]) -> list[int]:
    return [probe.id for probe in probes]


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
