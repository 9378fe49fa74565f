"""Wake-ups over Redis: after a commit, the workers are told where to look. Every one of them may be lost."""

import asyncio
import json
import os
import re
import socket
import time
from itertools import count
from secrets import token_hex

import structlog
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from holdfast.sync.parts import Lane, Step, Wake

log = structlog.get_logger()

QUEUE = "holdfast"
WAKE = f"wake:{QUEUE}"
HINT_LIVES_MS = 3_600_000
WORD_MS = 1_000
PATIENCE = 0.5
"""Seconds; a producer never waits longer for Redis than this."""

QUEUE_SECONDS = 1.0
"""A job this often is enough: workers look into arq's queue once a second, and all its jobs say the same."""

COURTESY = 0.01
"""Seconds by which the others are told later what this process does itself: all that comes meanwhile is one hint."""

HERE = f"{socket.gethostname()}-{os.getpid()}-{token_hex(4)}"
"""This process."""

NOBODY = "-"
_LANE = re.compile(r"(absorb|deliver):(\d{1,18})")
_STEPS: dict[str, Step] = {"absorb": "absorb", "deliver": "deliver"}

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


async def leave_word(redis: Redis) -> None:
    """Raises what redis-py raises where it does not answer, or takes nothing in: full, a replica, its disk away."""
    await redis.set(f"{QUEUE}:word", b"1", px=WORD_MS)


def spelt(sender: str, lanes: set[Lane]) -> bytes:
    """A hint as it goes over the wire: who sends it, and the lanes; none: look everywhere."""
    return " ".join([sender, *(f"{step}:{account}" for step, account in sorted(lanes))]).encode()


def told(hint: bytes) -> list[Lane] | None:
    """The lanes that a hint names; None: this process did it itself, and knows. What cannot be read, says: look."""
    sender, *words = hint.decode(errors="replace").split(" ")
    if sender == HERE:
        return None
    found = [_LANE.fullmatch(word) for word in words]
    return [(_STEPS[one[1]], int(one[2])) for one in found if one] if all(found) else []


class Herald:
    """Sends hints one after another; those that come meanwhile are one hint. `also` hears of them at once."""

    def __init__(self, redis: ArqRedis, also: Wake | None = None) -> None:
        self._redis = redis
        self._also = also
        self._numbers = count()
        self._name = f"{HERE}-{id(self):x}"
        self._task: asyncio.Task[None] | None = None
        self._lanes: set[Lane] = set()
        self._anywhere = False
        self._queued = -QUEUE_SECONDS
        self.lost = 0

    def wake(self, *lanes: Lane) -> None:
        """Tell the workers that there is something to do. Returns at once and never fails."""
        if self._also is not None:
            self._also(*lanes)
        self._lanes.update(lanes)
        self._anywhere = self._anywhere or not lanes
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())

    async def close(self) -> None:
        """Let the last hint go out."""
        if self._task is not None:
            await self._task

    async def _tell(self) -> None:
        while self._lanes or self._anywhere:
            if self._also is not None:
                await asyncio.sleep(COURTESY)
            lanes = set() if self._anywhere else self._lanes
            self._lanes, self._anywhere = set(), False
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._send(lanes)
            except (RedisError, OSError, TimeoutError):
                self.lost += 1
                await asyncio.sleep(BREATH)

    async def _send(self, lanes: set[Lane]) -> None:
        # first: whoever listens is awake before the job is written
        await self._redis.publish(WAKE, spelt(NOBODY if self._also is None else HERE, lanes))
        now = time.monotonic()
        if now - self._queued >= QUEUE_SECONDS:
            self._queued = now
            # a fixed id would be swallowed while a job of that id runs
            await self._redis.enqueue_job("drain", _job_id=f"{self._name}-{next(self._numbers)}")
