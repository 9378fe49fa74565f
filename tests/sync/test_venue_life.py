"""Twenty hours of venue life at high speed, with faults, and then: is everything as it must be?"""

import os
from datetime import datetime, timedelta
from random import Random

import aiohttp
import pytest
from tests.town import UNITS, Plan, Side, Town, town

HOURS = 20
SEEDS = [int(seed) for seed in os.environ.get("VENUE_LIFE_SEEDS", "1,2").split(",")]

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
    """What guests do, by a seed."""

    def __init__(self, t: Town, seed: int) -> None:
        self.town = t
        self.random = Random(seed)
        self.refs: list[tuple[Side, str, timedelta]] = []

    async def act(self) -> None:
        """One guest does something; a provider's refusal is part of life."""
        try:
            await self._act()
        except (AssertionError, aiohttp.ClientError):
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
            start = await self._free(side, self.random.choice(UNITS))
            to = {"start": start.isoformat(), "end": (start + length).isoformat()}
            await side.act(ref, "move", to)

    async def _book(self) -> None:
        side = self.random.choice(list(self.town.sides.values()))
        unit = self.random.choice(UNITS)
        start, end = self.random.choice(await self._seen(side, unit))
        minutes = int((end - start).total_seconds() // 60)
        confirm = self.random.random() < 0.6
        ref = await side.book(unit, start, minutes, confirm=confirm)
        self.refs.append((side, ref, end - start))

    async def _free(self, side: Side, unit: str) -> datetime:
        return self.random.choice(await self._seen(side, unit))[0]

    async def _seen(self, side: Side, unit: str) -> list[tuple[datetime, datetime]]:
        """What is offered within the horizon that polls reach: new bookings beyond it stay unheard of."""
        now = self.town.clock.now()
        offers = await side.offered(unit)
        return [o for o in offers if now < o[0] < now + timedelta(hours=40)]


async def set_weather(t: Town, seed: int) -> None:
    """Webhooks get lost, doubled and late, and calls fail before and after their effect."""
    for side in t.sides.values():
        for fault in FAULTS:
            await side.ask("POST", "/faults", {**fault, "path": "/v1/.*"})
        await side.ask("PUT", "/webhooks", {"lose": 0.1, "copies": 1 + seed % 2})


async def clear_weather(t: Town) -> None:
    for side in t.sides.values():
        await side.ask("DELETE", "/faults")
        await side.ask("PUT", "/webhooks", {})


@pytest.mark.parametrize("faults", [False, True], ids=["fair", "stormy"])
@pytest.mark.parametrize("seed", SEEDS)
async def test_twenty_hours_end_with_every_channel_in_agreement(
    database_url: str, seed: int, faults: bool
) -> None:
    async with town(database_url, Plan(calm=True)) as t:
        life = Life(t, seed)
        if faults:
            await set_weather(t, seed)
        for _ in range(HOURS * 6):
            for _ in range(life.random.choice((0, 1, 1, 2))):
                await life.act()
            await t.live(600)
        await clear_weather(t)
        await t.live(3600)  # the last holds lapse, every poll comes round
        assert await t.violations() == [], f"seed {seed}"
        counts = await t.rows("select count(*) n, count(distinct channel) c from bookings")
        assert counts[0]["n"] > 40, "too little happened to prove anything"
        assert counts[0]["c"] == 2
