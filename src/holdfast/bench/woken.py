"""Who is woken, as a process that prints when his function began: ours, arq as it comes, and the bare minimum."""

import asyncio
import os
import sys
import time
from random import SystemRandom
from typing import Any

import asyncpg
import click
from arq.connections import RedisSettings
from arq.worker import Worker, func
from redis.asyncio import Redis

from holdfast.bench.crew import READY
from holdfast.clock import SystemClock
from holdfast.herald import open_redis
from holdfast.processes import Surroundings, in_background
from holdfast.steady import SteadyWorker
from holdfast.store.queries import load
from holdfast.sync.parts import Lane
from holdfast.worker import Drainer

_SQL = load("waiting", "holdfast.bench")


CHANNEL = "bare"
"""Redis' channels are the same in all of its databases: ours must not hear this one."""


def note() -> None:
    """The time by a clock that all processes of a machine share."""
    click.echo(time.monotonic_ns())


class _Noting(Drainer):
    """The worker itself, but what it would begin is only noted."""

    def _start(self, lane: Lane) -> None:
        note()


async def _ours(database_url: str, redis_url: str) -> None:
    around = Surroundings(
        database_url=database_url, redis_url=redis_url, clock=SystemClock(), environ=os.environ
    )
    random = SystemRandom()
    async with around.wiring() as (wiring, _, _):
        drainer = _Noting(wiring.parts)
        steady = SteadyWorker(open_redis(redis_url), drainer, random)
        async with (
            in_background(steady.main(), "redis"),
            in_background(drainer.sweep(random), "sweep"),
        ):
            click.echo(READY)
            await asyncio.Event().wait()


async def _drain(ctx: dict[Any, Any], *_args: Any, **_more: Any) -> None:
    note()


async def _arq(_database_url: str, redis_url: str) -> None:
    settings = RedisSettings.from_dsn(redis_url)
    worker = Worker([func(_drain, name="drain")], redis_settings=settings, handle_signals=False)
    click.echo(READY)
    await worker.async_run()


async def _bare(database_url: str, redis_url: str) -> None:
    """A message and one question: what waits?"""
    connection = await asyncpg.connect(database_url)
    async with Redis.from_url(redis_url) as redis, redis.pubsub() as ears:
        await ears.subscribe(CHANNEL)
        async for message in ears.listen():
            if message["type"] == "subscribe":
                click.echo(READY)
            elif await connection.fetchval(_SQL["first"]) is not None:
                note()


if __name__ == "__main__":
    asyncio.run({"ours": _ours, "arq": _arq, "bare": _bare}[sys.argv[1]](*sys.argv[2:]))
