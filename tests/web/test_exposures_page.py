"""Every number of exposures, conflicts and calls leads to exactly its rows, and stands in the top bar of every page.

The kind of fault: a number that leads somewhere else than to what it counts. It stood at exposed offers, at bookings
whose time was never read elsewhere, at calls given up within a day, at queues, and in the list of venues.
"""

import re
from datetime import timedelta

import pytest
from tests.web.busy_day import busy_day
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOW, Rows
from tests.web.signing_in import browser, let_in
from tests.web.test_calendar import links
from tests.web.test_dashboard import MIDNIGHT, Page, page

HOSTILE = "<script>alert(1)</script>"


def offers(shown: Page) -> list[str]:
    return [key for key in shown.marked if key.startswith("offer-")]


async def test_the_number_of_exposed_offers_leads_to_exactly_these(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    for path in ("/", "/ops"):
        shown = await page(client, path)
        assert "3 offers exposed" in shown.text
        assert "/exposures" in links(shown)
    found = await page(client, "/exposures")
    assert len(offers(found)) == 3
    for words in (
        "board room",
        "glasshouse",
        "Fri 20 Nov 13:00\N{EN DASH}14:00",
        "board-room-rooms",
    ):
        assert words in found.text, words
    other_day = await page(client, "/exposures?date=2026-11-21")
    assert offers(other_day) == []
    assert "None of what is asked for" in other_day.text
    assert len(offers(await page(client, "/exposures?unit=board+room&date=2026-11-20"))) == 3
    assert offers(await page(client, "/exposures?venue=elsewhere")) == []
    # and a stretch of them in the calendar, as its cell in the week
    day = await page(client, "/venues/glasshouse/calendar?date=2026-11-20&view=agenda")
    (stretch,) = [link for link in links(day) if link.startswith("/exposures?listing")]
    assert len(offers(await page(client, stretch))) == 3
    week = await page(client, "/venues/glasshouse/calendar?date=2026-11-20&view=week")
    (cell,) = [link for link in links(week) if link.startswith("/exposures?venue")]
    assert len(offers(await page(client, cell))) == 3


async def sold_twice(rows: Rows, mode: str = "live") -> tuple[int, int]:
    """A booking, and our block on the other listing that still sells its time."""
    venue, unit = await rows.venue(), 0
    unit = await rows.unit(venue)
    await rows.worker()
    here, there = await rows.account(), await rows.account("tables-main", "tables", mode)
    for account in (here, there):
        await rows.polled(account)
    source = await rows.listing(venue, here, "salon-rooms", [unit])
    target = await rows.listing(venue, there, "salon-tables", [unit])
    booking = await rows.granted(await rows.booking(venue, source), unit)
    await rows.offer(target)
    await rows.make(
        "exposures",
        booking_id=booking,
        listing_id=target,
        during=await rows.pool.fetchval("select during from bookings where id = $1", booking),
        cause="taken",
        began_at=NOW - timedelta(minutes=7),
        basis="receipt",
        why="waits_for_budget",
    )
    return booking, await rows.block(target, [booking], state="absent", external_id=None)


async def test_of_an_exposed_offer_it_is_told_since_when_why_and_what_closes_it(
    client: Client, rows: Rows
) -> None:
    booking, block = await sold_twice(rows)
    shown = await page(client, "/exposures")
    assert "no call is on its way" in shown.text
    push = await rows.push(block, due_at=NOW + timedelta(seconds=30), attempts=2)
    shown = await page(client, f"/exposures?booking={booking}")
    for words in ("7 min ago", "waits for budget", "place", "due in 30 s", f"booking {booking}"):
        assert words in shown.text, words
    assert {f"/pushes/{push}", f"/bookings/{booking}"} <= links(shown)
    assert offers(await page(client, "/exposures?booking=999")) == []


async def test_what_is_sold_on_an_account_that_is_not_sent_to_stands_apart(
    client: Client, rows: Rows
) -> None:
    await sold_twice(rows, mode="shadow")
    shown = await page(client, "/exposures")
    assert "On accounts to which nothing is sent 1 offer" in shown.text
    assert "exposed" not in (await page(client, "/")).text.partition("Accounts")[0]


async def test_what_counts_as_sold_twice_is_listed_though_no_offer_was_read(
    client: Client, rows: Rows
) -> None:
    booking, _ = await sold_twice(rows)
    await rows.pool.execute("update offers set open = false")
    shown = await page(client, f"/exposures?booking={booking}")
    assert "no open offer was read last 1 booking" in shown.text
    assert "✓ None" not in shown.text
    assert f"/bookings/{booking}" in links(shown)


async def test_none_is_only_said_where_every_account_was_read(client: Client, rows: Rows) -> None:
    await sold_twice(rows)
    await rows.pool.execute("update offers set open = false")
    await rows.pool.execute("update exposures set ended_at = $1", NOW)
    assert "✓ None." in (await page(client, "/exposures")).text
    await rows.pool.execute("update cursors set last_complete_at = $1", NOW - 5 * HOUR)
    assert (
        "None known: not every account was read in time" in (await page(client, "/exposures")).text
    )


async def test_a_person_limited_to_venues_sees_the_exposures_of_these_only(
    client: Client, rows: Rows
) -> None:
    await sold_twice(rows)
    await rows.venue("harbour-house")
    for name, venue, many in (("eva", "glasshouse", 1), ("bob", "harbour-house", 0)):
        person = await let_in(rows.pool, name, "venue", [venue])
        answer = await client.get("/exposures", headers=await browser(rows.pool, person))
        shown = Page(await answer.text())
        assert len(offers(shown)) == many
        assert not [link for link in links(shown) if link.startswith("/pushes")]
        assert ("Sold twice 1 offer" in shown.text) == bool(many)


@pytest.mark.parametrize(
    "path", ["/", "/ops", "/venues", "/bookings", "/pushes", "/events", "/search?q=1"]
)
async def test_the_top_bar_of_every_page_counts_what_needs_a_person(
    client: Client, rows: Rows, path: str
) -> None:
    """The title's number is that of the open conflicts and of nothing else."""
    booking, block = await sold_twice(rows)
    await rows.conflict(booking, [], [])
    await rows.conflict(await rows.booking(None), [], [])
    await rows.push(block, state="dead", settled_at=NOW - 30 * HOUR)
    await rows.venue("harbour-house")
    answer = await client.get(path)
    whole = await answer.text()
    bar = whole[whole.index('<nav aria-label="Pages">') : whole.index("</nav>")]
    told = dict(re.findall(r'href="(/\w+)"[^>]*>[^<]* <span class="count">(\d+)</span>', bar))
    assert told == {"/conflicts": "2", "/exposures": "1", "/pushes": "1"}
    assert "<title>(2) " in whole


async def test_without_anything_open_no_badge_and_no_number(client: Client, rows: Rows) -> None:
    whole = await (await client.get("/bookings")).text()
    bar = whole[whole.index('<nav aria-label="Pages">') : whole.index("</nav>")]
    assert 'class="count"' not in bar
    assert "<title>Bookings" in whole


async def test_calls_given_up_within_a_day_and_queues_lead_to_exactly_these(
    client: Client, rows: Rows
) -> None:
    _, block = await sold_twice(rows)
    late = await rows.push(block, state="dead", settled_at=NOW - HOUR)
    old = await rows.push(block, state="dead", settled_at=NOW - 30 * HOUR)
    shown = await page(client, "/")
    assert "1 push to tables-main given up (last 24 h)" in shown.text
    link = "/pushes?state=dead&account=tables-main&ended=24h"
    assert link in links(shown)
    listed = (await page(client, link)).marked
    assert f"push-{late}" in listed
    assert f"push-{old}" not in listed
    tried = await rows.push(block, attempts=2)
    for state, found in (("retrying", True), ("queued", False), ("paused", False)):
        assert (f"push-{tried}" in (await page(client, f"/pushes?state={state}")).marked) == found
    account = await rows.pool.fetchval("select id from accounts where name = 'tables-main'")
    event = await rows.event(account, attempts=1)
    for state, found in (("tried", True), ("pending", False), ("paused", False)):
        assert (f"event-{event}" in (await page(client, f"/events?state={state}")).marked) == found
    await rows.paused(account, "pushes")
    await rows.paused(account, "intake")
    assert f"push-{tried}" in (await page(client, "/pushes?state=paused")).marked
    assert f"event-{event}" in (await page(client, "/events?state=paused")).marked


async def test_bookings_never_read_elsewhere_lead_to_their_own_list(
    client: Client, rows: Rows
) -> None:
    await sold_twice(rows)
    await rows.pool.execute("update exposures set why = 'beyond_horizon'")
    shown = await page(client, "/")
    assert "/exposures#unknown-soon" in links(shown)
    found = await page(client, "/exposures")
    assert "Not known yet whether on sale elsewhere 1 booking" in found.text


async def test_the_list_of_venues_leads_to_what_it_counts(client: Client, rows: Rows) -> None:
    booking, _ = await sold_twice(rows)
    await rows.venue("harbour-house")
    await rows.conflict(booking, [], [])
    shown = await page(client, "/venues")
    assert "1 booking" in shown.text
    assert {"/exposures?venue=glasshouse", "/conflicts?venue=glasshouse"} <= links(shown)
    assert len(offers(await page(client, "/exposures?venue=glasshouse"))) == 1
    assert "clash-1" in (await page(client, "/conflicts?venue=glasshouse")).marked
    assert "clash-1" not in (await page(client, "/conflicts?venue=harbour-house")).marked


@pytest.mark.parametrize("query", ["date=soon", "booking=x", "venue=%00"])
async def test_a_filter_that_makes_no_sense_is_refused_by_name(client: Client, query: str) -> None:
    answer = await client.get(f"/exposures?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in await answer.text()


async def test_what_somebody_typed_is_text(client: Client) -> None:
    whole = await (await client.get("/exposures", params={"unit": HOSTILE})).text()
    assert HOSTILE not in whole
