"""The statements that a pool was asked for, so that the same can be asked for again by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg


@dataclass(slots=True, kw_only=True)
class Session:
    """What happened between taking a connection and giving it back."""

    steps: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Tape:
    """Sessions in the order in which they began and ended: as many at once as there were."""

    events: list[tuple[bool, int]] = field(default_factory=list)
    """True: this session began; False: it ended."""
    sessions: list[Session] = field(default_factory=list)

    async def played(self, pool: asyncpg.Pool) -> None:
        """The same statements with the same values, each as soon as what came before it is done."""
        tasks: dict[int, asyncio.Task[None]] = {}
        for began, number in self.events:
            if began:
                tasks[number] = asyncio.create_task(_play(pool, self.sessions[number]))
            else:
                await tasks.pop(number)


async def _play(pool: asyncpg.Pool, session: Session) -> None:
    async with pool.acquire() as connection:
        transaction = None
        for step, values in session.steps:
            if step == "begin":
                transaction = connection.transaction()
                await transaction.start()
            elif step == "commit" and transaction is not None:
                await transaction.commit()
            else:
                await getattr(connection, step)(*values)


class RecordedPool:
    """Hands out connections of a real pool, and keeps what they are asked for."""

    def __init__(self, pool: asyncpg.Pool, tape: Tape) -> None:
        self._pool = pool
        self._tape = tape

    @asynccontextmanager
    async def acquire(self, **how: object) -> AsyncIterator["_RecordedConnection"]:
        """See `asyncpg.Pool.acquire`."""
        async with self._pool.acquire(**how) as connection:
            number, session = len(self._tape.sessions), Session()
            self._tape.sessions.append(session)
            self._tape.events.append((True, number))
            yield _RecordedConnection(connection, session)
            self._tape.events.append((False, number))


class _RecordedConnection:
    def __init__(self, connection: asyncpg.Connection, session: Session) -> None:
        self._connection = connection
        self._steps = session.steps

    async def fetch(self, *values: object) -> Any:
        self._steps.append(("fetch", values))
        return await self._connection.fetch(*values)

    async def fetchrow(self, *values: object) -> Any:
        self._steps.append(("fetchrow", values))
        return await self._connection.fetchrow(*values)

    async def fetchval(self, *values: object) -> Any:
        self._steps.append(("fetchval", values))
        return await self._connection.fetchval(*values)

    async def execute(self, *values: object) -> Any:
        self._steps.append(("execute", values))
        return await self._connection.execute(*values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self._connection.transaction():
            self._steps.append(("begin", ()))
            yield
        self._steps.append(("commit", ()))
