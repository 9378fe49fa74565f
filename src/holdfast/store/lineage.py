"""Whether this is still the store that its processes knew, or an older state of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.queries import load

_SQL = load("lineage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the store. `looks` grows by one with each; `doubt_due`: it went back, and acts on it as if not."""

    installation: str
    looks: int
    looked_before: datetime | None
    doubt_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """As it stands. `went_back_to` None: not known, or it never went back."""

    installation: str
    looks: int
    went_back_at: datetime | None
    went_back_to: datetime | None
    doubt_due: bool
    unread: Sequence[str]
    """Accounts that were not read completely since."""


async def look(connection: asyncpg.Connection, now: datetime) -> Look:
    """Look, and be counted."""
    row = await connection.fetchrow(_SQL["look"], now)
    return Look(**{**row, "doubt_due": bool(row["doubt_due"])})


async def went_back(
    connection: asyncpg.Connection, known: int, now: datetime, to: datetime | None
) -> int | None:
    """It is behind what was `known`: write it down. Returns where its looks go on, None: another process did it."""
    async with connection.transaction():
        looks: int | None = await connection.fetchval(_SQL["went_back"], known, now, to)
        if looks is not None:
            await connection.fetch(_SQL["jump"])
    return looks


async def declare(connection: asyncpg.Connection, now: datetime) -> None:
    """A person says that it went back."""
    async with connection.transaction():
        if await connection.fetchval(_SQL["declare"], now) is not None:
            await connection.fetch(_SQL["jump"])


async def is_due(connection: asyncpg.Connection) -> bool:
    """Whether what it was about to do is still to be taken back; until the transaction ends, nobody else does."""
    await connection.execute(_SQL["alone"])
    due: bool = await connection.fetchval(_SQL["due"])
    return due


async def doubted(connection: asyncpg.Connection, now: datetime) -> None:
    """What it was about to do was taken back."""
    await connection.execute(_SQL["doubted"], now)


async def state(source: asyncpg.Connection | asyncpg.Pool) -> Lineage | None:
    """None: no process has looked yet."""
    row = await source.fetchrow(_SQL["state"])
    return None if row is None else Lineage(**{**row, "doubt_due": bool(row["doubt_due"])})
