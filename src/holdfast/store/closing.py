"""How far each channel is with what it must stop selling."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("closing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRow:
    """Of one account that sends: blocks that are wanted, those that stand, and writes still to be made."""

    account: str
    writes_per_minute: int
    wanted: int
    standing: int
    writes: int
    next_at: datetime | None
    """When the time begins that is closed next."""
    timezone: str | None


async def closings(pool: asyncpg.Pool, now: datetime) -> dict[str, ClosingRow]:
    """By account. Raises TimeoutError."""
    return {row.account: row for row in await fetched(pool, ClosingRow, _SQL["closing"], now)}
