"""Whether Postgres answers: in time, slowly, or not at all. Slow is no outage: what asks again gets its answer."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import asyncpg
import structlog
from aiohttp import web

from holdfast.store import schedule
from holdfast.store.trouble import DATABASE_FAILURES, LATE

log = structlog.get_logger()

State = Literal["ok", "slow", "down"]

SILENT_SECONDS = 30.0
"""A server that has answered nothing for so long is down, whatever it still accepts."""


class Outage:
    """Says each change once in the log: slow, unreachable, reachable again."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._answered = elapsed()
        self._told: State = "ok"
        self._asking: asyncio.Task[BaseException | None] | None = None

    def began(self, error: BaseException) -> State:
        """A query failed."""
        silent = self._elapsed() - self._answered > SILENT_SECONDS
        state: State = "slow" if isinstance(error, LATE) and not silent else "down"
        if state == "down" and self._told != "down":
            log.warning("database_unreachable", error=type(error).__name__)
        elif state == "slow" and self._told == "ok":
            log.warning("database_slow", error=type(error).__name__)
        self._told = state
        return state

    def ended(self) -> None:
        """A query went well."""
        self._answered = self._elapsed()
        if self._told != "ok":
            log.info("database_reachable")
        self._told = "ok"

    async def look(self, pool: asyncpg.Pool, seconds: float) -> State:
        """Ask it something small. A question that is not answered in `seconds` goes on: its answer still counts."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(pool), name="database-question")
        await asyncio.wait([self._asking], timeout=seconds)
        error = self._asking.result() if self._asking.done() else TimeoutError()
        return "ok" if error is None else self.began(error)

    async def _ask(self, pool: asyncpg.Pool) -> BaseException | None:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                await schedule.database_now(pool)
        except DATABASE_FAILURES as error:
            return error
        self.ended()
        return None

    async def close(self) -> None:
        """Ask nothing any more."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking


OUTAGE = web.AppKey("outage", Outage)
