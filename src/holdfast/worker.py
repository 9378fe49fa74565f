"""The worker: arq functions of a few lines that take no payload, and the sweep that needs no Redis."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import version
from itertools import count
from random import Random
from typing import Any

import asyncpg
import structlog

from holdfast.store import offers, schedule
from holdfast.sync.parts import Parts
from holdfast.sync.poll import poll
from holdfast.sync.rounds import drain, next_due

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
"""At the latest so often a worker looks by itself: without Redis this is the latency."""

HEARTBEAT_SECONDS = 5.0
DATABASE_TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class Drainer:
    """Runs what is due, one run at a time in a process; a nudge during a run makes it go round again."""

    def __init__(self, parts: Parts, nudged: asyncio.Event) -> None:
        self._parts = parts
        self._nudged = nudged
        self._landing = False
        self._running = asyncio.Lock()
        self.trouble: str | None = None

    def nudge(self) -> None:
        """There is something to do."""
        self._nudged.set()

    async def run(self) -> None:
        """Do whatever is due. Trouble with the database is logged once, and once when it is over."""
        if self._landing:
            return
        if self._running.locked():
            self._nudged.set()
            return
        async with self._running:
            try:
                await drain(self._parts)
            except DATABASE_TROUBLE as error:
                self._in_trouble(type(error).__name__)
            else:
                self._in_trouble(None)

    async def land(self, seconds: float) -> None:
        """Begin nothing more, and wait so long for what is under way.

        What flies even then is cut off: its outcome is unknown, and recorded as such already.
        """
        self._landing = True
        try:
            async with asyncio.timeout(seconds), self._running:
                return
        except TimeoutError:
            log.warning("stopped_in_flight")

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

    async def read(self, random: Random) -> None:
        """For ever: poll whatever is due to be read."""
        while True:
            try:
                if await poll(self._parts):
                    self.nudge()
                    continue
            except DATABASE_TROUBLE as error:
                self._in_trouble(type(error).__name__)
            await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.3, 0.5))

    async def _until_due(self) -> float:
        try:
            due = await next_due(self._parts)
        except DATABASE_TROUBLE:
            return SWEEP_SECONDS
        if due is None:
            return SWEEP_SECONDS
        return max(0.02, (due - self._parts.now()).total_seconds())

    def _in_trouble(self, trouble: str | None) -> None:
        if trouble == self.trouble:
            return
        if trouble is None:
            log.info("database_back")
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
                if round_number % 100 == 0:
                    await schedule.bury_workers(connection, parts.now() - timedelta(days=1))
                    await offers.forget_past(connection, parts.now() - timedelta(days=1))
        except DATABASE_TROUBLE:
            log.debug("heartbeat_missed")
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def drain_job(ctx: dict[str, Any]) -> None:
    """arq's function: whatever is due, not what the hint was about."""
    drainer: Drainer = ctx["drainer"]
    await drainer.run()
