"""Simulated guests: they look, hold, think, confirm, walk away, cancel, and now and then clash."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, TypeAlias

import aiohttp

PAUSE_SECONDS = 9.0
"""Between two guests, on average, at rate 1."""

THINKING = (2.0, 12.0)
"""Seconds between a hold and what becomes of it."""

FULL = 40
"""With so many live bookings somebody cancels before the next one books."""

CLASHES = 0.06
"""How often two guests want the same time on two channels."""

DAYS = 2

Offer: TypeAlias = Mapping[str, str]
"""Place, start and end, as a simulator tells it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A room and its house by their plain names, the same on every channel."""

    house: str
    room: str


@dataclass(slots=True)
class Guests:
    """A crowd that books on the simulators' control sides. `sides` are addresses by channel."""

    session: aiohttp.ClientSession
    sides: Mapping[str, str]
    random: Random
    rate: float
    places: dict[str, Place] = field(default_factory=dict)
    booked: list[tuple[str, str]] = field(default_factory=list)
    visits: int = 0

    async def live(self) -> None:
        """For ever, at a human pace; a simulator that refuses or is away stops nobody."""
        await self.look_around()
        async with asyncio.TaskGroup() as crowd:
            while True:
                crowd.create_task(self._somebody())
                await asyncio.sleep(self.random.expovariate(self.rate / PAUSE_SECONDS))

    async def look_around(self) -> None:
        """What can be booked where; call it first."""
        for side in self.sides:
            for told in await self._ask("GET", side, "/places"):
                place = Place(house=_plain(told["house"]), room=_plain(told["name"]))
                self.places[told["place"]] = place

    async def _somebody(self) -> None:
        try:
            if len(self.booked) >= FULL:
                await self._cancel(*self.booked.pop(self.random.randrange(len(self.booked))))
            elif self.random.random() < CLASHES:
                await self.clash()
            else:
                await self.visit()
        except (aiohttp.ClientError, TimeoutError, LookupError):
            return  # somebody else was faster, or the provider is away: guests shrug

    async def visit(self) -> None:
        """One guest books, thinks, and goes through with it or not."""
        self.visits += 1
        side = sorted(self.sides)[self.visits % len(self.sides)]
        offer = self._any(await self._offers(side))
        ref = await self._book(side, offer, confirm=self.random.random() < 0.3)
        await asyncio.sleep(self.random.uniform(*THINKING) / self.rate)
        fate = self.random.random()
        if fate < 0.15:
            return  # walks away: a hold lapses, a booking stays
        if fate < 0.25:
            await self._cancel(side, ref)
            return
        self.booked.append((side, await self._act(side, ref, "confirm")))

    async def clash(self) -> None:
        """Two guests want the same room, or two rooms of one house, at the same time on two channels."""
        first, second = self.random.sample(sorted(self.sides), 2)
        offer = self._any(await self._offers(first))
        rivals = self._rivals(offer, await self._offers(second))
        both = [self._book(first, offer, confirm=True)]
        if rivals:
            both.append(self._book(second, self.random.choice(rivals), confirm=True))
        refs = await asyncio.gather(*both)
        self.booked += list(zip((first, second), refs, strict=False))

    def _any(self, offers: Sequence[Offer]) -> Offer:
        """Any house first, then any time there: a pool has fewer times to offer than three rooms."""
        houses = sorted({self.places[offer["place"]].house for offer in offers})
        house = self.random.choice(houses)
        return self.random.choice([o for o in offers if self.places[o["place"]].house == house])

    def _rivals(self, offer: Offer, others: Iterable[Offer]) -> list[Offer]:
        """Of the same room where both channels sell it by itself, else of the house; at the same time."""
        mine = self.places[offer["place"]]
        there = [(self.places[other["place"]], other) for other in others if _meet(offer, other)]
        same = [other for place, other in there if place == mine]
        return same or [other for place, other in there if place.house == mine.house]

    async def _cancel(self, side: str, ref: str) -> None:
        await self._act(side, ref, "cancel")

    async def _offers(self, side: str) -> list[Offer]:
        offers: list[Offer] = await self._ask("GET", side, f"/offers?days={DAYS}")
        return offers

    async def _book(self, side: str, offer: Offer, *, confirm: bool) -> str:
        party = self.random.randint(2, 6)
        wish = {**offer, "party": party, "confirm": confirm}
        return str((await self._ask("POST", side, "/guest/book", wish))["ref"])

    async def _act(self, side: str, ref: str, what: str) -> str:
        return str((await self._ask("POST", side, f"/guest/{ref}/{what}"))["ref"])

    async def _ask(self, method: str, side: str, path: str, body: object = None) -> Any:
        url = f"{self.sides[side]}/control{path}"
        async with self.session.request(method, url, json=body, raise_for_status=True) as answer:
            return await answer.json()


def _meet(one: Offer, other: Offer) -> bool:
    start, end, first, last = (
        datetime.fromisoformat(offer[key]) for offer in (one, other) for key in ("start", "end")
    )
    return first < end and start < last


def _plain(name: str) -> str:
    """A room's name without case and punctuation: providers spell it each in their own way."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
