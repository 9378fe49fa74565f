"""Why a time is or is not sellable, as a page: by the rules that decide it, with the one thing that can be done."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOON, Rows
from tests.web.test_calendar import PATH, links, sold
from tests.web.test_dashboard import page

from holdfast.inventory.case import Explanation, Mark, Reason
from holdfast.inventory.model import Span
from holdfast.web.addresses import Addresses
from holdfast.web.screens.why import step

ASKED = "/explain?venue=glasshouse&unit=salon&from=2026-11-20T13:00"
FREE = Explanation(
    venue="glasshouse",
    zone=ZoneInfo("Europe/Paris"),
    unit="salon",
    span=Span.of(NOON, HOUR),
    now=NOON - HOUR,
    sellable=True,
    reasons=(),
    views=(),
    coming=(),
    next_free=None,
)
LINKS = Addresses(venue="glasshouse", day=date(2026, 11, 20))


async def read_in_time(rows: Rows) -> None:
    """Both accounts, their bookings and their offers."""
    for account in await rows.pool.fetch("select id from accounts"):
        await rows.polled(account["id"])
        told = {"next_due_at": rows.now, "last_complete_at": rows.now}
        await rows.make("cursors", account_id=account["id"], task="offers", **told)
    for listing in await rows.pool.fetch("select id from listings"):
        for start, end in ((rows.now, NOON + HOUR), (NOON + HOUR, NOON + timedelta(days=30))):
            looked = "insert into looks values ($1, tstzrange($2, $3), $4)"
            await rows.pool.execute(looked, listing["id"], start, end, rows.now)


async def test_each_rule_is_told_with_what_every_channel_shows_and_how_old_that_is(
    client: Client, rows: Rows
) -> None:
    venue, unit, here = await sold(rows)
    await read_in_time(rows)
    other = await rows.pool.fetchval("select id from listings where name = 'salon-tables'")
    booking = await rows.granted(await rows.booking(venue, here), unit)
    closure = await rows.booking(
        venue, unit_ids=[unit], raw_status="closure", start=NOON + 2 * HOUR
    )
    await rows.granted(closure, unit)
    await rows.offer(other)
    block = await rows.block(other, [booking], state="absent", external_id=None)
    await rows.push(block, attempts=2, due_at=rows.now + timedelta(seconds=70))
    shown = await page(client, f"{ASKED}&to=2026-11-20T14:00")
    assert "salon is not sellable" in shown.text
    assert f"against booking booking {booking}: 13:00-14:00" in shown.text
    assert (
        "look channel salon-tables: EXPOSED: still offered (13:00-14:00), read 41 s ago"
        in shown.text
    )
    assert "exposure 13:00\N{EN DASH}14:00 no 41 s" in shown.text
    assert "place on salon-tables" in shown.text
    assert "in 1 min" in shown.text
    assert "Next free: Fri 20 Nov 14:00" in shown.text
    found = links(shown)
    assert f"{PATH}?date=2026-11-20&b={booking}#panel" in found
    assert "from=2026-11-20T13%3A00%3A00.000Z" in " ".join(found)
    assert "See booking" in shown.text
    shown = await page(client, f"{ASKED.replace('13:00', '15:00')}&for=30m")
    assert f"against closure closure {closure}" in shown.text
    free = await page(client, f"{ASKED.replace('13:00', '18:00')}&for=1h30m")
    assert "Take it: a booking or a closure" in free.text


async def test_where_a_channel_was_not_read_lately_the_answer_is_unknown(
    client: Client, rows: Rows
) -> None:
    """The kind of fault: a guess told as knowledge. It stood in the page, the command and the API alike."""
    await sold(rows)
    await read_in_time(rows)
    asked = f"{ASKED}&for=1h"
    for listing in await rows.pool.fetch("select id from listings"):
        await rows.offer(listing["id"])
    assert "salon is sellable" in (await page(client, asked)).text
    late = "update cursors set last_complete_at = $1 where task = 'bookings'"
    await rows.pool.execute(late, rows.now - HOUR)
    shown = await page(client, asked)
    assert "Unknown whether salon is sellable" in shown.text
    assert "not known what it sells then: tables-main is blind, its bookings last" in shown.text
    assert "Next free: unknown, not every channel was read lately" in shown.text
    assert "See how its accounts stand" in shown.text
    api = "/api/v1/explain?venue=glasshouse&unit=salon&from=2026-11-20T12:00Z&to=2026-11-20T13:00Z"
    told = await (await client.get(api)).json()
    assert (told["answer"], told["sellable"], told["next_free"]) == ("unknown", None, None)
    calendar = (await page(client, f"{PATH}?date=2026-11-20")).text
    assert "Not known for certain" in calendar
    assert "tables-main ✕ blind its bookings last read 1 h ago" in calendar


async def test_what_was_read_on_both_sides_of_a_gap_was_not_read(
    client: Client, rows: Rows
) -> None:
    """The kind of fault: the end of what was read taken for all of it."""
    await sold(rows)
    await read_in_time(rows)
    for listing in await rows.pool.fetch("select id from listings"):
        await rows.offer(listing["id"], NOON - HOUR)
    sooner = "update looks set during = tstzrange(lower(during), $1) where upper(during) = $2"
    await rows.pool.execute(sooner, NOON + HOUR / 4, NOON + HOUR)
    later = "update looks set during = tstzrange($1, upper(during)) where lower(during) = $2"
    await rows.pool.execute(later, NOON + HOUR / 2, NOON + HOUR)
    assert "Unknown whether salon is sellable" in (await page(client, f"{ASKED}&for=1h")).text


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("venue=nowhere&unit=salon&from=2026-11-20T13:00&for=1h", 404, "no venue of this name"),
        ("unit=salon&from=2026-11-20T13:00&for=1h", 400, "venue: the name of a venue"),
        ("venue=glasshouse&unit=attic&from=2026-11-20T13:00&for=1h", 404, "no unit attic"),
        ("venue=glasshouse&from=2026-11-20T13:00&for=1h", 400, "unit: "),
        ("venue=glasshouse&unit=salon&for=1h", 400, "from: "),
        ("venue=glasshouse&unit=salon&from=2026-10-25T02:30&for=1h", 400, "comes twice"),
        ("venue=glasshouse&unit=salon&from=2026-11-20T13:00&for=ever", 400, "for: "),
        ("venue=glasshouse&unit=salon&from=2026-11-20T13:00&to=2026-11-20T13:00", 400, "to: "),
        ("venue=glasshouse&unit=salon&from=2026-11-20T13:00&for=9999h", 400, "to: "),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_name(
    client: Client, rows: Rows, query: str, status: int, told: str
) -> None:
    await sold(rows)
    answer = await client.get(f"/explain?{query}", headers={"Accept": "text/html"})
    assert answer.status == status
    assert told in await answer.text()


async def test_in_the_night_of_the_change_an_hour_is_an_hour(client: Client, rows: Rows) -> None:
    await sold(rows, "Europe/Madrid")
    shown = await page(client, f"{ASKED.replace('11-20T13:00', '10-25T01:30')}&for=2h")
    fields = {a.get("name"): a.get("value") for tag, a in shown.elements if tag == "input"}
    assert fields["from"] == "2026-10-25T01:30"
    # 02:30 comes twice that night: it is said which one
    assert fields["to"] == "2026-10-25T02:30+01:00"


def reason(rule: str, mark: Mark = "no", booking: int | None = None) -> Reason:
    return Reason(rule=rule, mark=mark, about=rule, text="so", booking_id=booking)


@pytest.mark.parametrize(
    ("reasons", "text", "link"),
    [
        ([], "Take it: a booking or a closure", "new=salon"),
        ([reason("booking", booking=3)], "See booking 3", "b=3"),
        ([reason("direct", booking=3)], "Move or cancel booking 3", "b=3"),
        ([reason("booking", booking=3), reason("conflict", "warning", 4)], "Settle", "/conflicts"),
        ([reason("time")], None, None),
        ([reason("listing")], None, None),
        ([reason("account", "warning")], "See how its account stands", "/#accounts"),
        ([reason("brake", "warning"), reason("account", "warning")], "See how its brake", "/#acc"),
    ],
)
def test_the_one_thing_to_do_follows_from_the_reasons(
    reasons: list[Reason], text: str | None, link: str | None
) -> None:
    found = step(replace(FREE, reasons=tuple(reasons)), LINKS)
    if text is None or link is None:
        assert found is None
        return
    assert found is not None
    assert found.text.startswith(text)
    assert link in found.link


def test_times_in_links_are_instants() -> None:
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    address = LINKS.why("salon", start, start + HOUR)
    assert "from=2026-10-25T00%3A30%3A00.000Z&to=2026-10-25T01%3A30%3A00.000Z" in address
