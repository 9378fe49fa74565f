"""Refused webhooks, counted in Postgres, so that every web process shows those of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("refusals")

KEPT = timedelta(days=1)
LATELY = timedelta(hours=1)

Counts = Mapping[tuple[str, str], int]
"""By account and result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """How many webhooks of an account were refused in the last hour, and why."""

    account: str
    result: str
    amount: int


async def add(pool: asyncpg.Pool, counts: Counts, now: datetime) -> None:
    """So many more; and what is older than a day is forgotten."""
    accounts, results = [account for account, _ in counts], [result for _, result in counts]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL["add"], now, accounts, results, list(counts.values()))
        await connection.execute(_SQL["forget"], now - KEPT)


async def lately(pool: asyncpg.Pool, now: datetime) -> dict[str, list[RefusedRow]]:
    """By account, most first."""
    found: dict[str, list[RefusedRow]] = {}
    for row in await fetched(pool, RefusedRow, _SQL["lately"], now - LATELY):
        found.setdefault(row.account, []).append(row)
    return found
