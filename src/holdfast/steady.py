"""arq's worker made steady: it survives Redis going away in any manner, and hears wake-ups at once."""

import asyncio
import contextlib
import json
import time
from random import Random
from typing import Any

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError

from holdfast.herald import QUEUE, WAKE, leave_word, packed, told
from holdfast.worker import Drainer, drain_job

log = structlog.get_logger()

MAX_JOBS = 4
JOB_TIMEOUT = 20
"""Seconds, for every function of the process: arq derives the recovery time of all from the longest."""

COMPLETION_WAIT = 8
"""Seconds that a stop waits for jobs, below a supervisor's kill grace."""

POLL_SECONDS = 1.0
SILENCE_SECONDS = 3.0
"""A subscription into a black hole raises nothing by itself: after this silence it is made anew."""


OTHER_TYPE = "WRONGTYPE"
"""How Redis says that a key holds something else than is asked of it."""

CLOSE_SECONDS = 2.0
"""Jobs only start work, so a stop hardly waits for them unless Redis is frozen."""


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel them and wait until they are over: what they use may be closed afterwards.

    More than once, because before Python 3.12 `asyncio.wait_for` may swallow a cancellation.
    """
    for _ in range(3):
        flying = [task for task in tasks if not task.done()]
        for task in flying:
            task.cancel()
        if flying:
            await asyncio.wait(flying, timeout=1)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # looked at, or asyncio complains of it at the very end


class SteadyWorker(Worker):
    """Each override answers one way in which plain arq, with Redis killed, frozen or lying, stops or hangs."""

    def __init__(self, redis: ArqRedis, drainer: Drainer, random: Random) -> None:
        super().__init__(
            functions=[func(drain_job, name="drain", keep_result=0, max_tries=1000)],
            queue_name=QUEUE,
            redis_pool=redis,
            handle_signals=False,
            max_jobs=MAX_JOBS,
            job_timeout=JOB_TIMEOUT,
            keep_result=0,
            max_tries=1000,
            poll_delay=POLL_SECONDS,
            queue_read_limit=200,
            job_completion_wait=COMPLETION_WAIT,
            health_check_interval=5,
            health_check_key=f"{QUEUE}:health:{id(self):x}",
            job_serializer=packed,
            job_deserializer=json.loads,
            ctx={"drainer": drainer},
            log_results=False,
        )
        self._drainer = drainer
        self._random = random
        self._nudge = asyncio.Event()
        self._begun = 0
        self._ended = 0
        self.redis_answers = False

    def run_job(self, job_id: str, score: int) -> Any:
        """arq calls this exactly once per slot that it takes."""
        self._begun += 1
        return super().run_job(job_id, score)

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        self._ended += 1
        self._nudge.set()  # a slot is free: poll now, not at the next tick

    async def main(self) -> None:
        """Poll for ever; a failed poll is repaired, not fatal. Start-up does not need Redis."""
        ears = asyncio.create_task(self._listen(), name="ears")
        failures = 0
        try:
            while True:
                self._nudge.clear()
                try:
                    await self._bury()
                    await self._poll_iteration()
                    if failures:
                        await leave_word(self.pool)
                except Exception as error:  # arq lets any error of its bookkeeping end the worker
                    failures += 1
                    await self._recover(error, failures)
                    continue
                failures = self._recovered(failures)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._nudge.wait()
        finally:
            await ended(ears)

    def _recovered(self, failures: int) -> int:
        if failures:
            log.info("redis_back")
        self.redis_answers = True
        return 0

    async def _bury(self) -> None:
        """Forget the jobs that failed: the sweep does their work again. What is no job at all leaves the queue."""
        for job_id, task in list(self.tasks.items()):
            if task.done() and (task.cancelled() or task.exception()):
                del self.tasks[job_id]
                if not task.cancelled() and OTHER_TYPE in str(task.exception()):
                    await self.pool.zrem(QUEUE, job_id)

    async def _recover(self, error: Exception, failures: int) -> None:
        self.redis_answers = False
        if failures == 1:
            log.warning("redis_away", reason=type(error).__name__)
        await self.pool.connection_pool.disconnect(inuse_connections=False)
        if OTHER_TYPE in str(error):
            await self._clear()
        # arq takes a slot before its Redis calls and loses it when one of them raises
        self.job_counter = running = self._begun - self._ended
        self.sem = asyncio.BoundedSemaphore(self.max_jobs + 1)
        for _ in range(min(running, self.max_jobs + 1)):
            await self.sem.acquire()
        await asyncio.sleep(min(2.0, 0.05 * 2 ** min(failures, 6)) * self._random.uniform(0.5, 1))

    async def _clear(self) -> None:
        """The queue is none, and would be met again at each look. All jobs in it say the same: look."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self.pool.delete(QUEUE)

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with self.pool.pubsub() as ears:
                    await ears.subscribe(WAKE)
                    self._drainer.nudge()  # something may have been said while we were deaf
                    await self._hear(ears)
            await asyncio.sleep(self._random.uniform(0.2, 0.6))

    async def _hear(self, ears: Any) -> None:
        last = time.monotonic()
        while time.monotonic() - last < SILENCE_SECONDS:
            message = await ears.get_message(timeout=1.0)
            if message is None:
                await ears.ping()
                continue
            last = time.monotonic()
            if message["type"] == "message":
                self._heard(message["data"])

    def _heard(self, hint: bytes) -> None:
        """Only the work: arq looks into its queue once a second, for whoever was deaf when this was said."""
        lanes = told(hint)
        if lanes is not None:
            self._drainer.nudge(*lanes)

    async def close(self) -> None:
        """Stop; what Redis has against it is logged and stops nothing.

        Not by arq's own way, which calls what redis-py has deprecated, and waits for a frozen Redis.
        """
        if self.tasks:
            await asyncio.wait(self.tasks.values(), timeout=CLOSE_SECONDS)
        await ended(*self.tasks.values())
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.pool.delete(self.health_check_key)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("redis_away_at_stop", reason=type(error).__name__)
        await self.pool.aclose(close_connection_pool=True)
