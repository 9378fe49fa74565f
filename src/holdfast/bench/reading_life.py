"""reading_life: the house of six rooms with everything at its default, both its providers, workers, and guests."""

import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import asyncpg

from holdfast import configuration, configuration_apply
from holdfast.bench.reading_side import Offered, Side, sides
from holdfast.bench.virtual import Shift, Sky
from holdfast.clock import ManualClock, SystemClock
from holdfast.example import six_rooms
from holdfast.inventory.model import Span
from holdfast.inventory.timetable import SOON
from holdfast.kind import discover
from holdfast.soak.house import SECRETS
from holdfast.store.queries import load
from holdfast.sync.parts import wake_nobody
from holdfast.wiring import Base, Wiring, wired

_SQL = load("reads", "holdfast.bench")

APART = timedelta(hours=3)
"""Guests do not book so near each other that one closes what another wants."""

LAST_DAY = timedelta(days=29)
"""Later days are not on sale everywhere."""

TRUTH_DAYS = 32

FAR = {"whole": "all", "news": "near"}
"""What of an account's bookings or offers was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What differs between two lives."""

    seed: int = 1
    horizon_days: int | None = None
    past: int = 0
    """Bookings that are long over, where a provider keeps them."""
    workers: int = 1


@dataclass(slots=True, kw_only=True)
class Booked:
    """A guest's booking, and when the other channel stopped selling its time."""

    room: str
    span: Span
    made_at: datetime
    soon: bool
    elsewhere: Side
    closed_at: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """For how long it was sold elsewhere."""
        return ((self.closed_at or now) - self.made_at).total_seconds()


@dataclass(slots=True, kw_only=True)
class Life:
    """The house while it is at work."""

    clock: ManualClock
    shift: Shift
    sides: Mapping[str, Side]
    pool: asyncpg.Pool
    random: Random
    began: datetime
    booked: list[Booked] = field(default_factory=list)
    first_read: dict[str, float] = field(default_factory=dict)
    """Seconds from the first start until something was read, by what it is."""

    def minutes(self) -> float:
        """Since the first start."""
        return (self.clock.now() - self.began) / timedelta(minutes=1)

    async def work(self, minutes: float) -> None:
        """Live for this long, and look at everything each second."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while self.clock.now() < end:
            await self.shift.work(1.0)
            for side in self.sides.values():
                if any(call.kind == "write" and call.status < 300 for call in await side.heard()):
                    await self._look(side)
            await self._note_read()

    async def guests(self, amount: int, minutes: float) -> None:
        """This many guests book at random times, every other one for the next eight days."""
        now = self.clock.now()
        seconds = sorted(self.random.uniform(0, 60 * minutes) for _ in range(amount))
        for number, at in enumerate(seconds):
            ahead = now + timedelta(seconds=at) - self.clock.now()
            await self.work(ahead / timedelta(minutes=1))
            await self._book(soon=number % 2 == 0)
        await self.work(
            (now + timedelta(minutes=minutes) - self.clock.now()) / timedelta(minutes=1)
        )

    async def _book(self, *, soon: bool) -> None:
        side, elsewhere = self.random.sample(list(self.sides.values()), 2)
        rooms = sorted(set(side.rooms.values()) & set(elsewhere.rooms.values()))
        room = self.random.choice(rooms)
        wanted = [one for one in await side.offers(room, 30) if self._suits(one, soon)]
        offered = self.random.choice(wanted)
        await side.book(offered)
        made = Booked(
            room=offered.room,
            span=offered.span,
            made_at=self.clock.now(),
            soon=soon,
            elsewhere=elsewhere,
        )
        self.booked.append(made)

    def _suits(self, offered: Offered, soon: bool) -> bool:
        ahead = offered.span.start - self.clock.now()
        around = offered.span.padded(APART, APART)
        lies = timedelta(hours=2) < ahead < SOON if soon else SOON < ahead < LAST_DAY
        return lies and not any(
            one.room == offered.room and one.span.overlaps(around) for one in self.booked
        )

    async def _look(self, side: Side) -> None:
        """Which of those that wait for this side are closed there."""
        waiting = [one for one in self.booked if one.closed_at is None and one.elsewhere is side]
        for room in {one.room for one in waiting}:
            sold = [one.span for one in await side.offers(room, TRUTH_DAYS)]
            for one in waiting:
                if one.room == room and not any(map(one.span.overlaps, sold)):
                    one.closed_at = self.clock.now()

    async def _note_read(self) -> None:
        seconds = (self.clock.now() - self.began).total_seconds()
        for row in await self.pool.fetch(_SQL["read"]):
            for part in ("whole", "news"):
                if row[part]:
                    self.first_read.setdefault(
                        f"{FAR[part]} {row['task']} of {row['channel']}", seconds
                    )

    async def is_read(self) -> bool:
        """Whether all of it was."""
        return all(row["whole"] for row in await self.pool.fetch(_SQL["read"]))

    async def rest(self) -> None:
        """As after hours of work."""
        for name in ("rested", "rested_past"):
            await self.pool.execute(_SQL[name], self.clock.now())
        await self.pool.execute(_SQL["forget_passes"])

    def waits(self, *, soon: bool) -> Sequence[float]:
        """Seconds, of those that lie so far ahead."""
        now = self.clock.now()
        return sorted(one.seconds(now) for one in self.booked if one.soon == soon)


def percentile(values: Sequence[float], part: float) -> float:
    """The least value that so many are not above."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


@asynccontextmanager
async def life(url: str, terms: Terms) -> AsyncIterator[Life]:
    """In an empty store: nothing was read yet."""
    clock = ManualClock(_morning())
    sky = Sky(clock)
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(sides(clock, terms.seed))
        await _past(found, terms.past)
        await _configured(url, {side.channel: side.url for side in found.values()}, clock, terms)
        shift = Shift(sky)
        wirings = [
            await stack.enter_async_context(_wiring(url, sky, terms.seed + number))
            for number in range(terms.workers)
        ]
        for wiring in wirings:
            shift.join(wiring)
        stack.push_async_callback(shift.leave)
        yield Life(
            clock=clock,
            shift=shift,
            sides=found,
            pool=await stack.enter_async_context(asyncpg.create_pool(url, min_size=1, max_size=2)),
            random=Random(terms.seed),  # noqa: S311 - reproducible, not secret
            began=clock.now(),
        )


def _morning() -> datetime:
    today = SystemClock().now().replace(hour=6, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1)


@asynccontextmanager
async def _wiring(url: str, sky: Sky, seed: int) -> AsyncIterator[Wiring]:
    base = Base(database_url=url, redis=None, clock=sky.clock, environ=SECRETS, sender=sky.sender)
    async with wired(base, wake_nobody) as wiring:
        wiring.parts.random = Random(seed)  # noqa: S311 - reproducible, not secret
        yield wiring


async def _past(found: Mapping[str, Side], bookings: int) -> None:
    """Where a provider has no such list, there is none to be filled."""
    for side in found.values():
        if bookings and await side.has("/past"):
            await side.ask("POST", "/past", {"bookings": bookings})


async def _configured(url: str, urls: Mapping[str, str], clock: ManualClock, terms: Terms) -> None:
    text = six_rooms(urls)
    if terms.horizon_days is not None:
        text = re.sub(r'(?m)^mode = "live"$', rf"\g<0>\nhorizon_days = {terms.horizon_days}", text)
    wanted = configuration.parse(text, "six rooms", discover())
    connection = await asyncpg.connect(url)
    try:
        await configuration_apply.apply(connection, wanted, clock.now())
    finally:
        await connection.close()
