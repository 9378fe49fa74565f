"""Some hours of life at a house with a pool, a table of it sold alone and a buy-out, in any weather."""

import os
from datetime import datetime, timedelta

import pytest
from tests.sync.harbour import BUY_OUT, POOL, SPACE, TABLES, harbour
from tests.sync.harbour_books import wrong
from tests.sync.life import Life, clear_weather, set_weather
from tests.town import CALM

from holdfast.inventory.model import Guest
from holdfast.sync.operate import DirectBooking

HOURS = int(os.environ.get("HARBOUR_LIFE_HOURS", "5"))
SEEDS = os.environ.get("HARBOUR_LIFE_SEEDS", "fair-1,stormy-2").split(",")
PLACES = {"mozrest": (POOL,), "boseat": (SPACE, SPACE, SPACE, SPACE, BUY_OUT)}


class HarbourLife(Life):
    """Parties of all sizes on one busy evening; some of them change, and some come straight to the house."""

    parties = (1, 2, 2, 2, 3, 4, 5, 6)
    window = (timedelta(hours=7), timedelta(hours=15))

    async def _act(self) -> None:
        dice = self.random.random()
        if dice < 0.06:
            await self._come_by()
        elif dice < 0.16 and self.refs:
            side, ref, _ = self.random.choice(self.refs)
            await side.ask(
                "POST", f"/venue/{ref}/move", {"party": self.random.choice((2, 4, 6, 9))}
            )
        else:
            await super()._act()

    async def _come_by(self) -> None:
        start: datetime = (await self._seen(self.town.mozrest, POOL))[0]
        wish = DirectBooking(
            venue="harbour",
            unit=self.random.choice(tuple(TABLES)),
            listing=None,
            start=start,
            end=start + timedelta(minutes=self.random.choice((45, 60, 90, 120))),
            party_size=2,
            contact=Guest(),
        )
        await self.town.operator.book(wish)


@pytest.mark.soak  # hours of life, as in test_venue_life.py
@pytest.mark.parametrize("weather", SEEDS)
async def test_whatever_guests_do_no_table_is_sold_twice_and_no_block_is_left_behind(
    database_url: str, weather: str
) -> None:
    kind, _, seed = weather.partition("-")
    async with harbour(database_url, pace=CALM) as t:
        life = HarbourLife(t, int(seed), PLACES)
        if kind == "stormy":
            await set_weather(t, int(seed))
        for _ in range(HOURS):
            for _ in range(4):
                for _ in range(life.random.choice((2, 3, 4))):
                    await life.act()
                await t.live(600)
            await t.live(1200)  # holds lapse, and every poll comes round
            if kind == "fair":
                assert await wrong(t) == []
        await clear_weather(t)
        await t.live(3600)
        assert await wrong(t) == []
        counts = await t.rows("select count(*) n from bookings")
        assert counts[0]["n"] > 10, "too little happened to prove anything"
