"""`wake`: from a commit until the worker's function begins, while nothing else goes on.

Ours is told by name which one that is, and begins it before it asks the database anything.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import asyncpg
from arq.connections import RedisSettings, create_pool

from holdfast.bench.crew import NOBODY, READY
from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.woken import CHANNEL
from holdfast.embedded import embedded_servers
from holdfast.herald import Herald, open_redis
from holdfast.soak.house import SECRETS, set_up, write_configuration
from holdfast.soak.program import PATIENCE, Missed, environment
from holdfast.store.queries import load
from holdfast.sync.parts import Lane

_SQL = load("waiting", "holdfast.bench")

OURS, ARQ, BARE = "holdfast", "arq, default settings", "publish, subscribe, one query"
TIMES: Mapping[str, int] = {OURS: 30, ARQ: 12, BARE: 30}
"""In one run. arq looks twice a second, so each of its times takes as long."""

PAUSES: Mapping[str, float] = {OURS: 0.06, ARQ: 0.5, BARE: 0.06}
"""Seconds between two, at most. Random, so that no poller keeps step with us."""

Tell = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contender:
    """`put` commits something for it, `tell` wakes it; `words` is where it prints when it began."""

    pause: float
    put: str
    clear: str
    tell: Tell
    words: asyncio.StreamReader

    async def began(self, told: int) -> int:
        """Nanoseconds. Whoever looks twice prints twice: what is older than `told` is of the last time."""
        while (began := await self._next()) < told:
            continue
        return began

    async def _next(self) -> int:
        async with asyncio.timeout(PATIENCE):
            line = await self.words.readline()
        if not line:
            raise Missed("a contender has ended")
        return int(line)


async def measure(ground: Ground) -> Sequence[Figure]:
    """Medians of each run, in milliseconds."""
    runs: dict[str, list[float]] = {name: [] for name in TIMES}
    random = Random(1)  # noqa: S311 - only so that nobody keeps step
    async with embedded_servers(ground.folder) as servers:
        urls = servers.database_url, servers.redis_url
        await _configured(ground.folder, *urls)
        pool = await asyncpg.create_pool(urls[0], min_size=1, max_size=1)
        async with pool, _contenders(*urls, await _news(pool)) as contenders:
            await pool.execute(_SQL["plain"])
            for _ in ground.turns():
                for name, contender in contenders.items():
                    took = [await _once(pool, contender, random) for _ in range(TIMES[name])]
                    runs[name].append(median(took))
    series = {name: Series(name=name, runs=found) for name, found in runs.items()}
    return [
        Figure(
            bench="wake",
            what="commit until the function begins, p50",
            unit="ms",
            ours=series[OURS],
            others=[series[ARQ], series[BARE]],
            demands=[Demand(against=ARQ, at_most=0.01), Demand(against=BARE, at_most=2.0)],
        )
    ]


async def _news(pool: asyncpg.Pool) -> Lane:
    """What a web process names when news of the account were stored that `put` stores them for."""
    return "absorb", await pool.fetchval("select min(id) from accounts")


async def _once(pool: asyncpg.Pool, contender: _Contender, random: Random) -> float:
    await asyncio.sleep(contender.pause * random.random())
    await pool.execute(_SQL[contender.put])
    told = time.monotonic_ns()
    await contender.tell()
    began = await contender.began(told)
    await pool.execute(_SQL[contender.clear])
    return (began - told) / 1e6


async def _configured(folder: Path, database_url: str, redis_url: str) -> None:
    write_configuration(folder, NOBODY)
    settings = {"HOLDFAST_DATABASE_URL": database_url, "HOLDFAST_REDIS_URL": redis_url}
    await set_up(folder, {**SECRETS, **settings})


@asynccontextmanager
async def _contenders(
    database_url: str, redis_url: str, news: Lane
) -> AsyncIterator[dict[str, _Contender]]:
    """arq has a database of Redis to itself."""
    async with AsyncExitStack() as stack:
        redis = open_redis(redis_url)
        stack.push_async_callback(redis.aclose, close_connection_pool=True)
        herald = Herald(redis)
        stack.push_async_callback(herald.close)
        arq = await create_pool(RedisSettings.from_dsn(_other(redis_url)))
        stack.push_async_callback(arq.aclose, close_connection_pool=True)

        async def wake() -> None:
            herald.wake(news)

        async def enqueue() -> None:
            await arq.enqueue_job("drain")

        async def publish() -> None:
            await redis.publish(CHANNEL, b"1")

        ways: dict[str, tuple[str, str, Tell]] = {
            OURS: ("ours", redis_url, wake),
            ARQ: ("arq", _other(redis_url), enqueue),
            BARE: ("bare", redis_url, publish),
        }
        yield {
            name: _Contender(
                pause=PAUSES[name],
                put="put" if name == OURS else "put_plain",
                clear="clear" if name == OURS else "clear_plain",
                tell=tell,
                words=await stack.enter_async_context(_words(which, database_url, url)),
            )
            for name, (which, url, tell) in ways.items()
        }


def _other(redis_url: str) -> str:
    return redis_url.removesuffix("/0") + "/1"


@asynccontextmanager
async def _words(which: str, *urls: str) -> AsyncIterator[asyncio.StreamReader]:
    """What it prints once it is ready; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "holdfast.bench.woken", which, *urls),
        env=environment(**SECRETS),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        words = process.stdout
        if words is None or (await words.readline()).strip().decode() != READY:
            raise Missed(f"{which} is not ready")
        yield words
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
