"""The model against a real run: 2,000 venues, a worker process, a provider, Postgres and Redis."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from redis.asyncio import Redis

from holdfast.bench.costs import ROOMS
from holdfast.bench.crowd import CHANNEL, crowd, settled_in
from holdfast.bench.hall import Size, built
from holdfast.bench.needs import A_CALL, A_DECISION, Costs, Habits
from holdfast.complaints import Unusable
from holdfast.embedded import embedded_postgres
from holdfast.soak.flood import resident
from holdfast.soak.house import SECRETS
from holdfast.soak.program import (
    HERE,
    REDIS_READY,
    Program,
    environment,
    free_port,
    holdfast,
    redis_server,
    started,
)
from holdfast.store.queries import load
from holdfast.terminal import table, tell

_SQL = load("hall", "holdfast.bench")

VENUES, NEWS, WARM = 2_000, 4_000, 200
TIMES = 2.0
"""A model that is off by more is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was said, and what came."""

    what: str
    said: float
    came: float

    @property
    def holds(self) -> bool:
        """Whether neither is more than `TIMES` the other."""
        return 1 / TIMES <= self.came / self.said <= TIMES


async def checked(costs: Costs, habits: Habits) -> None:
    """Print both. Raises Unusable when they are too far apart."""
    rows = await _rows(costs, habits)
    head = (f"{VENUES:,} VENUES, ONE WORKER", "MODEL", "REAL RUN", "RATIO")
    told = [(r.what, f"{r.said:,.3g}", f"{r.came:,.3g}", f"{r.came / r.said:.2f}") for r in rows]
    tell(["", *table([head, *told])])
    if any(not row.holds for row in rows):
        raise Unusable(f"the model and the run differ by more than {TIMES:g} times")


async def _rows(costs: Costs, habits: Habits) -> list[Row]:
    follow = VENUES * costs.followed / habits.look_seconds
    with TemporaryDirectory(prefix="holdfast-bench-") as name:
        rate, weight, operations = await _run(Path(name))
    return [
        Row(what="bookings a second", said=(1 - follow) / costs.booking, came=rate),
        Row(what="MiB of the worker", said=costs.process + VENUES * costs.known, came=weight),
        Row(what="Redis operations a booking", said=A_CALL + A_DECISION, came=operations),
    ]


async def _run(folder: Path) -> tuple[float, float, float]:
    """Each venue is told of twice, one booking at a time; rate, mebibytes, Redis operations a booking."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(embedded_postgres(folder))
        port = free_port()
        provider, redis = _provider(folder), redis_server(folder, port)
        await stack.enter_async_context(started(provider, redis))
        await redis.says(REDIS_READY)
        await _prepared(url, (await provider.says(r"crowd at (http://\S+)"))[1])
        address = f"redis://{HERE}:{port}/0"
        settings = {**SECRETS, "HOLDFAST_DATABASE_URL": url, "HOLDFAST_REDIS_URL": address}
        worker = holdfast(folder, "worker", **settings)
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        client = await stack.enter_async_context(Redis.from_url(address))
        await stack.enter_async_context(started(worker))
        first, began, before = *await _reached(connection, WARM), await _operations(client)
        last, ended = await _reached(connection, NEWS - WARM)
        asked = (await _operations(client) - before) / (last - first)
        return (last - first) / (ended - began), resident(worker.pid) / 2**20, asked


def _provider(folder: Path) -> Program:
    command = [sys.executable, "-m", "holdfast.bench.crowd", str(NEWS), str(VENUES * ROOMS)]
    return Program(name="crowd", command=command, folder=folder, environ=environment())


async def _prepared(url: str, provider: str) -> None:
    await built(url, Size(halls=VENUES, rooms=ROOMS, days=2), {CHANNEL: provider})
    there = crowd(NEWS, VENUES * ROOMS)
    connection = await asyncpg.connect(url)
    try:
        await settled_in(connection, there)
        account = await connection.fetchval(_SQL["account"], CHANNEL)
        refs = [there.ref(number) for number in range(NEWS)]
        await connection.execute(_SQL["heard"], account, refs)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def _operations(client: Redis) -> int:
    told = await client.info("stats")
    return int(told["total_commands_processed"])


async def _reached(connection: asyncpg.Connection, amount: int) -> tuple[int, float]:
    while True:
        done: int = await connection.fetchval(_SQL["decided"])
        if done >= amount:
            return done, time.perf_counter()
        await asyncio.sleep(0.1)
