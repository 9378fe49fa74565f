"""In every way in which asyncpg says that the database went away, what runs for ever goes on."""

import asyncio
from collections.abc import Coroutine
from random import Random

import asyncpg
import pytest
from tests.town import town

from holdfast.sync.parts import wake_nobody
from holdfast.wiring import keep_fresh
from holdfast.worker import Drainer, beat

WORDS = [
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
    ConnectionResetError("Connection reset by peer"),
    TimeoutError(),
]

ENOUGH = 12
"""Questions in vain, by all of them together."""


class Away:
    """A pool whose server was killed."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._left = ENOUGH
        self.asked = asyncio.Event()

    def acquire(self) -> object:
        self._left -= 1
        if self._left == 0:
            self.asked.set()
        raise self._error


@pytest.mark.parametrize("error", WORDS, ids=lambda error: type(error).__name__)
async def test_whoever_runs_for_ever_asks_again_when_the_database_is_away(
    database_url: str, error: Exception
) -> None:
    """Found by the soak, seed 1: a kill -9 of Postgres ended all three workers at once."""
    async with town(database_url) as t:
        parts, pool = t.wiring.parts, t.wiring.parts.pool
        away = Away(error)
        parts.pool = away
        drainer = Drainer(parts)
        tasks: list[Coroutine[object, object, None]] = [
            drainer.sweep(Random(1)),
            keep_fresh(t.wiring, drainer.nudge, 0.05),
            beat(parts, "a worker", lambda: None),
            t.wiring.watch.keep_looking(away, wake_nobody),
        ]
        running = [asyncio.create_task(task) for task in tasks]
        try:
            async with asyncio.timeout(10):
                await away.asked.wait()
            assert not [task for task in running if task.done()]
        finally:
            parts.pool = pool
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
