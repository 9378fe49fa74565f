"""Tells open pages that something they show was changed; what it is, they fetch by themselves.

What is committed is found by looking at Postgres, one query for all pages of a process: so it does not matter which
process changed it, nothing has to be told by those who work, and Redis may be away.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web

from holdfast.store import pulse
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.web.parts import PARTS, WebParts
from holdfast.web.problems import unavailable

LOOK_SECONDS = 0.4
LOOKS_A_PING = 37
"""About 15 s."""

MOST_STREAMS = 200
"""Of one process; a page that gets none asks by itself every 15 s."""

VENUE = "venue:"
TOPICS = ("ops", "conflicts", "bookings", "events", "pushes")
HELLO, PING, BLIND, RESYNC, BYE = "hello", "ping", "blind", "resync", "bye"
"""The stream began, it is well, nothing can be seen just now, all may have changed, it will not go on."""


@dataclass(slots=True, eq=False)
class Listener:
    """One open page. What it was not told yet is kept once for each topic, so it can never be much."""

    topics: frozenset[str]
    gone: Callable[[], bool]
    """Whether its browser has left."""
    closed: bool = False
    _due: dict[str, int] = field(default_factory=dict)
    _awake: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: str, version: int) -> None:
        """Have it sent as soon as the last message is out."""
        self._due[event] = version
        self._awake.set()

    def close(self) -> None:
        """Nothing more is to be sent."""
        self.closed = True
        self._awake.set()

    async def heard(self) -> Mapping[str, int]:
        """What is to be sent, once there is anything; nothing once it is closed."""
        await self._awake.wait()
        self._awake.clear()
        told, self._due = self._due, {}
        return {} if self.closed else told


class Pulse:
    """Looks, compares with the last look, and tells whoever listens."""

    def __init__(self, parts: WebParts) -> None:
        self._parts = parts
        self._listeners: set[Listener] = set()
        self._known: Mapping[str, str] = {}
        self._version = 0
        self._blind = False
        self._closed = False
        self._looking = asyncio.Lock()

    @property
    def version(self) -> int:
        """Of what was told last; a number of this process only."""
        return self._version

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Tell it from now on. Raises Problem where too many listen, or at the end of the process."""
        if self._closed or len(self._listeners) >= MOST_STREAMS:
            raise unavailable(
                15, "Too many pages are open for live updates; this one still asks by itself."
            )
        self._listeners.add(listener)
        try:
            yield
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams, and let none begin."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    async def watch(self) -> None:
        """For ever; nothing is asked of Postgres while nobody listens."""
        looks = 0
        while True:
            await self._parts.clock.sleep(LOOK_SECONDS)
            for listener in [one for one in self._listeners if one.gone()]:
                listener.close()
            if self._listeners:
                await self.look()
            looks += 1
            if looks % LOOKS_A_PING == 0:
                self._tell_all(PING)

    async def look(self) -> None:
        """Tell what changed since the last look. While Postgres does not answer, that is what is told."""
        async with self._looking:
            venues = {
                topic.removeprefix(VENUE) for topic in self._wanted() if topic.startswith(VENUE)
            }
            try:
                found = topics_of(await pulse.beats(self._parts.pool, venues))
            except DATABASE_FAILURES:
                self._lose_sight()
                return
            self._compare(found)

    def _wanted(self) -> frozenset[str]:
        return frozenset().union(*(listener.topics for listener in self._listeners))

    def _compare(self, found: Mapping[str, str]) -> None:
        known, self._known = self._known, found
        changed = {topic for topic, beat in found.items() if known.get(topic, beat) != beat}
        self._version += bool(changed)
        for listener in self._listeners:
            for topic in changed & listener.topics:
                listener.tell(topic, self._version)
        if self._blind:
            self._blind = False
            self._tell_all(RESYNC)

    def _lose_sight(self) -> None:
        if not self._blind:
            self._blind = True
            self._tell_all(BLIND)

    def _tell_all(self, event: str) -> None:
        for listener in self._listeners:
            listener.tell(event, self._version)


def topics_of(beats: Mapping[str, str]) -> dict[str, str]:
    """What pages can listen to. The overview is made of everything; a venue's day also of what is sold there."""
    found = {topic: beats[topic] for topic in TOPICS if topic in beats}
    venues = {t: f"{beat} {beats['sold']}" for t, beat in beats.items() if t.startswith(VENUE)}
    everything = " ".join(beat for topic, beat in beats.items() if not topic.startswith(VENUE))
    return {**found, **venues, "ops": everything}


PULSE = web.AppKey("pulse", Pulse)


async def watching(app: web.Application) -> AsyncIterator[None]:
    """While the application runs."""
    app[PULSE] = Pulse(app[PARTS])
    task = asyncio.create_task(app[PULSE].watch(), name="pulse")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def end_streams(app: web.Application) -> None:
    """A stop waits for open requests, and these would never end by themselves."""
    app[PULSE].close()
