"""Wake-ups over Redis: after a commit, one worker is told to look. Every one of them may be lost."""

import asyncio
import json
import socket
from collections.abc import Callable
from itertools import count

import structlog
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

log = structlog.get_logger()

QUEUE = "holdfast"
WAKE = f"wake:{QUEUE}"
HINT_LIVES_MS = 3_600_000
PATIENCE = 0.5
"""Seconds; a producer never waits longer for Redis than this."""

BREATH = 0.1
"""Seconds between two hints that Redis does not take: who is busy most while it is away must not be busy with that."""


def packed(value: object) -> bytes:
    """A job as JSON: arq's default would run whatever somebody planted."""
    return json.dumps(value, default=str).encode()


def open_redis(url: str) -> ArqRedis:
    """A client with time-outs everywhere; nothing is connected yet."""
    pool = ConnectionPool.from_url(
        url,
        socket_connect_timeout=1,
        socket_timeout=2,
        socket_keepalive=True,
        health_check_interval=15,
        max_connections=64,
    )
    return ArqRedis(
        pool,
        job_serializer=packed,
        job_deserializer=json.loads,
        default_queue_name=QUEUE,
        expires_extra_ms=HINT_LIVES_MS,
    )


class Herald:
    """Sends hints one after another; those that come meanwhile are one hint."""

    def __init__(self, redis: ArqRedis, also: Callable[[], None] | None = None) -> None:
        self._redis = redis
        self._also = also
        self._numbers = count()
        self._name = f"{socket.gethostname()}-{id(self):x}"
        self._task: asyncio.Task[None] | None = None
        self._again = False
        self.lost = 0

    def wake(self) -> None:
        """Tell a worker that there is something to do. Returns at once and never fails."""
        if self._also is not None:
            self._also()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())
        else:
            self._again = True

    async def close(self) -> None:
        """Let the last hint go out."""
        if self._task is not None:
            await self._task

    async def _tell(self) -> None:
        while True:
            self._again = False
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._send()
            except (RedisError, OSError, TimeoutError):
                self.lost += 1
                await asyncio.sleep(BREATH)
            if not self._again:
                return

    async def _send(self) -> None:
        # first: whoever listens is awake before the job is written
        await self._redis.publish(WAKE, b"1")
        # a fixed id would be swallowed while a job of that id runs
        await self._redis.enqueue_job("drain", _job_id=f"{self._name}-{next(self._numbers)}")
