"""What people are shown is read as typed rows, and in bounded time: a screen that waits is no screen."""

import asyncio
from typing import Any, TypeVar

import asyncpg

PATIENCE = 5.0
"""Seconds."""

Row = TypeVar("Row")


async def fetched(pool: asyncpg.Pool, kind: type[Row], sql: str, *args: object) -> list[Row]:
    """All rows of a query, each as a `kind`. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        found = await pool.fetch(sql, *args)
    return [kind(**dict(row)) for row in found]


async def fetched_value(pool: asyncpg.Pool, sql: str, *args: object) -> Any:
    """The one value of a query. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        return await pool.fetchval(sql, *args)
