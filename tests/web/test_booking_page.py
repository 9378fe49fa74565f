"""One booking's page and the list of all: who says what, who knows, and how long it was sold twice."""

import json
from datetime import timedelta

import pytest
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOW, Rows

HOSTILE = '<script>alert("x")</script>'


async def told(rows: Rows, venue: int, seq: int, kind: str, **values: object) -> None:
    """An entry in the venue's journal, `seconds` after NOW."""
    at = NOW + timedelta(seconds=float(str(values.pop("seconds", 0))))
    data = json.dumps(values.pop("data", {}))
    names = ", ".join(["venue_id", "seq", "kind", "actor", "at", "data", "hash", *values])
    marks = ", ".join(f"${n}" for n in range(1, 8 + len(values)))
    row = (venue, seq, kind, "webhook", at, data, b"0", *values.values())
    await rows.pool.execute(f"insert into journal ({names}) values ({marks})", *row)


async def lived(rows: Rows) -> int:
    """Booked on one channel, closed on the other 1.3 s after it was made."""
    venue, here, there = await rows.venue(), await rows.account(), await rows.account("t", "tables")
    salon = await rows.unit(venue)
    source = await rows.listing(venue, here, "salon-rooms", [salon])
    target = await rows.listing(venue, there, "salon-tables", [salon])
    booking = await rows.granted(await rows.booking(venue, source), salon)
    await rows.guest(booking, "Jane Doe", "jane@example.test", "+33 6 12 34 56 78")
    block = await rows.block(target, [booking])
    push = await rows.push(block, state="done", settled_at=NOW, attempts=2)
    sent = {"push_id": push, "key": "k", "sent_at": NOW, "settled_at": NOW}
    await rows.make("attempts", **sent, number=1, outcome="unknown", failure="timeout")
    await rows.make("attempts", **sent | {"key": "l"}, number=2, outcome="done")
    heard = {"account": "rooms-main", "status": "confirmed", "heard_at": NOW.isoformat()}
    await told(rows, venue, 1, "booking.created", booking_id=booking, data=heard)
    await told(rows, venue, 2, "block.held", block_id=block, seconds=1.2, data={"seconds": 1.2})
    await rows.make(
        "exposures",
        booking_id=booking,
        listing_id=target,
        during=await rows.pool.fetchval("select during from bookings where id = $1", booking),
        cause="taken",
        began_at=NOW - timedelta(seconds=0.1),
        basis="provider",
        ended_at=NOW + timedelta(seconds=1.2),
    )
    return booking


async def test_a_bookings_page_tells_who_knows_since_when_and_hides_the_guest(
    client: Client, rows: Rows
) -> None:
    booking = await lived(rows)
    answer = await client.get(f"/bookings/{booking}")
    page = await answer.text()
    assert answer.status == 200
    assert "rooms-main has it: confirmed" in page
    assert "salon-tables is held closed, 1200 ms after it was heard of" in page
    assert "sellable twice for 1.3 s" in page
    assert "? unknown <small>timeout" in page
    assert 'class="exposure"' in page
    assert "J*** D***" in page
    assert not [part for part in ("Jane", "jane@", "12 34") if part in page]


async def test_what_a_channel_wrote_is_text_and_never_markup(client: Client, rows: Rows) -> None:
    venue, account = await rows.venue(), await rows.account()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    booking = await rows.booking(venue, listing, external_id=HOSTILE, raw_status=HOSTILE)
    await told(rows, venue, 1, "booking.created", booking_id=booking, data={"account": HOSTILE})
    page = await (await client.get(f"/bookings/{booking}")).text()
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;") >= 3


@pytest.mark.parametrize("path", ["999", "0", "-1", "abc", "9" * 30, "\u0663"])
async def test_a_booking_that_is_not_there_is_a_page_that_says_so(
    client: Client, path: str
) -> None:
    answer = await client.get(f"/bookings/{path}", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "no booking of this id" in await answer.text()


async def test_a_booking_that_nobody_can_place_has_a_page(client: Client, rows: Rows) -> None:
    booking = await rows.booking(None, during=None)
    answer = await client.get(f"/bookings/{booking}")
    assert answer.status == 200
    assert "no time known" in await answer.text()


async def test_an_entry_without_words_or_data_of_its_own_does_not_break_the_page(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    booking = await rows.booking(venue)
    await told(rows, venue, 1, "booking.something_new", booking_id=booking, data=[1])
    await told(rows, venue, 2, "booking.moved", booking_id=booking, data={"start": None})
    page = await (await client.get(f"/bookings/{booking}")).text()
    assert "booking something new" in page
    assert "Moved to no time told" in page


async def test_all_bookings_are_listed_and_paged_with_the_filter_kept(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    await rows.unit(venue)
    made = [await rows.booking(venue, start=NOW + n * HOUR) for n in range(51)]
    other = await rows.booking(venue, status="cancelled")
    first = await (await client.get("/bookings?status=confirmed")).text()
    assert f'href="/bookings/{other}"' not in first
    assert f'href="/bookings/{made[-1]}"' in first
    assert f'href="/bookings/{made[0]}"' not in first
    older = first.split('class="more"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert "status=confirmed" in older
    second = await (await client.get(older)).text()
    assert f'href="/bookings/{made[0]}"' in second
    assert 'class="more"' not in second


async def test_nothing_found_and_nothing_there_are_told_apart(client: Client, rows: Rows) -> None:
    assert "No booking yet" in await (await client.get("/bookings")).text()
    venue = await rows.venue()
    await rows.booking(venue)
    page = await (await client.get("/bookings?status=held")).text()
    assert "No booking is like that" in page


async def test_a_status_that_there_is_not_is_refused_by_name(client: Client) -> None:
    answer = await client.get("/bookings?status=lost")
    assert answer.status == 400
    assert "status" in await answer.text()
