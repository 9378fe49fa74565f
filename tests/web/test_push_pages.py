"""What goes out: who waits longest, what was given up, and reviving or dropping exactly what is shown."""

import re
from datetime import timedelta

import pytest
from tests.web.conftest import Client, RecordingDesk
from tests.web.rows import HOUR, NOW, Rows
from tests.web.test_booking_page import HOSTILE, told
from tests.web.test_event_pages import hidden, text


def listed(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<th scope="row"><a href="/pushes/(\d+)"', page)]


async def blocks(rows: Rows, many: int) -> list[int]:
    venue, account = await rows.venue(), await rows.account("tables-main", "tables")
    listing = await rows.listing(venue, account, "salon-tables", [await rows.unit(venue)])
    booking = await rows.booking(venue)
    return [
        await rows.block(listing, [booking], start=NOW + n * HOUR, state="absent", external_id=None)
        for n in range(many)
    ]


async def dead(rows: Rows, block: int, **values: object) -> int:
    gone = {"state": "dead", "outcome": "dead", "error": "rejected: 422", "settled_at": NOW}
    return await rows.push(block, attempts=1, **gone | values)


async def test_a_push_shows_its_tries_what_stands_behind_it_and_what_came_of_it(
    client: Client, rows: Rows
) -> None:
    (block,) = await blocks(rows, 1)
    push = await dead(rows, block)
    await rows.make(
        "attempts",
        push_id=push,
        number=1,
        key="k",
        sent_at=NOW,
        settled_at=NOW + timedelta(seconds=0.25),
        outcome="not_done",
        failure="rejected",
        status=422,
        detail=HOSTILE,
    )
    venue = await rows.pool.fetchval("select venue_id from pushes")
    await told(
        rows, venue, 1, "push.refused", push_id=push, block_id=block, data={"why": "rejected"}
    )
    page = await text(client, f"/pushes/{push}")
    assert "given up" in page
    assert "422 rejected" in page
    assert "250 ms" in page
    assert "should be booked, is open" in page
    assert 'href="/bookings/1"' in page
    assert "salon-tables refused: rejected" in page
    assert HOSTILE not in page
    assert "<form" not in page.split('id="acts"')[1].split("<footer>")[0]


async def test_open_ones_come_oldest_first_and_others_newest_first(
    client: Client, rows: Rows
) -> None:
    one, two, three, four = await blocks(rows, 4)
    young = await rows.push(one)
    old = await rows.push(two, since=NOW - HOUR, state="unknown")
    given_up = await dead(rows, three, since=NOW - 48 * HOUR)
    dropped = await dead(rows, four, outcome="dropped", call="commit")
    for query, found in {
        "": [dropped, given_up, old, young],
        "state=open": [old, young],
        "state=unknown": [old],
        "state=dead": [given_up],
        "state=dropped": [dropped],
        "call=commit": [dropped],
        "account=tables-main&state=open": [old, young],
        "account=nobody": [],
        "since=24h": [dropped, old, young],
    }.items():
        assert listed(await text(client, f"/pushes?{query}")) == found, query


async def test_pages_of_what_waits_neither_repeat_nor_skip(client: Client, rows: Rows) -> None:
    found = await blocks(rows, 51)
    made = [await rows.push(block, since=NOW - n * HOUR) for n, block in enumerate(found)]
    first = await text(client, "/pushes?state=open")
    further = re.findall(r'href="([^"]*cursor=[^"]*)"', first)[0].replace("&amp;", "&")
    assert listed(first) + listed(await text(client, further)) == made[::-1]


@pytest.mark.parametrize("query", ["state=lost", "call=ring", "since=soon", "cursor=x"])
async def test_a_filter_that_makes_no_sense_is_refused_by_name(client: Client, query: str) -> None:
    answer = await client.get(f"/pushes?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in await answer.text()


@pytest.mark.parametrize("act", ["revive", "drop"])
async def test_one_is_handled_as_it_was_shown_with_its_reason(
    client: Client, rows: Rows, desk: RecordingDesk, act: str
) -> None:
    (block,) = await blocks(rows, 1)
    push = await dead(rows, block)
    form = hidden(await text(client, f"/pushes/{push}?act={act}"))
    for reason in ("", "x" * 201):
        answer = await client.post(f"/pushes/{push}", data=form | {"reason": reason})
        assert answer.status == 422
        assert "Say why" in await answer.text()
    wish = form | {"reason": "they mended it"}
    answer = await client.post(f"/pushes/{push}", data=wish, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/pushes/{1000 + push}")
    ((done),) = desk.wishes
    assert (done.act, done.push_ids, done.reason) == (act, [push], "they mended it")


async def test_what_changed_meanwhile_is_shown_anew_and_not_done(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    (block,) = await blocks(rows, 1)
    push = await dead(rows, block)
    form = hidden(await text(client, f"/pushes/{push}?act=revive")) | {"reason": "again"}
    newer = await rows.push(block)
    answer = await client.post(f"/pushes/{push}", data=form)
    assert answer.status == 422
    page = await answer.text()
    assert "Something changed meanwhile" in page
    assert f'href="/pushes/{newer}"' in page
    assert "act=revive" not in page
    assert desk.wishes == []


async def test_what_is_not_dead_offers_nothing(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    (block,) = await blocks(rows, 1)
    push = await rows.push(block)
    assert 'id="acts"' not in await text(client, f"/pushes/{push}?act=revive")
    answer = await client.post(f"/pushes/{push}", data={"act": "revive", "reason": "x", "seen": ""})
    assert answer.status == 422
    answer = await client.post(f"/pushes/{push}", data={"act": "burn", "reason": "x", "seen": ""})
    assert answer.status == 422
    assert desk.wishes == []


async def test_all_that_are_shown_are_handled_and_the_count_is_in_the_button(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    one, two, three, four = await blocks(rows, 4)
    gone = [await dead(rows, one), await dead(rows, two)]
    await rows.push(three)
    overview = await text(client, "/pushes?state=dead")
    assert "Revive 2 dead calls…" in overview
    page = await text(client, "/pushes?state=dead&act=revive")
    assert "Make 2 dead calls once more" in page
    await dead(rows, four)
    answer = await client.post("/pushes", data=hidden(page) | {"reason": ""})
    assert answer.status == 422
    wish = hidden(page) | {"reason": "they mended it"}
    answer = await client.post("/pushes", data=wish, allow_redirects=False)
    assert answer.headers["Location"] == "/pushes?state=open&done=2"
    (done,) = desk.wishes
    assert sorted(done.push_ids) == gone


async def test_a_push_that_is_not_there_is_a_page_that_says_so(client: Client) -> None:
    answer = await client.get("/pushes/77", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "no push of this id" in await answer.text()
    assert "Nothing had to be sent yet" in await text(client, "/pushes")
    assert "No call is like that" in await text(client, "/pushes?state=dead")
