"""virtual: workers as they are, on a clock that is moved on as soon as all of them wait for it.

Hours pass in minutes, and what is measured does not depend on the machine.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import ClientSession

from holdfast.clock import ManualClock
from holdfast.exchange import Reply, Request, Transport
from holdfast.sync.parts import Lane, Parts
from holdfast.transport import HttpTransport
from holdfast.wiring import Wiring
from holdfast.worker import SWEEP_SECONDS, Drainer

LATENCY = 0.3
"""Seconds between a call and the provider's answer."""

CALM = 5
"""Looks in a row at which nobody is at work."""

LOOK_SECONDS = 0.001
TURN_SECONDS = 20.0
"""Of the machine's own clock: what takes longer without an answer waits for something else than time."""


@dataclass(slots=True)
class Sky:
    """How many calls are under way just now, and how long calls take."""

    clock: ManualClock
    latency: float = LATENCY
    flying: int = 0
    slow: dict[str, float] = field(default_factory=dict)
    """By the beginning of an address, other seconds than `latency`."""

    def sender(self, session: ClientSession) -> Transport:
        """For `Base`."""
        return _Slowly(HttpTransport(session), self)

    def seconds(self, url: str) -> float:
        """What a call to this address takes."""
        told = (seconds for start, seconds in self.slow.items() if url.startswith(start))
        return next(told, self.latency)


class _Slowly:
    def __init__(self, inner: Transport, sky: Sky) -> None:
        self._inner = inner
        self._sky = sky

    async def send(self, request: Request) -> Reply:
        """See `Transport.send`; the time passes on the made clock, before the provider acts."""
        await self._sky.clock.sleep(self._sky.seconds(request.url))
        self._sky.flying += 1
        try:
            return await self._inner.send(request)
        finally:
            self._sky.flying -= 1


class Worker(Drainer):
    """One that remembers to look again."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.asked = True

    def nudge(self, *lanes: Lane) -> None:
        """See `Drainer.nudge`."""
        self.asked = self.asked or not lanes
        super().nudge(*lanes)


@dataclass(slots=True)
class Shift:
    """Workers at work, each with parts of its own."""

    sky: Sky
    workers: list[tuple[Wiring, Worker]] = field(default_factory=list)

    def join(self, wiring: Wiring) -> Worker:
        """One more works from now on."""
        worker = Worker(wiring.parts)
        wiring.parts.wake = worker.nudge
        self.workers.append((wiring, worker))
        return worker

    async def work(self, seconds: float) -> None:
        """Let the made clock run this long; each worker looks around once a second, and when it is asked to."""
        clock = self.sky.clock
        end = clock.now() + timedelta(seconds=seconds)
        while (now := clock.now()) < end:
            look_at = min(end, now + timedelta(seconds=SWEEP_SECONDS))
            for _, worker in self.workers:
                worker.asked = True
            while clock.now() < look_at:
                await self._quiet()
                woken = clock.next()
                until = look_at if woken is None else min(look_at, woken)
                clock.advance(max(0.0, (until - clock.now()).total_seconds()))
        await self._quiet()

    async def leave(self) -> None:
        """Everybody stops."""
        for _, worker in self.workers:
            await worker.land(0.0)
        self.workers.clear()

    async def _quiet(self) -> None:
        """All that can be done without more time is done."""
        async with asyncio.timeout(TURN_SECONDS):
            while await self._looked_around() or not await self._calm():
                pass

    async def _looked_around(self) -> bool:
        asked = [worker for _, worker in self.workers if worker.asked]
        for worker in asked:
            worker.asked = False
            await worker.run()
        return bool(asked)

    async def _calm(self) -> bool:
        """False: somebody asked meanwhile."""
        looks = 0
        while looks < CALM:
            if any(worker.asked for _, worker in self.workers):
                return False
            busy = self.sky.flying or not all(map(_idle, self._parts()))
            looks = 0 if busy else looks + 1
            await asyncio.sleep(LOOK_SECONDS if busy else 0)
        return True

    def _parts(self) -> Sequence[Parts]:
        return [wiring.parts for wiring, _ in self.workers]


def _idle(parts: Parts) -> bool:
    connections: int = parts.pool.get_size()
    idle: int = parts.pool.get_idle_size()
    return idle == connections
