"""An account's access token, which all processes use together; sealed by its channel."""

from datetime import datetime

import asyncpg

from holdfast.store.queries import load

_SQL = load("access_tokens")


async def kept(connection: asyncpg.Connection, account_id: int) -> bytes | None:
    """The last one; None: there was none yet."""
    sealed: bytes | None = await connection.fetchval(_SQL["kept"], account_id)
    return sealed


async def take(connection: asyncpg.Connection, account_id: int, seconds: float) -> datetime | None:
    """Take the turn to ask for the next; returns until when, None: another process has it."""
    until: datetime | None = await connection.fetchval(_SQL["take"], account_id, seconds)
    return until


async def keep(
    connection: asyncpg.Connection, account_id: int, sealed: bytes, until: datetime
) -> None:
    """Keep what was got in the turn that lasts until then."""
    await connection.execute(_SQL["keep"], account_id, sealed, until)


async def leave(connection: asyncpg.Connection, account_id: int, until: datetime) -> None:
    """Give the turn back before its end."""
    await connection.execute(_SQL["leave"], account_id, until)
