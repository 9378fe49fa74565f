"""One access token of an account for all processes: a provider may end the last one with each new one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import structlog

from holdfast.store import access_tokens
from holdfast.store.trouble import DATABASE_TROUBLE

log = structlog.get_logger()

TURN_SECONDS = 12.0
"""A token request takes ten at most (`open_session`)."""

LOOK_SECONDS = 0.1


class KeptToken:
    """An account's token in Postgres, sealed by its channel. Whatever the database does, a token is got."""

    def __init__(
        self, pool: asyncpg.Pool, account_id: int, turn_seconds: float = TURN_SECONDS
    ) -> None:
        self._pool = pool
        self._account_id = account_id
        self._turn_seconds = turn_seconds

    async def kept(self) -> bytes | None:
        """See `SharedToken.kept`."""
        try:
            async with self._pool.acquire() as connection:
                return await access_tokens.kept(connection, self._account_id)
        except DATABASE_TROUBLE as error:
            self._alone(error)
            return None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
        """See `SharedToken.turn`."""
        until = await self._taken()

        async def keep(sealed: bytes) -> None:
            if until is not None:
                await self._keep(sealed, until)

        try:
            yield keep
        finally:
            if until is not None:
                await self._leave(until)

    async def _taken(self) -> datetime | None:
        """Until when the turn is ours; None: it was waited for long enough, or the database is away."""
        try:
            async with asyncio.timeout(self._turn_seconds):
                while True:
                    until = await self._take()
                    if until is not None:
                        return until
                    await asyncio.sleep(LOOK_SECONDS)
        except DATABASE_TROUBLE as error:
            self._alone(error)
            return None

    async def _take(self) -> datetime | None:
        async with self._pool.acquire() as connection:
            return await access_tokens.take(connection, self._account_id, self._turn_seconds)

    async def _keep(self, sealed: bytes, until: datetime) -> None:
        try:
            async with self._pool.acquire() as connection:
                await access_tokens.keep(connection, self._account_id, sealed, until)
        except DATABASE_TROUBLE as error:
            self._alone(error)

    async def _leave(self, until: datetime) -> None:
        try:
            async with self._pool.acquire() as connection:
                await access_tokens.leave(connection, self._account_id, until)
        except DATABASE_TROUBLE as error:
            self._alone(error)

    def _alone(self, error: BaseException) -> None:
        log.debug("token_not_shared", account_id=self._account_id, reason=type(error).__name__)
