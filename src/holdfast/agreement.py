"""agreement: every process goes by the database's clock, and says so when its machine's own is wrong."""

import asyncio

import asyncpg
import structlog

from holdfast.clock import AgreedClock, Clock
from holdfast.metrics import Metrics
from holdfast.store import schedule
from holdfast.store.trouble import DATABASE_TROUBLE

log = structlog.get_logger()

LOOK_SECONDS = 5.0
FIRST_LOOKS = 3
"""The quickest answer tells best."""

TOLERATED = 2.0
"""Seconds by which a machine may be wrong before people are told: nothing goes by its clock, but logs do."""


async def agreed(machine: Clock, database_url: str) -> AgreedClock:
    """A clock that shows the database's time. Raises what asyncpg raises when that is not there."""
    clock = AgreedClock(machine)
    connection = await asyncpg.connect(database_url)
    try:
        for _ in range(FIRST_LOOKS):
            await _look(clock, connection)
    finally:
        await connection.close()
    return clock


async def _look(clock: AgreedClock, connection: asyncpg.Connection) -> None:
    asked = clock.asked()
    clock.told(await schedule.database_now(connection), asked)


def is_right(clock: AgreedClock) -> bool:
    """Whether the machine's own clock shows about the same."""
    return abs(clock.ahead) <= TOLERATED


async def keep_agreed(clock: AgreedClock, pool: asyncpg.Pool, metrics: Metrics) -> None:
    """For ever: look again, and tell of a wrong clock once, and of its end."""
    right = True
    while True:
        metrics.clock_ahead.set(clock.ahead)
        if is_right(clock) != right:
            right = not right
            _tell(clock, right=right)
        await asyncio.sleep(LOOK_SECONDS)
        try:
            async with pool.acquire() as connection:
                await _look(clock, connection)
        except DATABASE_TROUBLE:
            log.debug("clock_not_compared")


def _tell(clock: AgreedClock, *, right: bool) -> None:
    if right:
        log.info("clock_right")
    else:
        log.error("clock_wrong", ahead_seconds=round(clock.ahead, 1), counts="the database's clock")
