"""Search: from what somebody types to its page, within the venues of whoever asks, and never to a guest."""

import io
import logging
from collections.abc import Iterator

import aiohttp
import asyncpg
import pytest
import structlog
from tests.web.conftest import Client
from tests.web.rows import Rows
from tests.web.signing_in import person_reading, visitor
from tests.web.test_dashboard import BROWSER, page

from holdfast.logs import set_up_logs
from holdfast.serving import listening
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts
from holdfast.web.screens.search import number_of

PHONE = "+33612345678"


@pytest.fixture
def log(parts: WebParts) -> Iterator[io.StringIO]:
    """As the program logs; what pytest set up comes back after the test."""
    root, stream = logging.root, io.StringIO()
    before = root.handlers, root.level
    set_up_logs(stream, parts.clock)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


async def two_houses(rows: Rows) -> dict[str, int]:
    """At each: a booking of a guest, told by a channel, and our block for it at another one."""
    rooms, tables = await rows.account(), await rows.account("tables-main", "tables")
    made: dict[str, int] = {}
    for name in ("glasshouse", "harbour"):
        venue = await rows.venue(name)
        unit = await rows.unit(venue, f"{name}-salon")
        here = await rows.listing(venue, rooms, f"{name}-salon-rooms", [unit])
        there = await rows.listing(venue, tables, f"{name}-salon-tables", [unit])
        booking = await rows.booking(venue, here, external_id=f"R/{name} 1")
        await rows.guest(booking, "Ada Lovelace", "ada@example.test", PHONE)
        block = await rows.block(there, [booking], external_id=f"x-{name}", last_ref=f"h-{name}")
        made |= {name: booking, f"push-{name}": await rows.push(block)}
    made["direct"] = await rows.booking(await rows.venue("annexe"), external_id="own-1")
    for number in range(4):
        made["event"] = await rows.event(rooms, ref=f"heard-{number}")
    return made


async def led(client: Client, sought: str, **headers: str) -> str:
    """To where; empty: a page is shown."""
    answer = await client.get(
        "/search", params={"q": sought}, headers=BROWSER | headers, allow_redirects=False
    )
    assert answer.status in {200, 303}
    return answer.headers.get("Location", "")


async def test_what_is_one_thing_leads_to_its_page(client: Client, rows: Rows) -> None:
    made = await two_houses(rows)
    glass = f"/bookings/{made['glasshouse']}"
    assert {
        sought: await led(client, sought) for sought in ("R/glasshouse 1", " x-glasshouse ")
    } == {
        "R/glasshouse 1": glass,
        " x-glasshouse ": glass,
    }
    assert await led(client, "h-glasshouse") == glass  # what stood there last
    assert await led(client, "own-1") == f"/bookings/{made['direct']}"
    assert await led(client, str(made["event"])) == f"/events/{made['event']}"
    assert await led(client, "TABLES") == "/accounts/tables-main"
    assert await led(client, "Anne") == "/venues/annexe/calendar"
    assert await led(client, "harbour-salon-t") == "/venues/harbour/calendar"
    await rows.pool.execute("update blocks set because = '{}' where external_id = 'x-harbour'")
    assert await led(client, "x-harbour") == "/venues/harbour/calendar"


async def test_several_are_listed_by_kind(client: Client, rows: Rows) -> None:
    made = await two_houses(rows)
    number = made["push-harbour"]
    shown = await page(client, f"/search?q={number}")
    links = [attrs["href"] for tag, attrs in shown.elements if tag == "a"]
    assert {f"/events/{number}", f"/pushes/{number}", f"/bookings/{number}"} <= {*links}
    assert await led(client, "glass") == "/venues/glasshouse/calendar"  # there all of it is
    await rows.venue("glass")
    shown = await page(client, "/search?q=Glass")
    told = shown.text[shown.text.index("Venues glass") :]
    assert told.startswith(
        "Venues glass glasshouse Units glasshouse-salon glasshouse Listings"
        " glasshouse-salon-rooms rooms-main · glasshouse glasshouse-salon-tables"
    )


async def test_nothing_found_says_so_and_what_can_be_found(client: Client, rows: Rows) -> None:
    await two_houses(rows)
    for sought in ("Ada", "Ada Lovelace", "ada@example.test", PHONE, "R/glass", "9" * 30, "<b>%_"):
        shown = await page(client, f"/search?q={sought.replace('+', '%2B').replace('%_', '%25_')}")
        assert "Nothing is called that." in shown.text, sought
        assert "nobody is found by name, telephone or e-mail" in shown.text
    (field,) = [attrs for _, attrs in shown.elements if attrs.get("type") == "search"]
    assert (field["name"], field["value"]) == ("q", "<b>%_")
    assert "Nothing is called" not in (await page(client, "/search")).text
    too_long = await client.get("/search", params={"q": "x" * 201})
    assert too_long.status == 400


async def test_more_than_is_shown_is_said(client: Client, rows: Rows) -> None:
    for number in range(51):
        await rows.venue(f"table-{number}")
    shown = await page(client, "/search?q=table-")
    assert shown.text.count("table-", shown.text.index("Venues")) == 50
    assert "More than 50 match" in shown.text


async def test_whoever_has_venues_of_his_own_finds_nothing_of_others(
    client: Client, rows: Rows, pool: asyncpg.Pool
) -> None:
    made = await two_houses(rows)
    his = person_reading(await visitor(pool, "venue", ["harbour"]))
    assert await led(client, "R/harbour 1", **his) == f"/bookings/{made['harbour']}"
    assert await led(client, "x-harbour", **his) == f"/bookings/{made['harbour']}"
    others = ("R/glasshouse 1", "x-glasshouse", "h-glasshouse", "own-1", "glass", "annexe")
    for sought in (*others, str(made["event"]), "rooms-main", str(made["glasshouse"])):
        answer = await client.get("/search", params={"q": sought}, headers=his)
        told = await answer.text()
        assert "Nothing is called that at your venues." in told, sought
    assert "booking by its number here or by its reference" in told
    assert "event or a push" not in told


async def test_what_is_typed_is_in_no_log(parts: WebParts, log: io.StringIO) -> None:
    """Also where it ends in a fault: the database is not as it should be."""
    broken = "alter table bookings rename column channel to gone"
    async with listening(build_web(parts), "127.0.0.1", 0) as port, aiohttp.ClientSession() as http:
        for before, status in (("select", 200), (broken, 500)):
            await parts.pool.execute(before)
            address = f"http://127.0.0.1:{port}/search"
            async with http.get(address, params={"q": PHONE}) as answer:
                assert answer.status == status
    assert "request_failed" in log.getvalue()
    assert PHONE[1:] not in log.getvalue()


def test_only_what_may_be_one_of_our_ids_is_looked_up_as_one() -> None:
    assert [number_of(text) for text in ("17", "0", "-1", "٣", "1e3", str(2**63), "")] == [
        17,
        *[None] * 6,
    ]
