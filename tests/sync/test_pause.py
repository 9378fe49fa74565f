"""Setup and cleanup: nobody can book into the pause between two bookings, on either side of it, from any channel."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise

import pytest
from tests.town import MORNING, Plan, Town, town

from holdfast.example import example_configuration

PAUSE = timedelta(minutes=30)
HOUR = timedelta(hours=1)
EVENING = MORNING + 9 * HOUR


def with_pauses(urls: Mapping[str, str]) -> str:
    """The example, with ten minutes of setup and twenty of cleanup in the salon."""
    text = example_configuration(urls)
    place = 'name = "salon"\nseats = 12\n'
    assert place in text
    return text.replace(place, f"{place}setup_minutes = 10\ncleanup_minutes = 20\n", 1)


async def nearest(t: Town, name: str) -> None:
    """Guests take whatever is still offered closest to the booking, before it and after it."""
    side = t.sides[name]
    offers = await side.offered("salon")
    before = [o for o in offers if o[1] <= EVENING + HOUR / 2]
    after = [o for o in offers if o[0] >= EVENING + HOUR / 2]
    for start, end in (max(before, key=lambda o: o[1]), min(after)):
        await side.book("salon", start, int((end - start).total_seconds() // 60))


@pytest.mark.parametrize(("source", "other"), [("boseat", "mozrest"), ("mozrest", "boseat")])
async def test_no_offer_is_left_that_ends_or_begins_within_the_pause(
    database_url: str, source: str, other: str
) -> None:
    async with town(database_url, Plan(configuration=with_pauses)) as t:
        await t.sides[source].book("salon", EVENING, 60 if source == "boseat" else 120)
        await t.live(120)
        for name in (other, source):
            await nearest(t, name)
            await t.live(120)
        assert await t.rows("select kind from conflicts") == []
        taken = await t.rows(
            "select lower(during) s, upper(during) e from bookings where status = 'confirmed' order by 1"
        )
        assert len(taken) == 5
        pauses = [b["s"] - a["e"] for a, b in pairwise(taken)]
        assert min(pauses) >= PAUSE
