"""Twenty hours of venue life at high speed, with faults, and then: is everything as it must be?"""

import os

import pytest
from tests.sync.life import Life, clear_weather, set_weather
from tests.town import CALM, UNITS, Plan, town

HOURS = 20
SEEDS = os.environ.get("VENUE_LIFE_SEEDS", "fair-1,stormy-2").split(",")


@pytest.mark.soak
@pytest.mark.parametrize("weather", SEEDS)
async def test_twenty_hours_end_with_every_channel_in_agreement(
    database_url: str, weather: str
) -> None:
    kind, _, number = weather.partition("-")
    seed = int(number)
    async with town(database_url, Plan(pace=CALM)) as t:
        life = Life(t, seed, {"boseat": UNITS, "mozrest": UNITS})
        if kind == "stormy":
            await set_weather(t, seed)
        for _ in range(HOURS * 6):
            for _ in range(life.random.choice((0, 1, 1, 2))):
                await life.act()
            await t.live(600)
        await clear_weather(t)
        await t.live(3600)  # the last holds lapse, every poll comes round
        assert await t.violations() == [], weather
        counts = await t.rows("select count(*) n, count(distinct channel) c from bookings")
        assert counts[0]["n"] > 40, "too little happened to prove anything"
        assert counts[0]["c"] == 2
