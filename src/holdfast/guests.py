"""Simulated guests: they look, hold, think, confirm, walk away, cancel, and now and then clash."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

PAUSE_SECONDS = 9.0
"""Between two guests, on average, at rate 1."""

THINKING = (2.0, 12.0)
"""Seconds between a hold and what becomes of it."""

FULL = 24
"""With so many live bookings somebody cancels before the next one books."""

DAYS = 2


@dataclass(slots=True)
class Guests:
    """A crowd that books on the simulators' control sides. `sides` are addresses by channel."""

    session: aiohttp.ClientSession
    sides: Mapping[str, str]
    random: Random
    rate: float
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    booked: list[tuple[str, str]] = field(default_factory=list)
    visits: int = 0

    async def live(self) -> None:
        """For ever, at a human pace; a simulator that refuses or is away stops nobody."""
        self.names = {side: await self._names(side) for side in self.sides}
        async with asyncio.TaskGroup() as crowd:
            while True:
                crowd.create_task(self._somebody())
                await asyncio.sleep(self.random.expovariate(self.rate / PAUSE_SECONDS))

    async def _somebody(self) -> None:
        try:
            if len(self.booked) >= FULL:
                await self._cancel(*self.booked.pop(self.random.randrange(len(self.booked))))
            elif self.random.random() < 0.06:
                await self._clash()
            else:
                await self._visit()
        except (aiohttp.ClientError, TimeoutError, LookupError):
            return  # somebody else was faster, or the provider is away: guests shrug

    async def _visit(self) -> None:
        self.visits += 1
        side = sorted(self.sides)[self.visits % len(self.sides)]
        offer = self.random.choice(await self._offers(side))
        ref = await self._book(side, offer, confirm=self.random.random() < 0.3)
        await asyncio.sleep(self.random.uniform(*THINKING) / self.rate)
        fate = self.random.random()
        if fate < 0.15:
            return  # walks away: a hold lapses, a booking stays
        if fate < 0.25:
            await self._cancel(side, ref)
            return
        self.booked.append((side, await self._act(side, ref, "confirm")))

    async def _clash(self) -> None:
        """Two guests want the same room at the same time, each on another channel."""
        first, second = self.random.sample(sorted(self.sides), 2)
        offer = self.random.choice(await self._offers(first))
        room = self.names[first][offer["place"]]
        rivals = [
            o
            for o in await self._offers(second)
            if self.names[second][o["place"]] == room and o["start"] == offer["start"]
        ]
        both = [self._book(first, offer, confirm=True)]
        both += [self._book(second, rival, confirm=True) for rival in rivals[:1]]
        refs = await asyncio.gather(*both)
        self.booked += list(zip((first, second), refs, strict=False))

    async def _cancel(self, side: str, ref: str) -> None:
        await self._act(side, ref, "cancel")

    async def _names(self, side: str) -> Mapping[str, str]:
        places = await self._ask("GET", side, "/places")
        return {place["place"]: _plain(place["name"]) for place in places}

    async def _offers(self, side: str) -> list[dict[str, str]]:
        offers: list[dict[str, str]] = await self._ask("GET", side, f"/offers?days={DAYS}")
        return offers

    async def _book(self, side: str, offer: Mapping[str, str], *, confirm: bool) -> str:
        party = self.random.randint(2, 6)
        wish = {**offer, "party": party, "confirm": confirm}
        return str((await self._ask("POST", side, "/guest/book", wish))["ref"])

    async def _act(self, side: str, ref: str, what: str) -> str:
        return str((await self._ask("POST", side, f"/guest/{ref}/{what}"))["ref"])

    async def _ask(self, method: str, side: str, path: str, body: object = None) -> Any:
        url = f"{self.sides[side]}/control{path}"
        async with self.session.request(method, url, json=body, raise_for_status=True) as answer:
            return await answer.json()


def _plain(name: str) -> str:
    """A room's name without case and punctuation: providers spell it each in their own way."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
