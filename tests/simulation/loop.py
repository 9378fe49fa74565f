"""A seeded event loop: any callback that is ready may come next, time is virtual, nothing is ever waited for."""

import asyncio
from asyncio.base_events import BaseEventLoop
from datetime import UTC, datetime, timedelta
from heapq import heappop
from random import Random
from typing import Any

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MOST_AT_ONE_INSTANT = 20_000


class Stuck(Exception):
    """So much happened at one instant of the virtual clock that time would never go on."""


class SeededLoop(BaseEventLoop):
    """asyncio's own loop but for three things: the order is drawn, the clock jumps, there is no I/O.

    `_run_once` is private to CPython: if it changes, every seed fails at once, and loudly.
    """

    _ready: Any
    _scheduled: Any

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._draw = random
        self._instant = 0.0
        self._steps = 0

    def time(self) -> float:
        """Seconds of virtual time since the beginning."""
        return self._instant

    def now(self) -> datetime:
        """The virtual instant."""
        return BEGIN + timedelta(seconds=self._instant)

    def _run_once(self) -> None:
        ready = self._ready
        if not ready:
            self._jump()
        if len(ready) > 1:
            ready.rotate(-self._draw.randrange(len(ready)))
        if ready:
            handle = ready.popleft()
            self._steps += 1
            if self._steps > MOST_AT_ONE_INSTANT:
                raise Stuck(f"{MOST_AT_ONE_INSTANT} steps at {self.now()}")
            if not handle.cancelled():
                handle._run()

    def _jump(self) -> None:
        """To the next timer, and to all that are due with it."""
        timers = self._scheduled
        while timers and timers[0].cancelled():
            heappop(timers)._scheduled = False
            self._timer_cancelled_count = max(0, self._timer_cancelled_count - 1)
        if not timers:
            if not self._stopping:
                raise Stuck(f"nothing will ever happen again after {self.now()}")
            return
        self._instant, self._steps = max(self._instant, timers[0].when()), 0
        while timers and timers[0].when() <= self._instant:
            timer = heappop(timers)
            timer._scheduled = False
            self._ready.append(timer)

    _timer_cancelled_count: int
    _stopping: bool

    def _write_to_self(self) -> None:
        """There is no thread to be woken."""

    def _process_events(self, event_list: object) -> None:
        """There is no I/O."""


class VirtualClock:
    """The clock of a process in the simulation: the loop's, wrong by `ahead` seconds."""

    def __init__(self, loop: SeededLoop, ahead: float = 0.0) -> None:
        self._loop = loop
        self._ahead = timedelta(seconds=ahead)

    def now(self) -> datetime:
        """What this clock shows."""
        return self._loop.now() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed."""
        await asyncio.sleep(max(0.0, seconds))
