"""Shows that this worker lives: a lock in Postgres that is free at the moment at which the process is gone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog

from holdfast.processes import in_background
from holdfast.store import worker_locks
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.parts import Parts

log = structlog.get_logger()

LOOK_SECONDS = 5.0
"""Between two looks whether the lock is still held."""

ANSWER_SECONDS = 5.0
AGAIN_SECONDS = 0.5

KEEPALIVES: Mapping[str, str] = {
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
"""Where a whole machine is gone nobody closes its connections: the server notices after 8 s."""


@asynccontextmanager
async def alive(parts: Parts, database_url: str, worker: str) -> AsyncIterator[None]:
    """Inside, what the worker takes is known to be its own, and taken over by others as soon as it died.

    Without the database, or behind a pooler that shares sessions, only the leases say how long it may have it.
    """
    lock = WorkerLock(parts, database_url, worker)
    await lock.take()
    try:
        async with in_background(lock.keep(), "lock"):
            yield
    finally:
        await lock.close()


class WorkerLock:
    """Keeps `parts.holder`, the number under which this worker takes what it works on."""

    def __init__(self, parts: Parts, database_url: str, worker: str) -> None:
        self._parts = parts
        self._database_url = database_url
        self._worker = worker
        self._connection: asyncpg.Connection | None = None
        self._lost = asyncio.Event()

    async def keep(self) -> None:
        """For ever: hold the lock, and take it again when its connection broke."""
        while True:
            if self._connection is None:
                await self.take()
            if self._connection is None:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._lost.wait()
            if not await self._is_held():
                await self.close()

    async def take(self) -> None:
        """Under the number that it had, if nobody has taken over; else under a new one. Trouble is tried again."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._connection = await self._connect()
                await self._number(self._connection)
        except DATABASE_TROUBLE as error:
            log.debug("worker_lock_not_taken", reason=type(error).__name__)
            await self.close()

    async def _connect(self) -> asyncpg.Connection:
        settings = {**KEEPALIVES, "application_name": "holdfast lock"}
        connection = await asyncpg.connect(self._database_url, server_settings=settings)
        self._lost.clear()
        connection.add_termination_listener(lambda _connection: self._lost.set())
        return connection

    async def _number(self, connection: asyncpg.Connection) -> None:
        before = self._parts.holder
        if before is not None and await worker_locks.take_again(connection, before):
            return
        self._parts.holder = await worker_locks.take(connection, self._worker, self._parts.now())
        if before is not None:
            log.warning("worker_lock_lost", worker=self._worker)

    async def _is_held(self) -> bool:
        if self._connection is None or self._parts.holder is None or self._lost.is_set():
            return False
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await worker_locks.is_held(self._connection, self._parts.holder)
        except DATABASE_TROUBLE:
            return False

    async def close(self) -> None:
        """The lock is free at once."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
