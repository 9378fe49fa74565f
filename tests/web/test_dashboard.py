"""The page as people get it: complete without JavaScript, safe, and right about the day."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from tests.web.busy_day import busy_day
from tests.web.conftest import Client, StartClient
from tests.web.rows import HOUR, NOON, NOW, Rows

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
MIDNIGHT = datetime(2026, 11, 20, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
STATIC = files("holdfast.web") / "static"


class Page(HTMLParser):
    """What is on a page: elements with their attributes, and the text that people see or hear."""

    VOID = frozenset({"meta", "link", "img", "input", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def close(self) -> None:
        super().close()
        assert self._open == []
        self.text = " ".join(self.text.split())

    @property
    def marked(self) -> list[str]:
        """The keys by which the page's refresh knows its parts."""
        return [attrs["data-key"] for _, attrs in self.elements if "data-key" in attrs]

    def classes(self, key: str) -> set[str]:
        (found,) = [a["class"] for _, a in self.elements if a.get("data-key") == key]
        return set(found.split())

    def title(self, key: str) -> str:
        (found,) = [a["title"] for _, a in self.elements if a.get("data-key") == key]
        return found


async def page(client: Client, path: str = "/") -> Page:
    answer = await client.get(path, headers=BROWSER)
    html = await answer.text()
    assert answer.status == 200, html
    assert answer.content_type == "text/html"
    return Page(html)


async def test_an_empty_installation_says_what_to_do(client: Client) -> None:
    shown = await page(client)
    assert "Nothing is connected yet" in shown.text
    assert "holdfast apply" in shown.text
    assert "None. Every booking has its units." in shown.text


async def test_when_all_is_well_the_verdict_is_one_sentence(client: Client, rows: Rows) -> None:
    await rows.polled(await rows.account())
    await rows.worker()
    shown = await page(client)
    assert "All channels agree" in shown.text
    assert "All channels agree · Holdfast" in shown.text


async def test_a_bad_day_is_told_at_the_top_and_in_the_title(client: Client, rows: Rows) -> None:
    await busy_day(rows, MIDNIGHT)
    shown = await page(client)
    assert "1 open conflict · 3 offers exposed · rooms-main pushes 1 min late" in shown.text
    assert "(1) 1 open conflict · Holdfast" in shown.text


async def test_each_account_has_a_line_and_leads_to_its_numbers(client: Client, rows: Rows) -> None:
    await busy_day(rows, MIDNIGHT)
    shown = await page(client)
    told = shown.text[shown.text.index("rooms-main ● live") : shown.text.index("tables-main ●")]
    assert "1 push and 0 events waiting · last webhook 4 min ago" in told
    assert told.rstrip().endswith("last complete poll 40 s ago")
    links = {attrs["href"] for tag, attrs in shown.elements if tag == "a"}
    assert {"/ops", "/accounts/rooms-main", "/accounts/tables-main"} <= links


async def test_a_conflict_shows_both_sides_in_the_venues_own_time(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    shown = await page(client)
    card = shown.text[shown.text.index("Double booking") : shown.text.index("Best: ")]
    assert "glasshouse · salon" in card
    assert "Has the unit rooms-main ✓ Confirmed Fri 20 Nov 14:00\N{EN DASH}16:00 · 8 guests" in card
    assert (
        "Could not get it tables-main ✓ Confirmed Fri 20 Nov 15:00\N{EN DASH}17:00 · 4 guests"
        in card
    )


async def test_a_conflict_of_a_buy_out_names_the_tables_that_others_have(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    tables = [await rows.unit(venue, f"table-{n}") for n in (1, 2, 3)]
    house = await rows.listing(venue, await rows.account(), "whole-house", tables)
    holder = await rows.granted(await rows.booking(venue), tables[1])
    await rows.conflict(await rows.booking(venue, house), [holder], tables)
    shown = await page(client)
    assert "glasshouse · table-2 · starts in" in shown.text
    assert "Has the unit direct" in shown.text


async def test_a_booking_stands_in_its_quarters_with_its_cleanup_and_who_knows_of_it(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    unit = await rows.unit(venue, cleanup=15)
    here = await rows.listing(venue, await rows.account(), "salon-rooms", [unit])
    there = await rows.listing(
        venue, await rows.account("tables-main", "tables"), "salon-tables", [unit]
    )
    booking = await rows.granted(await rows.booking(venue, here), unit, after=15)
    block = await rows.block(there, [booking])
    shown = await page(client)
    key = f"booking-{booking}"
    # 13:00 in Paris, on an axis from 08:00: column 21, four quarters wide
    assert {"booking", "confirmed", "c21", "s4", "r1"} <= shown.classes(key)
    assert (
        shown.title(key)
        == "Confirmed, rooms-main, 13:00\N{EN DASH}14:00, salon, 4 guests, salon-tables closed"
    )
    assert {"block", "done", "c21", "s4", "r2"} <= shown.classes(f"block-{block}")
    assert f"stands for #{booking}" in shown.title(f"block-{block}")
    pads = [a["class"] for tag, a in shown.elements if tag == "li" and "pad" in a.get("class", "")]
    assert pads == ["pad c25 s1 r1"]


@pytest.mark.parametrize(
    ("block", "push", "look", "word"),
    [
        ({"state": "booked"}, None, "done", "closed"),
        ({"state": "held"}, None, "done", "held closed"),
        ({"state": "absent"}, {"state": "waiting"}, "queued", "queued"),
        ({"state": "absent"}, {"state": "waiting", "attempts": 3}, "sending", "retrying, 3 tried"),
        ({"state": "absent"}, {"state": "in_flight"}, "sending", "sending"),
        ({"state": "absent"}, {"state": "unknown"}, "unsure", "unknown"),
        ({"state": "absent"}, {"state": "shadow"}, "shadow", "shadow, not sent"),
        ({"state": "absent"}, None, "dead", "not closed"),
        ({"state": "booked", "wants": "nothing"}, None, "queued", "being released"),
        ({"state": "booked", "wants": "nothing"}, {"call": "release"}, "queued", "being released"),
    ],
)
async def test_the_page_tells_how_far_the_other_channel_is(
    client: Client,
    rows: Rows,
    block: dict[str, object],
    push: dict[str, object] | None,
    look: str,
    word: str,
) -> None:
    venue, account = await rows.venue(), await rows.account()
    unit = await rows.unit(venue)
    listing = await rows.listing(venue, account, "salon-rooms", [unit])
    booking = await rows.granted(await rows.booking(venue), unit)
    number = await rows.block(listing, [booking], external_id=None, **block)
    if push is not None:
        await rows.push(number, **push)
    shown = await page(client)
    assert look in shown.classes(f"block-{number}")
    assert f"salon-rooms {word}" in shown.title(f"booking-{booking}")


async def test_a_paused_account_is_told_apart_from_a_slow_one(client: Client, rows: Rows) -> None:
    venue, account = await rows.venue(), await rows.account(mode="paused")
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    block = await rows.block(listing, [], state="absent", external_id=None)
    await rows.push(block, since=rows.now - HOUR)
    shown = await page(client)
    assert "paused" in shown.classes(f"block-{block}")
    assert "rooms-main paused" in shown.text
    assert "late" not in shown.text


async def test_a_buy_out_is_over_every_row_and_each_table_has_its_own_block_of_the_pool(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    tables = [await rows.unit(venue, f"table-{n}") for n in (1, 2, 3)]
    house = await rows.listing(venue, await rows.account(), "whole-house", tables)
    other = await rows.account("tables-main", "tables")
    pool = await rows.listing(venue, other, "dining-room", tables, takes="one")
    booking = await rows.granted(await rows.booking(venue, house), *tables)
    blocks = [await rows.block(pool, [booking], lane=lane, party=4) for lane in (1, 2, 3)]
    await rows.block(pool, [booking], lane=1, party=4, start=NOON + HOUR, state="absent")
    shown = await page(client)
    assert shown.marked.count(f"booking-{booking}") == 3
    assert [shown.marked.count(f"block-{block}") for block in blocks] == [1, 1, 1]
    for row, block in zip(tables, blocks, strict=True):
        until = shown.marked[shown.marked.index(f"row-{row}") :]
        assert f"block-{block}" in until[1:4]
    titles = {a["title"] for _, a in shown.elements if a.get("data-key") == f"booking-{booking}"}
    assert [title.split("4 guests, ")[1] for title in titles] == [
        "dining-room closed (3), dining-room not closed"
    ]


async def test_bookings_that_overlap_stand_in_lanes_and_never_on_each_other(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    shown = await page(client, "/?off=1&whole=1")
    taken: Counter[tuple[str, str, int]] = Counter()
    row = ""
    for _, attrs in shown.elements:
        row = attrs["data-key"] if attrs.get("data-key", "").startswith("row-") else row
        places = re.search(r"\bc(\d+) s(\d+) (r\d+)\b", attrs.get("class", ""))
        if places:
            first, width, lane = int(places[1]), int(places[2]), places[3]
            taken.update((row, lane, column) for column in range(first, first + width))
    assert taken
    assert taken.most_common(1)[0][1] == 1


async def test_offers_that_are_exposed_are_drawn_as_one_stretch_with_the_age_of_the_read(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    shown = await page(client)
    (key,) = [key for key in shown.marked if key.startswith("exposure-")]
    assert shown.title(key) == (
        "Still offered, board-room-rooms, 12:30\N{EN DASH}15:00, board room, 3 offers, read 41 s ago"
    )
    assert {"exposure", "c19", "s10"} <= shown.classes(key)


async def test_a_held_booking_tells_the_time_that_it_has_left(client: Client, rows: Rows) -> None:
    venue = await rows.venue()
    until = rows.now + timedelta(minutes=11, seconds=5)
    booking = await rows.booking(venue, status="held", held_until=until)
    await rows.granted(booking, await rows.unit(venue))
    assert (await page(client)).title(f"booking-{booking}").endswith(", 11 min left")


async def test_a_booking_without_any_unit_is_in_the_tray(client: Client, rows: Rows) -> None:
    venue, account = await rows.venue(), await rows.account()
    units = [await rows.unit(venue, name) for name in ("one", "two")]
    pool = await rows.listing(venue, account, "pool", units, takes="one")
    booking = await rows.booking(venue, pool)
    shown = await page(client)
    assert f"tray-booking-{booking}" in shown.marked
    assert f"item-booking-{booking}" in shown.marked
    assert f"booking-{booking}" not in shown.marked


async def test_cancelled_bookings_are_hidden_until_asked_for(client: Client, rows: Rows) -> None:
    venue = await rows.venue()
    unit_id = await rows.unit(venue)
    booking = await rows.booking(venue, status="cancelled", unit_ids=[unit_id])
    assert f"booking-{booking}" not in (await page(client)).marked
    shown = await page(client, "/?off=1")
    assert "off" in shown.classes(f"booking-{booking}")


async def test_the_day_is_the_venues_own_and_links_keep_the_choice(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue("far", "Pacific/Kiritimati")  # already the 21st there at noon UTC
    await rows.unit(venue)
    rows.now = NOW
    shown = await page(client, "/?view=list&date=2026-10-25")
    links = {attrs["href"] for tag, attrs in shown.elements if tag == "a" and "href" in attrs}
    assert "/?date=2026-10-24&view=list#days" in links
    assert "/?date=2026-10-26&view=list#days" in links
    assert "/?view=list#days" in links
    assert "Saturday 21 November 2026" in (await page(client)).text


@pytest.mark.parametrize(
    ("date", "columns", "zone"),
    [("2026-03-29", "q92", "CET/CEST"), ("2026-10-25", "q100", "CEST/CET")],
)
async def test_days_on_which_the_clock_changes_have_their_true_length(
    client: Client, rows: Rows, date: str, columns: str, zone: str
) -> None:
    await rows.unit(await rows.venue())
    shown = await page(client, f"/?date={date}&whole=1")
    assert [a["class"] for _, a in shown.elements if "axis" in a.get("class", "")] == [
        f"line axis {columns}"
    ]
    assert f"Europe/Paris ({zone})" in shown.text
    assert ("02:00 ²" in shown.text) == (columns == "q100")


@pytest.mark.parametrize("date", ["garbage", "2026-13-01", "0001-01-01", "9999-12-31"])
async def test_a_day_that_is_none_is_a_page_that_says_so(client: Client, date: str) -> None:
    answer = await client.get("/", params={"date": date}, headers=BROWSER)
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert "date: a day" in Page(await answer.text()).text


async def test_what_providers_and_guests_wrote_is_text_and_never_markup(
    client: Client, rows: Rows
) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    venue = await rows.venue(hostile)
    unit = await rows.unit(venue, hostile)
    account = await rows.account(hostile, hostile)
    listing = await rows.listing(venue, account, hostile, [unit])
    booking = await rows.granted(await rows.booking(venue, listing, external_id=hostile), unit)
    await rows.block(listing, [booking], start=NOON + HOUR)
    await rows.conflict(booking, [booking], [unit])
    await rows.offer(listing)
    shown = await page(client)
    scripts = [attrs["src"] for tag, attrs in shown.elements if tag == "script"]
    assert [src for src in scripts if not src.startswith("/static/")] == []
    assert not [attrs for _, attrs in shown.elements if "onerror" in attrs]
    assert hostile in shown.text


async def test_no_guest_is_on_the_page(client: Client, rows: Rows) -> None:
    booking = await rows.booking(await rows.venue())
    await rows.guest(booking, "Jane Doe", "jane@example.test", "+33612345678")
    html = await (await client.get("/", headers=BROWSER)).text()
    assert not [secret for secret in ("Jane", "Doe", "example.test", "612345678") if secret in html]


async def test_nothing_on_the_page_is_styled_or_scripted_inline(client: Client, rows: Rows) -> None:
    await busy_day(rows, MIDNIGHT)
    shown = await page(client, "/?off=1&whole=1")
    assert not [tag for tag, attrs in shown.elements if tag == "style" or "style" in attrs]
    assert not [name for _, attrs in shown.elements for name in attrs if name.startswith("on")]


async def test_every_place_on_the_page_is_known_to_the_style_sheet(
    client: Client, rows: Rows
) -> None:
    await busy_day(rows, MIDNIGHT)
    known = set(re.findall(r"^\.([csrq]\d+) ", (STATIC / "slots.css").read_text(), re.MULTILINE))
    shown = await page(client, "/?off=1&whole=1")
    used = {
        name
        for _, attrs in shown.elements
        for name in attrs.get("class", "").split()
        if re.fullmatch(r"[csrq]\d+", name)
    }
    assert used
    assert used <= known
    assert {f"{letter}{number}" for letter in "csq" for number in range(1, 101)} <= known


async def test_all_that_the_page_loads_is_served_by_us(client: Client) -> None:
    shown = await page(client)
    addresses = [
        attrs[name] for _, attrs in shown.elements for name in ("src", "href") if name in attrs
    ]
    loaded = [address for address in addresses if "/static/" in address]
    assert len(loaded) >= 4
    for address in loaded:
        assert (await client.get(address)).status == 200
    assert not [address for address in addresses if "//" in address]


async def test_with_the_database_gone_there_is_a_page_that_says_so(
    start: StartClient, database_url: str
) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    await pool.close()
    client = await start(pool=pool)
    answer = await client.get("/", headers=BROWSER)
    shown = Page(await answer.text())
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "The database does not answer just now." in shown.text
