"""What a store that was restored from a backup must not be believed any more."""

from datetime import datetime

import asyncpg

from holdfast.store.changes import ChangeSet
from holdfast.store.queries import load

_SQL = load("restored")


async def venues(connection: asyncpg.Connection) -> list[int]:
    """All of them, in the order in which to lock them."""
    return [row["id"] for row in await connection.fetch(_SQL["venues"])]


async def look_for_blocks(
    connection: asyncpg.Connection, venue_id: int, now: datetime, risk: int
) -> int:
    """Send no block that was about to be placed: look first which stand. Returns how many are looked for."""
    await connection.execute(_SQL["stop_placing"], venue_id, now)
    return len(await connection.fetch(_SQL["look_for"], venue_id, now, risk))


async def being_cancelled(connection: asyncpg.Connection, venue_id: int) -> list[int]:
    """The guests' bookings that were about to be cancelled."""
    return [row["booking_id"] for row in await connection.fetch(_SQL["undecided"], venue_id)]


async def stop_policy(changes: ChangeSet, venue_id: int) -> list[int]:
    """Leave to people what a policy had announced; returns the conflicts."""
    return [row["id"] for row in await changes.write("conflicts", _SQL["no_policy"], venue_id)]


async def read_all(connection: asyncpg.Connection, now: datetime) -> None:
    """Have every account read anew; until then it counts as never read."""
    await connection.execute(_SQL["read_all"], now)
