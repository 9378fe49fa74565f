"""A slip of the pen is said before it is done, in the venue's words: too large a party, the past, never offered, no time.

The kind of fault: a form that does what was typed without a word, or refuses it in the words of the program. It stood
in adding, closing, moving and making longer; the API tells the same.
"""

from datetime import timedelta

import pytest
from tests.web.conftest import Client, RecordingOperator
from tests.web.rows import HOUR, NOW, Rows
from tests.web.test_arranging import BOOKING, done, hidden, offered, shown
from tests.web.test_calendar import sold

EVENING = {**BOOKING, "start": "2026-11-20T20:30", "end": "2026-11-20T22:00"}
CAUTIONS = {
    "party": ({**BOOKING, "party": "40"}, "salon seats 12: a party of 40 is too large."),
    "past": (
        {**BOOKING, "start": "2026-11-20T08:00", "end": "2026-11-20T09:00"},
        "This time has passed.",
    ),
    "begun": (
        {**BOOKING, "start": "2026-11-20T11:00", "end": "2026-11-20T12:00"},
        "This time has begun already.",
    ),
    "hours": (
        EVENING,
        "Outside the hours that channels offer there that day: 13:00\N{EN DASH}21:00.",
    ),
}


@pytest.mark.parametrize("name", CAUTIONS)
async def test_a_slip_is_told_in_the_preview_and_done_only_all_the_same(
    client: Client, rows: Rows, name: str
) -> None:
    wish, said = CAUTIONS[name]
    await sold(rows)
    await offered(rows)
    html = await shown(client, wish)
    assert said in html
    assert "Add it all the same" in html
    unaware = {key: value for key, value in hidden(html).items() if key != "warned"}
    assert said in await shown(client, unaware, 409)
    assert await rows.pool.fetchval("select count(*) from bookings") == 0
    await done(client, wish)
    assert await rows.pool.fetchval("select count(*) from bookings") == 1


async def test_what_is_no_slip_is_shown_without_a_word(client: Client, rows: Rows) -> None:
    await sold(rows)
    html = await shown(client, EVENING)  # nothing is known of what channels offer
    assert "caution" not in html
    await offered(rows)
    html = await shown(client, BOOKING)
    assert "caution" not in html
    assert "all the same" not in html


async def test_a_booking_moved_to_a_room_too_small_for_it_is_a_slip(
    client: Client, rows: Rows
) -> None:
    venue, unit, _ = await sold(rows)
    await rows.unit(venue, "closet", seats=2)
    booking = await rows.granted(await rows.booking(venue, unit_ids=[unit], party_size=4), unit)
    wish = {"act": "move", "b": str(booking), "reason": "asked for", "unit": "closet"}
    html = await shown(client, {**wish, "start": "2026-11-20T14:00", "end": "2026-11-20T15:00"})
    assert "closet seats 2: a party of 4 is too large." in html
    assert "Move it all the same" in html


async def test_what_has_begun_may_be_made_longer_without_a_word(client: Client, rows: Rows) -> None:
    venue, unit, _ = await sold(rows)
    start = NOW - timedelta(minutes=65, seconds=30)
    booking = await rows.booking(venue, unit_ids=[unit], start=start, end=start + 2 * HOUR)
    await rows.granted(booking, unit)
    wish = {"act": "extend", "b": str(booking), "reason": "late", "end": "2026-11-20T13:00"}
    assert "caution" not in await shown(client, wish)


@pytest.mark.parametrize("act", ["book", "close", "move", "extend"])
async def test_an_end_before_the_start_is_said_in_plain_words(
    client: Client, rows: Rows, act: str
) -> None:
    venue, unit, _ = await sold(rows)
    booking = await rows.granted(await rows.booking(venue, unit_ids=[unit]), unit)
    times = {"start": "2026-11-20T20:00", "end": "2026-11-20T12:30"}
    wish = {**BOOKING, **times, "act": act, "reason": "why"}
    html = await shown(
        client, wish if act in ("book", "close") else {**wish, "b": str(booking)}, 422
    )
    assert "The end must be after the start." in html
    told = html.split('id="wrong-end">')[1].split("</span>")[0]
    assert told == "end: The end must be after the start."
    assert "+00:00" not in html


async def test_the_api_tells_of_a_slip_and_books_all_the_same(
    client: Client, rows: Rows, operator: RecordingOperator
) -> None:
    operator.venue, _, _ = await sold(rows)
    await offered(rows)
    body = {
        "venue": "glasshouse",
        "unit": "salon",
        "start": "2026-11-20T08:00:00Z",
        "end": "2026-11-20T09:00:00Z",
        "party_size": 40,
    }
    answer = await client.post("/api/v1/bookings", json=body)
    assert answer.status == 201
    assert (await answer.json())["warnings"] == [
        "salon seats 12: a party of 40 is too large.",
        "This time has passed.",
    ]
