"""The only place that reads the machine's clock; everything else is handed a `Clock`."""

import asyncio
import heapq
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

TEST_AHEAD = "HOLDFAST_TEST_AHEAD"
"""For tests only: seconds by which a process's clock is ahead of its machine's."""


def ahead_of_machine(environ: Mapping[str, str]) -> timedelta:
    """By how much `environ` moves the clock. Raises ValueError."""
    return timedelta(seconds=float(environ.get(TEST_AHEAD, "").strip() or 0))


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class SystemClock:
    """The machine's own clock; in a test it may be moved to another moment, and ticks on from there."""

    def __init__(self) -> None:
        self._ahead = ahead_of_machine(os.environ)

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC) + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is told to move: hours of venue life pass in seconds."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> datetime:
        """The instant it was last moved to, aware, in UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return once the clock was moved `seconds` ahead; at once for none."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(
            self._sleepers, (self._now + timedelta(seconds=seconds), next(self._order), woken)
        )
        await woken

    def next(self) -> datetime | None:
        """When the first of those who sleep is woken; None: nobody sleeps."""
        return self._sleepers[0][0] if self._sleepers else None

    def advance(self, seconds: float) -> None:
        """Move ahead and wake whoever's time has come."""
        self._now += timedelta(seconds=seconds)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)


class SkewedClock:
    """A clock that is wrong by a fixed number of seconds, as providers' clocks are."""

    def __init__(self, true: Clock, ahead: Callable[[], float]) -> None:
        self._true = true
        self._ahead = ahead

    def now(self) -> datetime:
        """What this clock shows: the true instant plus its error."""
        return self._true.now() + timedelta(seconds=self._ahead())

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed; an error in reading does not change its pace."""
        await self._true.sleep(seconds)


class SettableClock(SkewedClock):
    """One whose error may be changed while it runs."""

    def __init__(self, true: Clock) -> None:
        super().__init__(true, lambda: self.ahead)
        self.ahead = 0.0
        """Seconds; negative: it is behind."""


class AgreedClock:
    """One clock for all processes: a server's, carried on between two looks at it by this machine's pace.

    What this machine believes the time to be counts only until the first look, and to be compared with it.
    """

    def __init__(self, machine: Clock, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._machine = machine
        self._elapsed = elapsed
        self._anchor: tuple[datetime, float] | None = None
        self.ahead = 0.0
        """Seconds by which the machine's own clock was ahead at the last look; negative: behind."""

    def now(self) -> datetime:
        """The server's instant, aware, in UTC."""
        if self._anchor is None:
            return self._machine.now()
        told, at = self._anchor
        return told + timedelta(seconds=self._elapsed() - at)

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed."""
        await self._machine.sleep(seconds)

    def asked(self) -> float:
        """To be handed to `told` with the answer."""
        return self._elapsed()

    def told(self, server: datetime, asked: float) -> None:
        """The server showed this at some time since `asked`; within that doubt nothing is corrected."""
        answered = self._elapsed()
        doubt = (answered - asked) / 2
        shown = server.astimezone(UTC) + timedelta(seconds=doubt)
        if self._anchor is None or abs((shown - self.now()).total_seconds()) > doubt:
            self._anchor = (shown, answered)
        self.ahead = (self._machine.now() - self.now()).total_seconds()
