"""Accounts are read side by side: none waits for another, and what one stopped another worker goes on with."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from urllib.parse import parse_qs

import pytest

from holdfast.bench.reading_life import Life, Terms, life
from holdfast.bench.reading_side import Side

NEAR_SECONDS = 20.0
"""Between two readings of today's list, by plan."""

SLOW_SECONDS = 20.0
"""Between a call and its answer."""

PAGES = 6 * 7
"""Of 800 bookings in each of six rooms, but for the first page of each."""

pytestmark = pytest.mark.long


async def queries(side: Side, path: str) -> Sequence[tuple[datetime, dict[str, list[str]]]]:
    """When a path was read, and with what."""
    return [
        (datetime.fromisoformat(row["at"]), parse_qs(row["query"]))
        for row in await side.ask("GET", "/requests")
        if row["path"] == path
    ]


async def gaps(one: Life, since: datetime) -> Sequence[float]:
    """Seconds between two readings of the list of the next bookings at the restaurant."""
    asked = await queries(one.sides["mozrest"], "/v1/bc/booking")
    by_list: dict[str, list[datetime]] = {}
    for at, query in asked:
        by_list.setdefault(str(sorted(query.items())), []).append(at)
    often = max(by_list.values(), key=len)
    times = [since, *(at for at in often if at >= since), one.clock.now()]
    return [(later - earlier).total_seconds() for earlier, later in pairwise(times)]


async def trouble(one: Life, what: str) -> None:
    rooms = one.sides["boseat"]
    if what == "endless":
        await rooms.ask("PUT", "/switches", {"page_fault": "endless"})
    if what == "slow":
        one.shift.sky.slow[rooms.url] = SLOW_SECONDS


@pytest.mark.parametrize(
    ("what", "past"), [("nothing", 0), ("endless", 600), ("long", 3_000), ("slow", 600)]
)
async def test_an_account_is_read_as_often_whatever_ails_another(
    database_url: str, what: str, past: int
) -> None:
    """A whole that must be read before the next begins starves all others: so are lists, pages, probes and offers."""
    async with life(database_url, Terms(past=past)) as one:
        await trouble(one, what)
        await one.work(2)
        since = one.clock.now()
        await one.work(4)
        assert max(await gaps(one, since)) < 1.5 * NEAR_SECONDS


async def test_a_booking_is_closed_soon_while_another_account_reads_a_long_past(
    database_url: str,
) -> None:
    async with life(database_url, Terms(past=6_000)) as one:
        await one.work(0.5)
        await one.guests(4, 1.5)
        await one.work(2)
        waits = one.waits(soon=True)
        assert len(waits) == 2
        assert max(waits) < 120


async def test_a_pass_goes_on_at_its_page_with_another_worker(database_url: str) -> None:
    """What begins anew each time it is stopped is never finished where stops come often."""
    async with life(database_url, Terms(past=4_800, workers=2)) as one:
        first, second = one.shift.workers
        one.shift.workers = [first]
        await one.work(0.5)
        await first[1].land(0.0)
        one.shift.workers = [second]
        before = await pages(one)
        assert 1 < len(before) < PAGES
        while len(read := await pages(one)) < PAGES and one.minutes() < 5:
            await one.work(1 / 12)
        assert len(read) == PAGES
        assert read.total() <= PAGES + 1  # the one that was under way


async def pages(one: Life) -> Counter[tuple[str, str]]:
    """How often each page was read of each room's list, but for the one where new bookings appear."""
    asked = await queries(one.sides["boseat"], "/v1/bookings")
    return Counter(
        (query["spaceIds"][0], query["page"][0]) for _, query in asked if query["page"] != ["1"]
    )
