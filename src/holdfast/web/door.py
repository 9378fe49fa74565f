"""The door: passwords are checked a few at a time, and whoever guesses waits longer and longer."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from holdfast import passwords
from holdfast.web.problems import Problem, unavailable

FREE = 5
"""So many tries cost no waiting."""
LONGEST_WAIT = timedelta(minutes=5)
MOST_WATCHED = 10_000
"""Names with their addresses; whoever was not heard of for longest is forgotten first."""
AT_ONCE, WAITING = 2, 20

Key = tuple[str, str]
"""The name that was given, and the address that gave it."""


@dataclass(slots=True)
class Tries:
    """How often each was wrong, and until when it has to wait. No I/O."""

    most: int = MOST_WATCHED
    _counted: OrderedDict[Key, tuple[int, datetime]] = field(default_factory=OrderedDict)

    def wait(self, key: Key, now: datetime) -> timedelta:
        """So long before the next try; nothing: now."""
        _, until = self._counted.get(key, (0, now))
        return max(until - now, timedelta())

    def count(self, key: Key, now: datetime) -> None:
        """One more, which is wrong until it is known to be right."""
        before, _ = self._counted.pop(key, (0, now))
        wrong = before + 1
        seconds = 2.0 ** min(wrong - FREE, 30) if wrong >= FREE else 0.0
        self._counted[key] = (wrong, now + min(timedelta(seconds=seconds), LONGEST_WAIT))
        while len(self._counted) > self.most:
            self._counted.popitem(last=False)

    def right(self, key: Key) -> None:
        """It was; all is forgotten."""
        self._counted.pop(key, None)


@dataclass(slots=True)
class Door:
    """A check takes 32 MiB and 0.1 s of CPU: a few at once, a few more wait, others come again later."""

    tries: Tries = field(default_factory=Tries)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _inside: int = 0

    async def opens(self, password: str, kept: str | None) -> bool:
        """Whether the password is the one whose hash is kept; None takes as long, and it is not. Raises Problem."""
        if self._inside >= AT_ONCE + WAITING:
            raise self._crowded()
        self._inside += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(passwords.matches, password, kept)
        finally:
            self._inside -= 1

    def _crowded(self) -> Problem:
        return unavailable(5, "Too many sign in just now.")


DOOR = web.AppKey("door", Door)
