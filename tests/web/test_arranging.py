"""What a venue does in its calendar: shown with all it would change, done only as it was shown, and told to the channels."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler
from tests.web.conftest import Client
from tests.web.house import House
from tests.web.rows import HOUR, NOON, Rows
from tests.web.test_calendar import PATH, sold

from holdfast.inventory.model import Guest
from holdfast.store import journal
from holdfast.sync.arrange import Cancellation, NotAsShown
from holdfast.sync.operate import DirectBooking
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts
from holdfast.web.people import OPERATOR, PERSON, Person


def hidden(html: str) -> dict[str, str]:
    """What the confirmation would send."""
    part = html.split('class="card way chosen"')[1].split("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', part)
    return {name: unescape(value) for name, value in found}


async def offered(rows: Rows, hours: int = 8) -> None:
    """Both channels sell the salon by the hour from 13:00 there."""
    for listing in await rows.pool.fetch("select id from listings"):
        for hour in range(hours):
            await rows.offer(listing["id"], NOON + hour * HOUR)
    await rows.pool.execute(
        "insert into looks (listing_id, during, read_at)"
        " select id, tstzrange($1::timestamptz, $1 + interval '30 days'), $1 from listings",
        rows.now,
    )


async def shown(client: Client, wish: dict[str, str], status: int = 200) -> str:
    answer = await client.post(PATH, data=wish)
    assert answer.status == status, await answer.text()
    return await answer.text()


async def done(client: Client, wish: dict[str, str]) -> str:
    """Look, confirm, and where that leads."""
    confirmed = hidden(await shown(client, wish))
    answer = await client.post(PATH, data=confirmed, allow_redirects=False)
    assert answer.status == 303, await answer.text()
    return str(answer.headers["Location"])


async def wished(rows: Rows) -> list[tuple[str, str, str]]:
    """The calls that wait, with their listing and the hour of their block, UTC."""
    found = await rows.pool.fetch(
        "select p.call, l.name, to_char(lower(k.during) at time zone 'UTC', 'HH24') as hour from pushes p"
        " join blocks k on k.id = p.block_id join listings l on l.id = k.listing_id"
        " where p.state = 'waiting' order by 3, 2, 1"
    )
    return [(row["call"], row["name"], row["hour"]) for row in found]


BOOKING = {
    "act": "book",
    "unit": "salon",
    "start": "2026-11-20T14:00",
    "end": "2026-11-20T15:00",
    "party": "4",
    "name": "Jane Doe",
    "email": "jane@example.test",
    "phone": "",
}


async def test_a_direct_booking_is_made_as_it_was_shown_and_both_channels_are_to_be_told(
    client: Client, rows: Rows, house: House
) -> None:
    await sold(rows)
    await offered(rows)
    tables = await rows.pool.fetchval("select id from accounts where name = 'tables-main'")
    await rows.paused(tables, "pushes")
    html = await shown(client, BOOKING)
    assert "close <strong>salon-rooms</strong> Fri 20 Nov 14:00" in html
    assert "close <strong>salon-tables</strong> Fri 20 Nov 14:00" in html
    assert html.count("its account is paused: nothing is sent now") == 1
    # nothing was done by looking
    assert await rows.pool.fetchval("select count(*) from bookings") == 0
    assert await wished(rows) == []
    assert house.woken == 0
    where = await done(client, BOOKING)
    booking = await rows.pool.fetchrow("select * from bookings")
    assert where == f"{PATH}?date=2026-11-20&b={booking['id']}#panel"
    assert (booking["channel"], booking["status"], booking["party_size"]) == (
        "direct",
        "confirmed",
        4,
    )
    assert await rows.pool.fetchval("select name from guests") == "Jane Doe"
    both = [("place", "salon-rooms", "13"), ("place", "salon-tables", "13")]
    assert await wished(rows) == both
    assert house.woken == 1
    actors = await rows.pool.fetch("select distinct actor from journal")
    assert [row["actor"] for row in actors] == [OPERATOR.name]
    async with rows.pool.acquire() as connection:
        assert await journal.broken_at(connection, booking["venue_id"]) is None


async def test_the_same_form_once_more_means_a_second_booking_and_is_shown_but_not_done(
    client: Client, rows: Rows, house: House
) -> None:
    await sold(rows)
    again = hidden(await shown(client, BOOKING))
    await done(client, BOOKING)
    booking = await rows.pool.fetchrow("select id from bookings")
    html = await shown(client, again, 409)
    assert "Something changed meanwhile" in html
    assert f"booking {booking['id']}</a>: both stay, and a conflict is opened" in html
    assert await rows.pool.fetchval("select count(*) from bookings") == 1
    # and nothing that was only looked at, or not done, is counted
    counted = {"source": "direct", "change": "booking"}
    name = "holdfast_bookings_ingested_total"
    assert house.metrics.registry.get_sample_value(name, counted) == 1


async def test_a_closure_is_closed_everywhere_looks_its_own_way_and_ends_as_one(
    client: Client, rows: Rows
) -> None:
    await sold(rows)
    await offered(rows)
    wish = {
        "act": "close",
        "unit": "salon",
        "start": "2026-11-20T13:00",
        "end": "2026-11-20T15:00",
        "reason": "the painters come",
    }
    where = await done(client, wish)
    page = await (await client.get(where.partition("#")[0])).text()
    number = await rows.pool.fetchval("select id from bookings where raw_status = 'closure'")
    assert f"Closure {number}" in page
    assert "the painters come" in page
    assert 'class="entry booking closure' in re.sub(r"\s+", " ", page)
    assert len(await wished(rows)) == 4
    cancel = {"act": "cancel", "b": str(number), "reason": "they come next week"}
    html = await shown(client, cancel)
    assert "open <strong>salon-rooms</strong>" in html
    await done(client, cancel)
    row = await rows.pool.fetchrow("select status, raw_status from bookings")
    assert tuple(row) == ("cancelled", "closure")
    assert await wished(rows) == []  # nothing of it was placed yet, so nothing needs to be released


async def test_a_direct_booking_is_moved_made_longer_and_its_old_time_is_sold_again(
    client: Client, rows: Rows
) -> None:
    venue, _, _ = await sold(rows)
    await rows.unit(venue, "library")
    await offered(rows)
    await done(client, BOOKING)
    number = await rows.pool.fetchval("select id from bookings")
    await rows.pool.execute("update pushes set state = 'done', settled_at = $1", rows.now)
    await rows.pool.execute("update blocks set state = 'booked', external_id = 'k-' || id")
    later = {"act": "extend", "b": str(number), "end": "2026-11-20T16:00", "reason": "they stay"}
    await done(client, later)
    assert await wished(rows) == [("place", "salon-rooms", "14"), ("place", "salon-tables", "14")]
    move = {
        "act": "move",
        "b": str(number),
        "unit": "library",
        "start": "2026-11-20T18:00",
        "end": "2026-11-20T19:00",
        "reason": "too loud there",
    }
    html = await shown(client, move)
    assert "open <strong>salon-rooms</strong> Fri 20 Nov 14:00" in html
    where = await done(client, move)
    assert {("release", "salon-rooms", "13"), ("release", "salon-tables", "13")} <= set(
        await wished(rows)
    )
    granted = await rows.pool.fetch(
        "select u.name from allocations a join units u on u.id = a.unit_id"
    )
    assert [row["name"] for row in granted] == ["library"]
    page = await (await client.get(where.partition("#")[0])).text()
    assert "Moved to library, Fri 20 Nov 18:00" in page
    assert "too loud there" in page
    # where it is already, it is not moved to
    assert "it is there already" in await shown(client, move, 422)


async def test_what_is_closed_already_is_not_counted_among_what_a_channel_must_be_told(
    client: Client, rows: Rows
) -> None:
    await sold(rows)
    tables = await rows.pool.fetchval("select id from listings where name = 'salon-tables'")
    await offered(rows)
    await rows.pool.execute("delete from offers where listing_id = $1", tables)
    await rows.offer(tables, NOON + HOUR, NOON + 3 * HOUR)
    await done(client, BOOKING)
    await rows.pool.execute("update pushes set state = 'done', settled_at = now()")
    await rows.pool.execute("update blocks set state = 'booked', external_id = 'k-' || id")
    later = BOOKING | {"start": "2026-11-20T15:00", "end": "2026-11-20T16:00"}
    html = await shown(client, later)
    assert "close <strong>salon-rooms</strong> Fri 20 Nov 15:00" in html
    assert "Add a booking: 1 change on channels" in html
    await done(client, later)
    assert await wished(rows) == [("place", "salon-rooms", "14")]


async def test_over_taken_time_the_conflict_is_told_before_it_is_made_and_the_guest_there_stays(
    client: Client, rows: Rows
) -> None:
    venue, unit, here = await sold(rows)
    await rows.pool.execute("update venues set conflicts = 'auto'")
    await done(client, BOOKING)
    direct = await rows.pool.fetchval("select id from bookings")
    await rows.pool.execute("update bookings set made_at = $1, firm_at = $1", rows.now - 3 * HOUR)
    later = {"made_at": rows.now - HOUR, "firm_at": rows.now - HOUR}
    there = await rows.booking(venue, here, start=NOON + 5 * HOUR, **later)
    await rows.granted(there, unit)
    move = {
        "act": "move",
        "b": str(direct),
        "unit": "",
        "start": "2026-11-20T18:30",
        "end": "2026-11-20T19:30",
        "reason": "they asked",
    }
    html = await shown(client, move)
    assert f"booking {there}</a>: both stay, and a conflict is opened" in html
    assert await rows.pool.fetchval("select count(*) from conflicts") == 0
    await done(client, move)
    conflict = await rows.pool.fetchrow("select * from conflicts where closed_at is null")
    # who moved came last, whenever it was made: policy never cancels the guest who was there
    assert (conflict["booking_id"], conflict["against_ids"]) == (direct, [there])
    assert conflict["auto_at"] is None
    # and moved away again it is over, which is told before
    away = move | {"start": "2026-11-20T20:30", "end": "2026-11-20T21:30"}
    assert "1 conflict would be over" in await shown(client, away)


async def test_a_channels_booking_is_asked_for_and_cannot_be_moved(
    client: Client, rows: Rows
) -> None:
    venue, unit, here = await sold(rows)
    booking = await rows.granted(await rows.booking(venue, here, external_id="r-1"), unit)
    other = await rows.pool.fetchval("select id from listings where name = 'salon-tables'")
    await rows.block(other, [booking])
    cancel = {"act": "cancel", "b": str(booking), "reason": "the roof leaks"}
    html = await shown(client, cancel)
    assert "<strong>rooms-main</strong> is asked to cancel it" in html
    assert "open <strong>salon-tables</strong> Fri 20 Nov 13:00" in html
    confirmed = hidden(html)
    await rows.pool.execute("update bookings set party_size = 9, version = version + 1")
    assert "Something changed meanwhile" in await shown(client, confirmed, 409)
    await done(client, cancel)
    push = await rows.pool.fetchrow("select call, reason, booking_id from pushes")
    assert tuple(push) == ("cancel", "the roof leaks", booking)
    assert await rows.pool.fetchval("select status from bookings") == "confirmed"
    move = {"act": "move", "b": str(booking), "unit": "", "reason": "why not"}
    move |= {"start": "2026-11-20T18:00", "end": "2026-11-20T19:00"}
    answer = await client.post(PATH, data=move)
    assert answer.status == 422
    assert "this one is changed at its channel" in await answer.text()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("unit", "", "unit: "),
        ("unit", "attic", "unit: one of salon"),
        ("start", "soon", "start: a time as"),
        ("start", "2026-10-25T02:30", "start: 2026-10-25T02:30 comes twice"),
        ("start", "2026-03-29T02:30", "the clock skips it"),
        ("end", "2026-11-20T14:00", "end: "),
        ("end", "2028-11-20T14:00", "end: at most 366 days"),
        ("end", "9999-12-31T23:59", "end: "),
        ("party", "0", "party: a whole number"),
        ("party", "many", "party: a whole number"),
        ("party", "0000000019999999999", "party: a whole number"),
        ("name", "x" * 201, "name: at most 200"),
        ("name", "a\x00b", "name: at most 200"),
        ("act", "burn", "act: one of"),
    ],
)
async def test_what_will_not_do_is_told_beside_its_field_and_nothing_is_done(
    client: Client, rows: Rows, field: str, value: str, told: str
) -> None:
    await sold(rows)
    answer = await client.post(PATH, data=BOOKING | {field: value})
    assert answer.status == 422
    html = unescape(await answer.text())
    assert told in html
    if field in ("start", "party"):
        assert f'value="{value}"' in html
        assert 'value="Jane Doe"' in html
    assert await rows.pool.fetchval("select count(*) from bookings") == 0


async def test_an_hour_that_comes_twice_is_taken_with_its_offset_and_shown_again_with_it(
    client: Client, rows: Rows
) -> None:
    await sold(rows, "Europe/Madrid")
    night = {"start": "2026-10-25T02:30:00+01:00", "end": "2026-10-25T03:30"}
    where = await done(client, BOOKING | night)
    during = await rows.pool.fetchval("select during from bookings")
    assert during.upper - during.lower == HOUR
    number = await rows.pool.fetchval("select id from bookings")
    page = await (await client.get(f"{PATH}?b={number}&act=move")).text()
    assert 'type="text" name="start" value="2026-10-25T02:30+01:00"' in page
    assert 'type="datetime-local" name="end" value="2026-10-25T03:30"' in page
    assert "date=2026-10-25" in where


@pytest.mark.parametrize("reason", ["", "x" * 201])
async def test_what_undoes_something_wants_a_reason(
    client: Client, rows: Rows, reason: str
) -> None:
    venue, unit, _ = await sold(rows)
    number = await rows.booking(venue, unit_ids=[unit])
    wish = {"act": "cancel", "b": str(number), "reason": reason}
    answer = await client.post(PATH, data=wish)
    assert answer.status == 422
    assert "reason: " in await answer.text()


async def test_a_gap_opens_a_form_that_is_filled_in(client: Client, rows: Rows) -> None:
    await sold(rows)
    page = await (await client.get(f"{PATH}?new=salon&from=2026-11-20T13:00:00Z&act=close")).text()
    assert 'name="start" value="2026-11-20T14:00"' in page
    assert 'name="end" value="2026-11-20T15:00"' in page
    assert '<option value="salon" selected>' in page
    assert 'name="reason"' in page
    assert "/explain?venue=glasshouse&amp;unit=salon" in page


async def test_whoever_only_looks_is_offered_nothing_and_a_venue_sees_its_own(
    parts: WebParts, rows: Rows
) -> None:
    venue, unit, _ = await sold(rows)
    await rows.unit(await rows.venue("elsewhere"), "salon")
    booking = await rows.booking(venue, unit_ids=[unit])
    own = frozenset(["glasshouse"])
    why = "unit=salon&from=2026-11-20T13:00&for=1h"
    async with seen_by(parts, Person(name="vera", role="viewer", venues=own)) as client:
        page = await (await client.get(f"{PATH}?b={booking}")).text()
        assert "act=cancel" not in page
        assert "new=1" not in page
        for path in ("/venues/elsewhere/calendar", f"/explain?venue=elsewhere&{why}"):
            assert (await client.get(path)).status == 404
        assert (await client.post("/venues/elsewhere/calendar", data=BOOKING)).status == 404
        assert (await client.get(f"/explain?venue=glasshouse&{why}")).status == 200
        # the only one that is his is opened at once
        answer = await client.get("/venues", allow_redirects=False)
        assert answer.headers["Location"] == PATH
    async with seen_by(parts, Person(name="vito", role="venue", venues=own)) as client:
        assert "act=cancel" in await (await client.get(f"{PATH}?b={booking}")).text()


@asynccontextmanager
async def seen_by(parts: WebParts, person: Person) -> AsyncIterator[Client]:
    """The web process as somebody sees it; how people sign in is tested elsewhere."""

    @web.middleware
    async def is_him(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[PERSON] = person
        return await handler(request)

    app = build_web(parts)
    app.middlewares.append(is_him)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_of_two_who_confirm_the_same_at_once_only_one_is_served(
    rows: Rows, house: House
) -> None:
    await sold(rows)
    wish = DirectBooking(
        venue="glasshouse",
        unit="salon",
        listing=None,
        start=NOON,
        end=NOON + HOUR,
        party_size=2,
        contact=Guest(),
    )
    seen = (await house.rehearse(wish, "vera")).seen
    both = [house.arrange(wish, name, seen) for name in ("vera", "vito")]
    found = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["NotAsShown", "int"]
    assert await rows.pool.fetchval("select count(*) from bookings") == 1


async def test_what_was_shown_of_one_booking_is_not_done_to_another_of_its_number(
    rows: Rows, house: House
) -> None:
    """The kind of fault: a form that says what it means by a number alone, see test_conflict_pages.py."""
    venue, _, listing = await sold(rows)
    booking = await rows.booking(venue, listing, external_id="r-1")
    wish = Cancellation(booking_id=booking, reason="the guest rang")
    seen = (await house.rehearse(wish, "vera")).seen
    await rows.pool.execute("update bookings set external_id = 'r-9'")
    with pytest.raises(NotAsShown):
        await house.arrange(wish, "vera", seen)
    assert await rows.pool.fetchval("select count(*) from pushes") == 0
