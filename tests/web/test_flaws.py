"""No false all-clear: whatever touches a booking is said first, by every screen that shows the booking.

The kind of fault: a sentence that all is well, worked out from a part of what is known. It stood in the panel, on the
booking's page, in the agenda, on bars, in the inbox, in the API and in what `explain` says of a channel.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOON, NOW, Rows
from tests.web.signing_in import visitor
from tests.web.test_calendar import PATH, links
from tests.web.test_dashboard import Page, page

ALL_CLEAR = ("all is as it should be", "✓ closed", "✓ booked", "In sync")


@dataclass(frozen=True, kw_only=True)
class Evening:
    """A booking on one channel that is closed on the other; both accounts were read just now."""

    rows: Rows
    venue: int
    unit: int
    booking: int
    block: int
    other: int
    listing: int
    """Where the block stands."""


async def evening(rows: Rows) -> Evening:
    venue = await rows.venue()
    unit = await rows.unit(venue)
    await rows.worker()
    here, there = await rows.account(), await rows.account("tables-main", "tables")
    for account in (here, there):
        await rows.polled(account)
    source = await rows.listing(venue, here, "salon-rooms", [unit])
    target = await rows.listing(venue, there, "salon-tables", [unit])
    booking = await rows.granted(await rows.booking(venue, source), unit)
    other = await rows.booking(venue, target)
    block = await rows.block(target, [booking])
    await rows.push(block, state="done", settled_at=NOW)
    return Evening(
        rows=rows,
        venue=venue,
        unit=unit,
        booking=booking,
        block=block,
        other=other,
        listing=target,
    )


async def without_a_room(at: Evening) -> int:
    """The booking is the one that could not get its unit."""
    await at.rows.conflict(at.booking, [at.other], [at.unit])
    return at.booking


async def with_the_room(at: Evening) -> int:
    """The booking has the unit that another one asked for."""
    await at.rows.conflict(at.other, [at.booking], [at.unit])
    return at.booking


async def measured_exposure(at: Evening) -> int:
    await at.rows.make(
        "exposures",
        booking_id=at.booking,
        listing_id=at.listing,
        during=await at.rows.pool.fetchval("select during from bookings where id = $1", at.booking),
        cause="taken",
        began_at=NOW - HOUR,
        basis="receipt",
    )
    return at.booking


async def offered_still(at: Evening) -> int:
    await at.rows.offer(at.listing)
    await at.rows.pool.execute("update bookings set status = 'cancelled' where id = $1", at.other)
    return at.booking


async def given_up(at: Evening) -> int:
    await at.rows.push(at.block, state="dead", settled_at=NOW, call="commit")
    return at.booking


async def stuck(at: Evening) -> int:
    await at.rows.push(at.block, since=NOW - timedelta(minutes=4), due_at=NOW + HOUR)
    return at.booking


async def unread(at: Evening) -> int:
    await at.rows.pool.execute("update cursors set last_complete_at = $1", NOW - 5 * HOUR)
    return at.booking


async def unclosed(at: Evening) -> int:
    await at.rows.pool.execute("update blocks set state = 'absent', external_id = null")
    return at.booking


Make = Callable[[Evening], Awaitable[int]]
FLAWS: tuple[tuple[Make, str, str], ...] = (
    (without_a_room, "conflict", "Double booking: this guest has no room."),
    (with_the_room, "overlapped", "Double booking: another guest has booked the same room."),
    (measured_exposure, "exposure", "On sale twice: salon-tables still sells this time."),
    (offered_still, "exposure", "On sale twice: salon-tables still sells this time."),
    (given_up, "given_up", "The call to salon-tables to close this time was given up."),
    (stuck, "stuck", "salon-tables has not confirmed for 4 min: it was asked to close this time."),
    (unclosed, "unclosed", "salon-tables is not closed, and no call is sent to close it."),
    (unread, "unread", "rooms-main is "),
)
EACH = pytest.mark.parametrize(
    ("make", "kind", "said"), FLAWS, ids=[make.__name__ for make, _, _ in FLAWS]
)


@EACH
async def test_the_panel_and_the_page_of_a_booking_begin_with_what_is_wrong_with_it(
    client: Client, rows: Rows, make: Make, kind: str, said: str
) -> None:
    booking = await make(await evening(rows))
    for path in (f"{PATH}?b={booking}", f"/bookings/{booking}"):
        shown = await page(client, path)
        assert said in shown.text
        assert not [words for words in ALL_CLEAR if words in shown.text], path
        assert shown.text.index(said) < shown.text.index(
            "salon-tables 13:00" if "?" in path else "Made on"
        )


@EACH
async def test_the_api_tells_what_is_wrong_with_a_booking(
    client: Client, rows: Rows, make: Make, kind: str, said: str
) -> None:
    booking = await make(await evening(rows))
    told = await (await client.get(f"/api/v1/bookings/{booking}")).json()
    assert told["flaws"][0]["kind"] == kind
    assert told["flaws"][0]["text"].startswith(said)


@EACH
async def test_bars_and_the_agenda_tick_nothing_off_that_is_not_in_order(
    client: Client, rows: Rows, make: Make, kind: str, said: str
) -> None:
    booking = await make(await evening(rows))
    answer = await client.get(f"{PATH}?date=2026-11-20")
    whole = await answer.text()
    for key in (f'data-key="booking-{booking}"', f'data-key="item-booking-{booking}"'):
        drawn = whole.split(key, 1)[1].partition(
            "</li>\n        <li" if "item" not in key else "</article>"
        )[0]
        entry = drawn.partition("data-key=")[0]
        assert "✓" not in entry.replace("✓</span><span", ""), key
    shown = await page(client, PATH)
    if kind not in ("unread", "unknown"):
        assert said.rstrip(".") in shown.title(f"booking-{booking}")


async def test_a_double_booking_has_one_main_button_that_leads_to_its_decision(
    client: Client, rows: Rows
) -> None:
    at = await evening(rows)
    conflict = await rows.conflict(at.booking, [at.other], [at.unit])
    for path in (f"{PATH}?b={at.booking}", f"/bookings/{at.booking}", f"{PATH}?view=agenda"):
        answer = await client.get(path)
        whole = await answer.text()
        assert f'<a class="button main" href="/conflicts/{conflict}">Resolve</a>' in whole, path
        assert f"/conflicts/{conflict}" in links(await page(client, path))


async def test_a_booking_in_order_is_said_to_be(client: Client, rows: Rows) -> None:
    at = await evening(rows)
    await rows.pool.execute("update bookings set status = 'cancelled' where id = $1", at.other)
    shown = await page(client, f"{PATH}?b={at.booking}")
    assert "In sync. Nothing is scheduled." in shown.text
    assert "✓ closed" in shown.text
    told = await (await client.get(f"/api/v1/bookings/{at.booking}")).json()
    assert told["flaws"] == []


async def test_the_inbox_does_not_say_none_while_an_account_is_not_read(
    client: Client, rows: Rows
) -> None:
    at = await evening(rows)
    assert "Every booking has its units" in (await page(client, "/conflicts")).text
    await unread(at)
    shown = await page(client, "/conflicts")
    assert "Every booking has its units" not in shown.text
    assert "None known: not every account was read in time" in shown.text


async def test_what_is_over_needs_no_reading(client: Client, rows: Rows) -> None:
    at = await evening(rows)
    past = await rows.booking(
        at.venue, start=NOON - 48 * HOUR, status="completed", unit_ids=[at.unit]
    )
    await unread(at)
    told = await (await client.get(f"/api/v1/bookings/{past}")).json()
    assert told["flaws"] == []


@EACH
async def test_the_list_of_bookings_ticks_nothing_off_that_is_not_in_order(
    client: Client, rows: Rows, make: Make, kind: str, said: str
) -> None:
    booking = await make(await evening(rows))
    if make is offered_still:
        return  # the list goes by what was measured
    whole = await (await client.get("/bookings")).text()
    row = whole.split(f'data-key="booking-{booking}"')[1].split("</tr>")[0]
    assert "✓" not in row
    assert ('class="state conflict"' in row) == (kind != "unread")


async def test_a_person_limited_to_venues_is_led_to_no_page_about_all(
    client: Client, rows: Rows
) -> None:
    booking = await given_up(await evening(rows))
    headers = await visitor(rows.pool, "venue", ["glasshouse"])
    for path in (f"{PATH}?view=agenda", f"{PATH}?b={booking}", f"/bookings/{booking}", "/bookings"):
        answer = await client.get(path, headers=headers)
        shown = Page(await answer.text())
        if path != "/bookings":
            assert "was given up" in shown.text, path
        buttons = [
            a["href"] for tag, a in shown.elements if "button" in a.get("class", "") and tag == "a"
        ]
        assert not [link for link in buttons if link.startswith("/pushes")], path
