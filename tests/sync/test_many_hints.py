"""However many hints come in at once, a worker looks once at a time."""

import asyncio
from random import Random

import asyncpg
from tests.town import town

from holdfast.worker import Drainer, drain_job


class Crowded:
    """A pool in which everybody waits; it knows how many have waited at the same time."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self.free = asyncio.Event()
        self.asked = asyncio.Event()

    def acquire(self) -> "Crowded":
        return self

    async def __aenter__(self) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        self.asked.set()
        await self.free.wait()
        raise asyncpg.TooManyConnectionsError("no more")

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_many_hints_at_once_do_not_take_a_connection_each(database_url: str) -> None:
    """Found by a flood: ten hints waited for a venue's lock, with all of a worker's connections."""
    async with town(database_url) as t:
        parts, pool = t.wiring.parts, t.wiring.parts.pool
        parts.pool = crowded = Crowded()
        drainer = Drainer(parts)
        sweep = asyncio.create_task(drainer.sweep(Random(1)))
        hints = [asyncio.create_task(drain_job({"drainer": drainer})) for _ in range(20)]
        try:
            await crowded.asked.wait()
            for _ in range(20):
                await asyncio.sleep(0)
            assert crowded.most == 1
            crowded.free.set()
            await asyncio.gather(*hints)
        finally:
            parts.pool = pool
            for task in (sweep, *hints):
                task.cancel()
            await asyncio.gather(sweep, *hints, return_exceptions=True)
