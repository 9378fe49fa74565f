"""Locks by which a worker shows that it lives, and what is taken over from one that does not."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.queries import load

_SQL = load("worker_locks")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What workers that died had in their hands."""

    workers: tuple[str, ...]
    calls: int
    """Calls to channels of which it must be found out whether they were made."""


async def take(connection: asyncpg.Connection, worker: str, now: datetime) -> int:
    """A number of its own for a worker, locked for as long as the connection is open."""
    async with connection.transaction():
        number: int = await connection.fetchval(_SQL["take"], worker, now)
        await connection.execute(_SQL["lock"], number)
    return number


async def take_again(connection: asyncpg.Connection, number: int) -> bool:
    """Lock the number on a new connection. False: others believe that its worker died."""
    async with connection.transaction():
        taken: bool = await connection.fetchval(_SQL["take_again"], number)
    return taken


async def is_held(connection: asyncpg.Connection, number: int) -> bool:
    """Whether this connection has the lock."""
    held: bool = await connection.fetchval(_SQL["held"], number)
    return held


async def take_over(connection: asyncpg.Connection, now: datetime) -> TakenOver:
    """Free at once what is leased by workers whose lock nobody holds."""
    row = await connection.fetchrow(_SQL["take_over"], now)
    return TakenOver(workers=tuple(row["workers"] or ()), calls=row["calls"])


async def lapse_leases(connection: asyncpg.Connection, now: datetime) -> int:
    """Calls that a worker has had for longer than its lease have an unknown outcome; returns how many."""
    return len(await connection.fetch(_SQL["lapse_leases"], now))
