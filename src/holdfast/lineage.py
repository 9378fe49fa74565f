"""Notices that the store went back to an older state, before anything is written to it.

Every look at the store has a number. A process remembers the highest that it saw, and leaves it in Redis for those that
start later. A store that went back counts from a lower one. Its connections are all new then, so each new connection looks
before it is used; a look every second notices what was restored under open ones.
"""

import asyncio
from datetime import datetime

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from holdfast.clock import Clock
from holdfast.store import lineage
from holdfast.store.lineage import Look
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.sync.parts import Wake
from holdfast.sync.restored import catch_up

log = structlog.get_logger()

LOOK_SECONDS = 1.0
ANSWER_SECONDS = 0.5
"""So long Redis may take to say what others saw."""

CREDIBLE = 10**12
"""Redis may lie: no store is further behind."""

ACTOR = "holdfast"

# What no process of ours can have written is written over.
_RAISE = """
local kept = redis.pcall('GET', KEYS[1])
local told = type(kept) ~= 'table' and tonumber(kept or '0') or 0
if tonumber(ARGV[1]) > told or told >= tonumber(ARGV[1]) + tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 0
"""


def key_of(installation: str) -> str:
    """Where the highest number lies that any process saw."""
    return f"holdfast:lineage:{installation}"


async def remembered(redis: Redis, installation: str) -> int | None:
    """The highest number that any process saw; None: not known, or Redis does not answer."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            told = await redis.get(key_of(installation))
        return int(told) if told else None
    except (RedisError, OSError, TimeoutError, ValueError):
        return None


class Watch:
    """What one process knows of the store's past."""

    def __init__(self, redis: Redis | None, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._raise = redis.register_script(_RAISE) if redis is not None else None
        self._installation: str | None = None
        self._highest: int | None = None

    async def greet(self, connection: asyncpg.Connection) -> None:
        """Before a new connection is used. Raises what asyncpg raises."""
        try:
            await self._look(connection)
        except (asyncpg.ReadOnlySQLTransactionError, asyncpg.UndefinedTableError):
            log.debug("store_not_looked_at")  # nothing is written here, or it is older than we are

    async def keep_looking(self, pool: asyncpg.Pool, wake: Wake) -> None:
        """For ever; where the store went back, what it was about to do is taken back."""
        while True:
            try:
                await self._round(pool, wake)
            except DATABASE_FAILURES as error:
                log.debug("store_not_looked_at", reason=type(error).__name__)
            except asyncpg.PostgresError as error:
                log.error("store_not_doubted", reason=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def _round(self, pool: asyncpg.Pool, wake: Wake) -> None:
        async with pool.acquire() as connection:
            seen = await self._look(connection)
        await self._leave_word()
        if not seen.doubt_due:
            return
        doubts = await catch_up(pool, self._clock.now(), ACTOR)
        if doubts is not None:
            log.warning("store_doubted", blocks=doubts.blocks, decisions=doubts.decisions)
            wake()

    async def _look(self, connection: asyncpg.Connection) -> Look:
        known, same = self._highest, self._installation
        seen = await lineage.look(connection, self._clock.now())
        before = seen.looked_before
        if known is None:
            known, same = await self._told_by_others(seen), seen.installation
            # what they told may be of a look after ours
            seen = seen if known is None else await lineage.look(connection, self._clock.now())
        self._installation = seen.installation
        if known is not None and (seen.looks <= known or seen.installation != same):
            return await self._went_back(connection, max(known, seen.looks), before)
        self._highest = max(self._highest or 0, seen.looks)
        return seen

    async def _went_back(
        self, connection: asyncpg.Connection, known: int, to: datetime | None
    ) -> Look:
        looks = await lineage.went_back(connection, known, self._clock.now(), to)
        if looks is not None:
            log.error("store_went_back", to=to.isoformat() if to else None)
        seen = await lineage.look(connection, self._clock.now())
        self._highest = seen.looks
        return seen

    async def _told_by_others(self, seen: Look) -> int | None:
        if self._redis is None:
            return None
        told = await remembered(self._redis, seen.installation)
        return told if told is not None and told < seen.looks + CREDIBLE else None

    async def _leave_word(self) -> None:
        if self._raise is None or self._installation is None:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._raise(
                    keys=[key_of(self._installation)], args=[self._highest or 0, CREDIBLE]
                )
        except (RedisError, OSError, TimeoutError):
            log.debug("lineage_without_redis")
