"""Guests on both sides who book, hold, confirm, move and cancel, by a seed."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

import aiohttp

from holdfast.clock import SystemClock
from holdfast.soak.program import Missed
from holdfast.soak.side import Refused, Side
from holdfast.soak.traits import traits

CLOCK = SystemClock()

PARTIES = (1, 2, 2, 2, 3, 4, 5, 6, 8)
"""How many come: a pool seats each at a table of its size, a room does not mind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody did, and how it ended: a reference, or why not."""

    at: datetime
    side: str
    what: str
    ref: str
    outcome: str
    who: str = "guest"

    def __str__(self) -> str:
        return (
            f"{self.at:%H:%M:%S.%f} {self.who} {self.side} {self.what} {self.ref}: {self.outcome}"
        )


@dataclass(kw_only=True)
class Crowd:
    """Several may act at once. `choice`: only so many offers of a place are wanted, so that guests race."""

    sides: Mapping[str, Side]
    random: Random
    choice: int | None = None
    refs: list[tuple[Side, str]] = field(default_factory=list)
    held: list[tuple[Side, str]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)

    async def live(self, pause: float, seconds: float) -> None:
        """So long, each guest in a task of its own; whoever has begun by then is waited for."""
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as crowd:
            while time.monotonic() < end:
                crowd.create_task(self.act())
                await asyncio.sleep(self.random.uniform(0.0, 2 * pause))

    async def act(self) -> None:
        """One of them does one thing; a refusal is part of life."""
        dice = self.random.random()
        if self.held and dice < 0.3:
            await self._decide()
        elif self.refs and dice < 0.45:
            side, ref = self._anyone()
            await self._try(side, ref, "cancel")
        elif self.refs and dice < 0.6:
            await self._move()
        else:
            await self._book()

    async def crowd_in(self, acts: int) -> None:
        """So many acts, and no hold is left: the end state does not depend on the time."""
        for _ in range(acts):
            await self.act()
        await self.decide_all()

    async def decide_all(self) -> None:
        """No hold is left: the end state does not depend on the time."""
        while self.held:
            await self._decide()

    def _anyone(self) -> tuple[Side, str]:
        return self.refs.pop(self.random.randrange(len(self.refs)))

    async def _book(self) -> None:
        side = self.random.choice(list(self.sides.values()))
        confirm = not traits()[side.name].guests_hold or self.random.random() < 0.5
        dice, party = self.random.random(), self.random.choice(PARTIES)
        try:
            offer = self._wanted(await side.offers(), dice)
            ref = await side.book(offer, confirm=confirm, party=party)
        except (Refused, Missed, LookupError, ValueError, aiohttp.ClientError, TimeoutError) as no:
            self._note(side, "book", "-", f"no: {type(no).__name__} {no}"[:120])
            return
        self._note(side, "book" if confirm else "hold", ref, f"{offer['start']} {offer['place']}")
        if confirm:
            self.refs.append((side, ref))
        else:
            self.held.append((side, ref))

    def _wanted(self, offers: Sequence[Mapping[str, str]], dice: float) -> Mapping[str, str]:
        """One of the first at some place. Raises IndexError when all is sold out."""
        places = sorted({offer["place"] for offer in offers})
        number, rest = divmod(dice * len(places), 1.0)
        there = [o for o in offers if o["place"] == places[int(number)]][: self.choice]
        return there[int(rest * len(there))]

    async def _decide(self) -> None:
        """A hold becomes a booking, or its guest walks away."""
        side, ref = self.held.pop(0)
        if self.random.random() < 0.7:
            confirmed = await self._try(side, ref, "confirm")
            self.refs += [(side, confirmed)] if confirmed else []
        else:
            await self._try(side, ref, "cancel")

    async def _move(self) -> None:
        side, ref = self._anyone()
        dice = self.random.random()
        moved = None
        try:
            taken = (await side.books()).taken.items()
            unit = next(u for u, entries in taken if ref in {entry.ref for entry in entries})
            offers = (await side.offers(unit))[: self.choice]
            to = offers[int(dice * len(offers))]
            moved = await self._try(side, ref, "move", {"start": to["start"], "end": to["end"]})
        except (StopIteration, Missed, LookupError, ValueError, aiohttp.ClientError, TimeoutError):
            pass  # cancelled meanwhile, sold out, or the provider is away
        self.refs.append((side, moved or ref))

    async def _try(self, side: Side, ref: str, what: str, body: object = None) -> str | None:
        """The reference from now on; None: it was refused, or nobody knows."""
        try:
            now = await side.act(ref, what, body)
        except (Refused, Missed, aiohttp.ClientError, TimeoutError) as no:
            self._note(side, what, ref, f"no: {type(no).__name__} {no}"[:120])
            return None
        self._note(side, what, ref, f"{now} {body or ''}")
        return now

    def _note(self, side: Side, what: str, ref: str, outcome: str) -> None:
        self.acts.append(Act(at=CLOCK.now(), side=side.name, what=what, ref=ref, outcome=outcome))
