"""The model against a real run: 2,000 venues, a worker process, a provider, Postgres and Redis."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from redis.asyncio import Redis

from holdfast.bench.costs import ROOMS
from holdfast.bench.crowd import CHANNEL, address, decided, news_of, provider
from holdfast.bench.hall import Size, built
from holdfast.bench.needs import A_CALL, A_DECISION, Costs, Habits
from holdfast.complaints import Unusable
from holdfast.embedded import embedded_postgres
from holdfast.soak.flood import resident
from holdfast.soak.house import SECRETS
from holdfast.soak.program import (
    HERE,
    REDIS_READY,
    free_port,
    holdfast,
    redis_server,
    started,
)
from holdfast.terminal import table, tell

VENUES, NEWS, WARM = 2_000, 4_000, 200
LOOK_SECONDS = 0.1
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
        there, redis = provider(folder, NEWS, VENUES * ROOMS), redis_server(folder, port)
        await stack.enter_async_context(started(there, redis))
        await redis.says(REDIS_READY)
        await _prepared(url, await address(there))
        redis_url = f"redis://{HERE}:{port}/0"
        settings = {**SECRETS, "HOLDFAST_DATABASE_URL": url, "HOLDFAST_REDIS_URL": redis_url}
        worker = holdfast(folder, "worker", **settings)
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        client = await stack.enter_async_context(Redis.from_url(redis_url))
        await stack.enter_async_context(started(worker))
        first, began, before = (
            *await decided(connection, WARM, LOOK_SECONDS),
            await _operations(client),
        )
        last, ended = await decided(connection, NEWS - WARM, LOOK_SECONDS)
        asked = (await _operations(client) - before) / (last - first)
        return (last - first) / (ended - began), resident(worker.pid) / 2**20, asked


async def _prepared(url: str, provider: str) -> None:
    await built(url, Size(halls=VENUES, rooms=ROOMS, days=2), {CHANNEL: provider})
    await news_of(url, NEWS, VENUES * ROOMS)


async def _operations(client: Redis) -> int:
    told = await client.info("stats")
    return int(told["total_commands_processed"])
