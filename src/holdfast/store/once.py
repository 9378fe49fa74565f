"""What was asked for with a key of the asker's own: asked again, it is the same and not one more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from holdfast.store.queries import load

_SQL = load("once")

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Whose key, and a digest of what was asked for with it."""

    who: str
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What it came to."""

    digest: bytes
    booking_id: int


async def find(connection: asyncpg.Connection, once: Once, now: datetime) -> Made | None:
    """What the key was used for; None: for nothing, or too long ago."""
    row = await connection.fetchrow(_SQL["find"], once.who, once.key, now - KEPT)
    return None if row is None else Made(**row)


async def keep(connection: asyncpg.Connection, once: Once, booking_id: int, now: datetime) -> bool:
    """False: the key was used for something else at this moment."""
    what = (once.who, once.key, once.digest, booking_id, now, now - KEPT)
    return await connection.fetchval(_SQL["keep"], *what) is not None


async def forget(connection: asyncpg.Connection, now: datetime) -> None:
    """What is over."""
    await connection.execute(_SQL["forget"], now - KEPT)
