"""Life at a venue for the tests: guests who book, confirm, move and cancel by a seed, in any weather."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

import aiohttp
from tests.town import Side, Town

FAULTS = [
    {"kind": "status", "status": 503, "when": "before", "probability": 0.03},
    {"kind": "status", "status": 502, "when": "after", "probability": 0.03},
    {"kind": "reset", "when": "before", "probability": 0.02},
    {"kind": "reset", "when": "after", "probability": 0.02},
    {"kind": "truncated", "when": "after", "probability": 0.02},
    {"kind": "html", "when": "before", "probability": 0.02},
    {"kind": "status", "status": 429, "headers": {"Retry-After": "2"}, "probability": 0.02},
]


class Life:
    """What guests do, by a seed. `places` are what each side sells, a place twice where it is sought twice as often."""

    parties: Sequence[int] = (2,)
    window = (timedelta(0), timedelta(hours=40))
    """From the beginning; new bookings beyond the horizon that polls reach would stay unheard of."""

    def __init__(self, t: Town, seed: int, places: Mapping[str, Sequence[str]]) -> None:
        self.town = t
        self.random = Random(seed)
        self.places = places
        self.began = t.clock.now()
        self.refs: list[tuple[Side, str, timedelta]] = []

    async def act(self) -> None:
        """One guest does something; a provider's refusal is part of life."""
        try:
            await self._act()
        except (AssertionError, aiohttp.ClientError, ValueError, IndexError):
            return

    async def _act(self) -> None:
        dice = self.random.random()
        if dice < 0.55 or not self.refs:
            await self._book()
        elif dice < 0.70:
            side, ref, _ = self.refs.pop(self.random.randrange(len(self.refs)))
            await side.act(ref, "cancel")
        elif dice < 0.85:
            number = self.random.randrange(len(self.refs))
            side, ref, length = self.refs[number]
            self.refs[number] = (side, await side.act(ref, "confirm"), length)
        else:
            side, ref, length = self.random.choice(self.refs)
            start = (await self._seen(side, self._place(side)))[0]
            to = {"start": start.isoformat(), "end": (start + length).isoformat()}
            await side.act(ref, "move", to)

    async def _book(self) -> None:
        side = self.random.choice(list(self.town.sides.values()))
        place = self._place(side)
        start, end = await self._seen(side, place)
        minutes = int((end - start).total_seconds() // 60)
        confirm = self.random.random() < 0.6
        party = self.random.choice(self.parties)
        ref = await side.book(place, start, minutes, confirm=confirm, party=party)
        self.refs.append((side, ref, end - start))

    def _place(self, side: Side) -> str:
        name = next(name for name, one in self.town.sides.items() if one is side)
        return self.random.choice(self.places[name])

    async def _seen(self, side: Side, place: str) -> tuple[datetime, datetime]:
        """One of the offers that a guest finds there."""
        first, last = (self.began + distance for distance in self.window)
        earliest = max(first, self.town.clock.now())
        offers = await side.offered(place)
        return self.random.choice([o for o in offers if earliest < o[0] < last])


async def set_weather(t: Town, seed: int) -> None:
    """Webhooks get lost, doubled and late, and calls fail before and after their effect."""
    for side in t.sides.values():
        for fault in FAULTS:
            await side.ask("POST", "/faults", {**fault, "path": "/v1/.*"})
        await side.ask("PUT", "/webhooks", {"lose": 0.1, "copies": 1 + seed % 2})


async def clear_weather(t: Town) -> None:
    """No call fails and no webhook is lost from now on."""
    for side in t.sides.values():
        await side.ask("DELETE", "/faults")
        await side.ask("PUT", "/webhooks", {})
