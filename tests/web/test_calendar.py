"""A venue's calendar: the day, the week and the list, what stands beside it, and who may see it."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from tests.web.busy_day import busy_day
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOON, Rows
from tests.web.test_dashboard import MIDNIGHT, Page, page

from holdfast.store.day import MOST_OFF

PATH = "/venues/glasshouse/calendar"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


async def sold(rows: Rows, timezone: str = "Europe/Paris") -> tuple[int, int, int]:
    """A salon on two channels: venue, unit, and the listing on rooms."""
    venue = await rows.venue(timezone=timezone)
    unit = await rows.unit(venue)
    here = await rows.listing(venue, await rows.account(), "salon-rooms", [unit])
    tables = await rows.account("tables-main", "tables")
    await rows.listing(venue, tables, "salon-tables", [unit])
    return venue, unit, here


def links(shown: Page) -> set[str]:
    return {attrs["href"] for tag, attrs in shown.elements if tag == "a" and "href" in attrs}


async def test_the_day_is_drawn_with_a_way_into_each_booking_and_each_gap(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    shown = await page(client, f"{PATH}?date=2026-11-20&whole=1")
    found = links(shown)
    assert "Friday 20 November 2026" in shown.text
    assert f"{PATH}?date=2026-11-20&whole=1&b=1#panel" in found
    # the chef's table is free after 22:15 with its cleanup, at 21:15 UTC
    assert any("new=chef%27s+table" in one and "from=2026-11-20T21%3A15" in one for one in found)
    assert any(one.startswith("/explain?venue=glasshouse&unit=board+room") for one in found)
    assert f"{PATH}?date=2026-11-19&whole=1" in found
    assert f"{PATH}?date=2026-11-21&whole=1" in found
    assert f"{PATH}?whole=1" in found
    assert "Double booking" in shown.text
    taken = {name for name in shown.marked if name.startswith("gap-1-")}
    assert taken
    # what has passed, or is taken, is no gap: it is 11:05 there, and the salon is taken until noon
    assert min(int(name.rsplit("-", 1)[1]) for name in taken) > 12 * 4


async def test_only_problems_cancelled_ones_and_views_are_chosen_in_the_address(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    problems = await page(client, f"{PATH}?problems=1")
    rows_shown = [key for key in problems.marked if key.startswith("row-")]
    assert rows_shown == ["row-2", "row-1"]
    assert not [key for key in problems.marked if key == "item-booking-1"]
    off = await page(client, f"{PATH}?off=1&view=agenda")
    assert [key for key in off.marked if key.startswith("item-booking")]
    kinds = {name for _, attrs in off.elements for name in attrs.get("class", "").split()}
    assert {"agenda", "off"} <= kinds
    assert "days agenda" in " ".join(a.get("class", "") for _, a in off.elements)
    assert f"{PATH}?view=week&off=1" in links(off)


async def test_of_a_day_with_many_cancelled_ones_a_page_is_shown_and_the_way_to_the_others(
    client: Client, rows: Rows
) -> None:
    venue, unit, _ = await sold(rows)
    kept = await rows.booking(venue, start=NOON + HOUR, unit_ids=[unit])
    await rows.pool.execute(
        "insert into bookings (venue_id, channel, external_id, status, raw_status, payment, during, unit_ids,"
        " first_seen_at, read_at) select venue_id, channel, 'off-' || n,"
        " (array['cancelled', 'declined', 'expired'])[n % 3 + 1], raw_status, payment, during, unit_ids,"
        " first_seen_at, read_at from bookings, generate_series(1, $1) n",
        MOST_OFF + 2,
    )

    def seen(shown: Page) -> set[int]:
        items = [key for key in shown.marked if key.startswith("item-booking-")]
        return {int(key.rsplit("-", 1)[1]) for key in items}

    first, second = [await page(client, f"{PATH}?off={n}&whole=1") for n in (1, 2)]
    off = range(kept + 1, kept + MOST_OFF + 3)
    assert seen(first) == {kept, *off[:MOST_OFF]}
    assert seen(second) == {kept, *off[MOST_OFF:]}
    assert f"{PATH}?off=2&whole=1&date=2026-11-20" in links(first)
    assert "by its start: 51 to 100, 14:00\N{EN DASH}14:00 · before that" in second.text
    assert f"{PATH}?off=1&whole=1&date=2026-11-20" in links(second)
    # from the first page too, where the venue's own calendar has the others; a new day begins anew
    assert f"{PATH}?date=2026-11-20&off=2" in links(await page(client, "/?off=1"))
    assert f"{PATH}?off=1&whole=1&date=2026-11-21" in links(second)
    assert "Of what is cancelled" not in (await page(client, PATH)).text


@pytest.mark.parametrize(
    "query", ["date=soon", "date=1999-01-01", "off=no", "view=month", "b=x", "act=burn"]
)
async def test_an_address_that_makes_no_sense_is_refused_by_name(
    client: Client, rows: Rows, query: str
) -> None:
    await rows.venue()
    answer = await client.get(f"{PATH}?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in await answer.text()


@pytest.mark.parametrize(
    ("day", "columns", "zone", "labels"),
    [
        (date(2026, 3, 29), "q92", "CET/CEST", ["00:00", "01:00", "03:00"]),
        (date(2026, 10, 25), "q100", "CEST/CET", ["00:00", "01:00", "02:00", "02:00 ²", "03:00"]),
    ],
)
async def test_days_on_which_the_clock_changes_are_drawn_as_long_as_they_are(
    client: Client, rows: Rows, day: date, columns: str, zone: str, labels: list[str]
) -> None:
    venue, unit, _ = await sold(rows, "Europe/Madrid")
    start = datetime(day.year, day.month, day.day, 4, tzinfo=ZoneInfo("Europe/Madrid"))
    booking = await rows.booking(venue, start=start.astimezone(UTC), unit_ids=[unit])
    shown = await page(client, f"{PATH}?date={day}&whole=1")
    hours = 3 if columns == "q92" else 5
    assert zone in shown.text
    assert {f"c{hours * 4 + 1}", "s4"} <= shown.classes(f"booking-{booking}")
    assert [a["class"] for _, a in shown.elements if columns in a.get("class", "").split()]
    assert "".join(labels) in shown.text
    # and a week around it counts its hours
    week = await page(client, f"{PATH}?date={day}&view=week")
    assert "1 booking 1 h taken" in week.text
    assert f"{PATH}?date={day}&view=day" in links(week)


async def test_a_week_tells_of_each_day_what_is_booked_free_and_wrong(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    week = await page(client, f"{PATH}?date=2026-11-22&view=week")
    assert "Week of 16 November 2026" in week.text
    assert week.text.count("nothing") >= 18  # three units on six quiet days
    assert "1 conflict" in week.text
    assert "3 offers exposed" in week.text
    assert f"{PATH}?date=2026-11-20&view=day" in links(week)
    assert f"{PATH}?date=2026-11-29&view=week" in links(week)
    problems = await page(client, f"{PATH}?date=2026-11-22&view=week&problems=1")
    heads = [a for tag, a in problems.elements if tag == "th" and a.get("scope") == "row"]
    assert len(heads) == 2


async def test_beside_it_stands_a_booking_with_who_knows_and_what_can_be_done(
    client: Client, rows: Rows
) -> None:
    venue, unit, here = await sold(rows)
    booking = await rows.granted(await rows.booking(venue, here, external_id="r-1"), unit)
    await rows.guest(booking, "Jane Doe", "jane@example.test", "+33612345678")
    other = await rows.pool.fetchval("select id from listings where name = 'salon-tables'")
    block = await rows.block(other, [booking], state="absent", external_id=None)
    await rows.push(block, attempts=2, due_at=rows.now + timedelta(seconds=70))
    for seq in range(1, 8):
        await rows.journal(venue, seq, booking, {"account": f"rooms-{seq}", "status": "confirmed"})
    shown = await page(client, f"{PATH}?b={booking}")
    assert "place queued" in shown.text
    assert "Next: place on salon-tables, in 1 min" in shown.text
    assert "rooms-7 has it" in shown.text
    assert "rooms-2 has it" not in shown.text
    assert "No channel can give a booking another unit" in shown.text
    assert f"/bookings/{booking}" in links(shown)
    day = "2026-11-20"
    assert f"{PATH}?date={day}&b={booking}&act=cancel#panel" in links(shown)
    assert f"{PATH}?date={day}&b={booking}&act=move#panel" not in links(shown)
    assert "Jane" not in shown.text
    await rows.paused(
        await rows.pool.fetchval("select id from accounts where name = 'tables-main'"), "pushes"
    )
    paused = await page(client, f"{PATH}?b={booking}")
    assert "Next: nothing by itself: nothing is sent there now" in paused.text
    assert ", paused" in paused.text
    direct = await rows.booking(venue, unit_ids=[unit], start=NOON + HOUR * 3)
    shown = await page(client, f"{PATH}?b={direct}")
    for act in ("move", "extend", "cancel"):
        assert f"{PATH}?date={day}&b={direct}&act={act}#panel" in links(shown)


async def test_what_is_nowhere_is_in_the_tray(client: Client, rows: Rows) -> None:
    venue, _, here = await sold(rows)
    account = await rows.pool.fetchval("select id from accounts limit 1")
    await rows.listing(venue, account, "nowhere", [])
    await rows.pool.execute(
        "insert into conflicts (kind, booking_id, opened_at) values ('unmapped', $1, $2)",
        await rows.booking(None, here),
        rows.now,
    )
    large = await rows.booking(venue, here, party_size=40)
    conflict = await rows.conflict(large, [], [])
    await rows.pool.execute("update conflicts set kind = 'too_small' where id = $1", conflict)
    shown = await page(client, PATH)
    assert "nowhere sells no unit in use" in shown.text
    assert "is on no listing of ours" in shown.text
    assert "Too small" in shown.text
    assert f"/conflicts/{conflict}" in links(shown)


async def test_venues_are_listed_with_their_own_today_and_one_alone_is_opened(
    client: Client, rows: Rows
) -> None:
    venue, unit, _ = await sold(rows)
    answer = await client.get("/venues", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, PATH)
    await rows.granted(await rows.booking(venue), unit)
    far = await rows.venue("kiritimati", "Pacific/Kiritimati")  # already the 21st there
    await rows.booking(far, status="held")
    loser = await rows.booking(far)
    await rows.conflict(loser, [], [])
    listing = await rows.pool.fetchval("select id from listings limit 1")
    await rows.make(
        "exposures",
        booking_id=loser,
        listing_id=listing,
        during=await rows.pool.fetchval("select during from bookings limit 1"),
        cause="taken",
        began_at=rows.now,
        basis="receipt",
    )
    shown = await page(client, "/venues")
    assert re.search(
        r"glasshouse Fri 20 Nov 11:05 Europe/Paris 1 1 0 none \S+ 1 booking", shown.text
    )
    assert re.search(r"kiritimati Sat 21 Nov 00:05 Pacific/Kiritimati 0 1 1 \S+ 1 none", shown.text)
    for n in range(51):
        await rows.venue(f"venue-{n:02}")
    first = await page(client, "/venues")
    (further,) = [link for link in links(first) if "after=" in link]
    assert "venue-48" not in first.text
    assert "venue-48" in (await page(client, further)).text


async def test_a_venue_that_is_not_there_or_none_of_his_is_not_found(
    client: Client, rows: Rows
) -> None:
    await rows.booking(await rows.venue("elsewhere"))
    await rows.venue()
    for path in ("/venues/nobody/calendar", "/venues/%00/calendar", f"{PATH}?b=1", f"{PATH}?b=77"):
        answer = await client.get(path, headers={"Accept": "text/html"})
        assert answer.status == 404, path
    assert (await client.post("/venues/nobody/calendar", data={"act": "book"})).status == 404


async def test_what_others_wrote_is_text_and_nothing_is_styled_or_scripted_inline(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue(HOSTILE)
    unit = await rows.unit(venue, HOSTILE)
    account = await rows.account(HOSTILE, HOSTILE)
    listing = await rows.listing(venue, account, HOSTILE, [unit])
    booking = await rows.granted(await rows.booking(venue, listing, external_id=HOSTILE), unit)
    await rows.block(listing, [booking], start=NOON + HOUR)
    await rows.conflict(booking, [booking], [unit])
    await rows.offer(listing)
    path, name = f"/venues/{quote(HOSTILE, safe='')}/calendar", quote(HOSTILE, safe="")
    why = f"/explain?venue={name}&unit={name}&from=2026-11-20T13:00&for=1h"
    for address in (path, f"{path}?view=week", f"{path}?b={booking}&act=cancel", why, "/venues"):
        shown = await page(client, address)
        assert HOSTILE in shown.text
        assert not [tag for tag, attrs in shown.elements if tag == "style" or "style" in attrs]
        assert not [n for _, attrs in shown.elements for n in attrs if n.startswith("on")]
        assert all("src" in of for tag, of in shown.elements if tag == "script")
    form = await page(client, f"{path}?new={name}")
    assert [a for tag, a in form.elements if tag == "option" and a.get("value") == HOSTILE]


async def test_the_first_page_leads_to_the_calendar_of_each_venue(
    client: Client, rows: Rows
) -> None:
    venue, unit, _ = await sold(rows)
    booking = await rows.granted(await rows.booking(venue), unit)
    found = links(await page(client))
    assert f"{PATH}?date=2026-11-20" in found
    assert f"{PATH}?date=2026-11-20&b={booking}#panel" in found
    assert "/venues" in found
