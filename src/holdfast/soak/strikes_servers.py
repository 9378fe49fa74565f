"""Faults of servers that answer: a Redis that lies or takes nothing in, a Postgres that is full or taken by strangers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from random import Random

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from holdfast.herald import QUEUE
from holdfast.inventory.shares import SHARES
from holdfast.soak.faults import SIDES, Fault
from holdfast.soak.program import HERE, until
from holdfast.soak.rig import Rig
from holdfast.store.queries import load
from holdfast.store.trouble import DATABASE_TROUBLE

_SQL = load("strikes_servers", "holdfast.soak")

AN_HOUR = 3600
SMALL = "1"
"""Bytes: a Redis that may use no more has no memory left."""

HALF = 0.5
AGAIN_SECONDS = 0.2
CONNECT_SECONDS = 5.0

TAKEN = (asyncpg.TooManyConnectionsError, OSError, TimeoutError)
"""What strangers are told when there is no connection left for them either."""


@asynccontextmanager
async def _redis(rig: Rig) -> AsyncIterator[Redis]:
    """Past all proxies, as soon as it answers: it may just have been started again."""
    async with Redis.from_url(f"redis://{HERE}:{rig.redis_port}/0", socket_timeout=5) as redis:

        async def answers() -> bool:
            with suppress(RedisError, OSError, TimeoutError):
                return bool(await redis.ping())
            return False

        await until(answers, "Redis answers")
        yield redis


async def redis_lies(rig: Rig, fault: Fault) -> None:
    """A lie in each key that we keep; nobody takes it back."""
    random = Random(fault.dice)  # noqa: S311 - reproducible, not secret
    async with _redis(rig) as redis:
        hour = AN_HOUR * 1_000_000 + int((await redis.time())[0]) * 1_000_000
        for key in await _ours(redis):
            await redis.delete(key)
            lie = random.choice(("an hour ahead", "no number", "another type", "gone"))
            if lie == "another type":
                await redis.zadd(key, {"nonsense": 1})
            elif lie != "gone":
                await redis.set(key, hour if lie == "an hour ahead" else "nonsense")
        await redis.zadd("arq:job:nonsense", {"nonsense": 1})
        with suppress(Exception):  # where the queue is none any more
            await redis.zadd(QUEUE, {"nonsense": 1})


async def _ours(redis: Redis) -> list[str]:
    """The keys of what is counted, of the queue, and of what processes leave for those that start later."""
    purses = [f"{{holdfast:budget:{side}-main}}" for side in SIDES]
    levels = [f"{kind}:{use}" for kind in ("read", "write") for use in SHARES]
    parts = ["penalty", "read", "write", *levels]
    told = [key.decode() async for key in redis.scan_iter("holdfast:lineage:*")]
    return [*(f"{purse}:{part}" for purse in purses for part in parts), *told, QUEUE]


async def redis_goes_back(rig: Rig, fault: Fault) -> None:
    """All that it had so long ago is there again, and nothing of it ends by itself."""
    async with _redis(rig) as redis:
        kept = {key: await redis.dump(key) async for key in redis.scan_iter()}
        await asyncio.sleep(fault.seconds)
        await redis.flushall()
        for key, value in kept.items():
            if value is not None:
                await redis.restore(key, 0, value, replace=True)


async def redis_takes_nothing(rig: Rig, fault: Fault) -> None:
    """It has no memory left, or is a replica of one that is away."""
    full = fault.dice < HALF
    async with _redis(rig) as redis:
        await (redis.config_set("maxmemory", SMALL) if full else redis.replicaof(HERE, "1"))
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            await (redis.config_set("maxmemory", "0") if full else redis.replicaof("no", "one"))


async def prepare(rig: Rig) -> None:
    """Every table gets a trigger that does nothing yet: later nothing has to wait for a table."""
    connection = await asyncpg.connect(rig.postgres.url, timeout=CONNECT_SECONDS)
    try:
        await connection.execute(_SQL["room"])
        await connection.execute(_SQL["prepare"])
    finally:
        await connection.close()


async def _postgres(rig: Rig) -> asyncpg.Connection:
    """As soon as it takes one: it may just have been started again."""
    found: list[asyncpg.Connection] = []

    async def answers() -> bool:
        with suppress(*DATABASE_TROUBLE):
            found.append(await asyncpg.connect(rig.postgres.url, timeout=CONNECT_SECONDS))
        return bool(found)

    await until(answers, "Postgres answers")
    return found[0]


async def postgres_full(rig: Rig, fault: Fault) -> None:
    """No space is left for what is written, or for half of it: some rows fit into pages that are there."""
    connection = await _postgres(rig)
    try:
        await connection.execute(_SQL["full" if fault.dice < HALF else "half_full"])
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            await connection.execute(_SQL["room"])
    finally:
        await connection.close()


async def postgres_crowded(rig: Rig, fault: Fault) -> None:
    """Strangers take every connection that there is, and ours are ended."""
    async with AsyncExitStack() as stack:
        strangers: list[asyncpg.Connection] = []
        stack.callback(lambda: [stranger.terminate() for stranger in strangers])
        await _crowd_in(rig.postgres.url, strangers)
        await strangers[0].execute(_SQL["end_ours"])
        end = asyncio.get_running_loop().time() + fault.seconds
        while asyncio.get_running_loop().time() < end:
            await _crowd_in(rig.postgres.url, strangers)
            await asyncio.sleep(AGAIN_SECONDS)


async def _crowd_in(url: str, strangers: list[asyncpg.Connection]) -> None:
    """Until there is no room left."""
    with suppress(*TAKEN):
        while True:
            strangers.append(await asyncpg.connect(url, timeout=CONNECT_SECONDS))


WAYS: Mapping[str, Callable[[Rig, Fault], Coroutine[None, None, None]]] = {
    "redis lies": redis_lies,
    "redis goes back": redis_goes_back,
    "redis takes nothing in": redis_takes_nothing,
    "postgres full": postgres_full,
    "postgres crowded": postgres_crowded,
}
