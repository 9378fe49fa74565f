"""The worker: arq functions of a few lines that take no payload, and the sweep that needs no Redis."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version
from itertools import count
from random import Random
from time import perf_counter
from typing import Any

import structlog

from holdfast.store import breakers, offers, once, readings, schedule
from holdfast.store.trouble import DATABASE_TROUBLE, LATE
from holdfast.sync.parts import Lane, Parts, Step
from holdfast.sync.rounds import due_lanes, next_due, served, work_off

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
"""At the latest so often a worker looks by itself: without Redis this is the latency."""

BREATH_SECONDS = 0.2
"""Before a look that was asked for, or that finds again what is overdue. What is told by name needs none; all else that
comes meanwhile is one: a person's word, or the end of a lane, after which others may have work that nobody named."""

HEARTBEAT_SECONDS = 5.0

READING: frozenset[Step] = frozenset({"bookings", "probes", "offers", "background"})
"""Steps that another worker takes up where they stopped."""


class Drainer:
    """Works off whatever is due, each lane by itself; one that is asked for while it runs begins anew at its end."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._nudged = asyncio.Event()
        self._lanes: dict[Lane, asyncio.Task[int]] = {}
        self._anew: set[Lane] = set()
        self._landing = False
        self.trouble: str | None = None

    def nudge(self, *lanes: Lane) -> None:
        """There is something to do in these lanes, which need not be looked for; without any: somewhere."""
        for lane in lanes:
            self._begin(lane)
        if not lanes:
            self._nudged.set()

    async def run(self) -> None:
        """Start every lane in which something is due. Trouble with the database is logged once, and its end."""
        if self._landing:
            return
        try:
            for lane in await due_lanes(self._parts):
                self._begin(lane)
        except DATABASE_TROUBLE as error:
            self._in_trouble(type(error).__name__)
        else:
            self._in_trouble(None)

    def _begin(self, lane: Lane) -> None:
        if self._landing or not served(self._parts, lane):
            return
        if lane in self._lanes:
            self._anew.add(lane)
        else:
            self._start(lane)

    def _start(self, lane: Lane) -> None:
        task = asyncio.create_task(self._work(lane), name=f"{lane[0]} {lane[1]}")
        self._lanes[lane] = task
        began = perf_counter()
        task.add_done_callback(lambda done: self._ended(lane, done, perf_counter() - began))

    async def _work(self, lane: Lane) -> int:
        return await work_off(self._parts, lane, lambda full: self._goes_on(lane, full))

    def _goes_on(self, lane: Lane, full: bool) -> bool:
        """Another round begins, and finds what was asked for until now.

        After one that was not full, only if it was asked for: what nobody told of, the look at the lane's end finds.
        """
        asked = lane in self._anew
        self._anew.discard(lane)
        return not self._landing and (full or asked)

    def _ended(self, lane: Lane, task: asyncio.Task[int], seconds: float) -> None:
        del self._lanes[lane]
        anew = lane in self._anew
        self._anew.discard(lane)
        self._count(lane, task, seconds)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            if anew:
                self._begin(lane)  # what it was asked for may have come after it looked
            if task.result():
                self.nudge()  # what it did may be another lane's work
        elif isinstance(error, DATABASE_TROUBLE):
            self._in_trouble(type(error).__name__)
        else:  # the rows keep their leases and come back; the fault is ours and must be seen
            log.error("lane_failed", lane=task.get_name(), exc_info=error)

    def _count(self, lane: Lane, task: asyncio.Task[int], seconds: float) -> None:
        failed = task.cancelled() or task.exception() is not None
        outcome = "cancelled" if task.cancelled() else "failed" if failed else "ok"
        self._parts.metrics.jobs.of(task=lane[0], outcome=outcome).inc()
        self._parts.metrics.job_duration.of(task=lane[0]).observe(seconds)

    async def land(self, seconds: float) -> None:
        """Begin nothing more, and wait so long for what is under way; readings are left where they are.

        What flies even then is cut off: its outcome is unknown, and recorded as such already.
        """
        self._landing = True
        reading = [task for lane, task in self._lanes.items() if lane[0] in READING]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        if not self._lanes:
            return
        _, flying = await asyncio.wait(self._lanes.values(), timeout=seconds)
        if flying:
            log.warning("stopped_in_flight", lanes=len(flying))
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)

    async def sweep(self, random: Random) -> None:
        """For ever: look after each nudge, when something falls due, and once a second anyway."""
        while True:
            self._nudged.clear()
            await self.run()
            seconds = min(SWEEP_SECONDS * random.uniform(0.8, 1.2), await self._until_due())
            try:
                async with asyncio.timeout(seconds):
                    await self._nudged.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(BREATH_SECONDS)

    async def _until_due(self) -> float:
        try:
            due = await next_due(self._parts)
        except DATABASE_TROUBLE:
            return SWEEP_SECONDS
        if due is None:
            return SWEEP_SECONDS
        ahead = (due - self._parts.now()).total_seconds()
        # what is overdue has its lane already, or waits for its account's budget
        return ahead if ahead > 0 else BREATH_SECONDS

    def _in_trouble(self, trouble: str | None) -> None:
        if trouble == self.trouble:
            return
        if trouble is None:
            log.info("database_back")
        elif trouble in {late.__name__ for late in LATE}:
            log.warning("database_slow", reason=trouble)
        else:
            log.error("database_away", reason=trouble)
        self.trouble = trouble


async def beat(parts: Parts, name: str, redis_ok: Callable[[], datetime | None]) -> None:
    """For ever: show that this worker lives, and clear away what is long over."""
    started = parts.now()
    for round_number in count():
        try:
            async with parts.pool.acquire() as connection:
                worker = (name, version("holdfast"), started)
                await schedule.beat(connection, worker, parts.now(), redis_ok())
                made = Counter(parts.reads)
                await breakers.add_reads(connection, made, parts.now())
                parts.reads -= made  # not what was read meanwhile
                if round_number % 100 == 0:
                    await schedule.bury_workers(connection, parts.now() - timedelta(days=1))
                    await offers.forget_past(connection, parts.now() - timedelta(days=1))
                    await once.forget(connection, parts.now())
                    await readings.forget(connection, parts.now() - timedelta(days=2))
        except DATABASE_TROUBLE:
            log.debug("heartbeat_missed")
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def drain_job(ctx: dict[str, Any]) -> None:
    """arq's function: look soon at whatever is due, not at what the hint was about.

    The sweep looks: ten hints that each looked by themselves would wait for one venue's lock with ten of the
    pool's connections, and leave none to the lanes.
    """
    drainer: Drainer = ctx["drainer"]
    drainer.nudge()
