"""Whether Redis answers and takes things in, said once when it goes and once when it is back: in a process that does not live by it."""

import asyncio

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from holdfast.herald import leave_word

log = structlog.get_logger()

LOOK_SECONDS = 5.0


async def watched(redis: ArqRedis, seconds: float = LOOK_SECONDS) -> None:
    """Look for ever, at once and then again and again. A worker says the same when its own loop finds it out."""
    answers = True
    while True:
        trouble = await trouble_of(redis)
        if trouble is not None and answers:
            log.warning("redis_away", reason=trouble)
        elif trouble is None and not answers:
            log.info("redis_back")
        answers = trouble is None
        await asyncio.sleep(seconds)


async def trouble_of(redis: ArqRedis) -> str | None:
    """The kind of it; None: it answers, and takes things in."""
    try:
        await leave_word(redis)
    except (RedisError, OSError, TimeoutError) as error:
        return type(error).__name__
    return None
