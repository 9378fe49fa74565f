"""The event log: what came in, verified how, and reading it again on exactly what is shown."""

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.web.conftest import Client, RecordingDesk
from tests.web.rows import HOUR, NOW, Rows
from tests.web.test_booking_page import HOSTILE, told

from holdfast.store.journal import Entry
from holdfast.sync.replay import Preview

BODY = {"type": "booking.created", "data": {"name": "Jane Doe", "mail": "jane@example.test"}}


async def text(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.text()


def hidden(page: str) -> dict[str, str]:
    """What a browser would send of the form that was shown."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def listed(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<th scope="row"><a href="/events/(\d+)"', page)]


async def test_an_event_shows_how_it_was_verified_what_it_changed_and_no_guest(
    client: Client, rows: Rows
) -> None:
    venue, account = await rows.venue(), await rows.account()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    booking = await rows.booking(venue, listing, external_id="b-1")
    event = await rows.event(
        account,
        ref="b-1",
        delivery_id="d-9",
        headers='{"content-type": "application/json", "x-secret": "hush"}',
        body=json.dumps(BODY).encode(),
        done_at=NOW + timedelta(seconds=1.5),
        outcome="applied",
        attempts=1,
    )
    data = {"account": "rooms-main", "status": "confirmed"}
    await told(rows, venue, 1, "booking.created", booking_id=booking, inbox_id=event, data=data)
    page = await text(client, f"/events/{event}")
    assert "✓</span> applied" in page
    assert "signed by its channel" in page
    assert "dedupe key given: <code>d-9</code>" in page
    assert "rooms-main has it: confirmed" in page
    assert f'href="/bookings/{booking}"' in page
    assert "1.5 s after it came" in page
    assert "content-type: application/json" in page
    assert not [part for part in ("Jane", "jane@", "hush") if part in page]


async def test_who_does_not_sign_is_confirmed_by_reading(client: Client, rows: Rows) -> None:
    event = await rows.event(await rows.account("tables-main", "tables"), ref="t-1")
    page = await text(client, f"/events/{event}")
    assert "unsigned: let in by its token, and confirmed by reading" in page
    assert "dedupe key: derived" in page


async def test_what_came_is_text_and_never_markup(client: Client, rows: Rows) -> None:
    event = await rows.event(
        await rows.account(), ref=HOSTILE, raw_type=HOSTILE, error=HOSTILE, body=HOSTILE.encode()
    )
    for path in ("/events", f"/events/{event}", f"/events/{event}?act=replay"):
        page = await text(client, path)
        assert HOSTILE not in page
        assert "&lt;script&gt;" in page


async def test_the_filter_stands_in_the_address_and_every_part_of_it_counts(
    client: Client, rows: Rows
) -> None:
    rooms, tables = await rows.account(), await rows.account("tables-main", "tables")
    old = await rows.event(
        rooms, ref="b-1", received_at=NOW - 30 * HOUR, done_at=NOW, outcome="noop"
    )
    polled = await rows.event(tables, via="poll", ref="t-1", raw_type="CONFIRMED")
    failing = await rows.event(rooms, ref="b-2", error="limited: 429", attempts=7)
    broken = await rows.event(rooms, ref="b-3", via="poll", done_at=NOW, outcome="broken")
    for query, found in {
        "": [broken, failing, polled, old],
        "account=tables-main": [polled],
        "via=poll": [broken, polled],
        "state=failed": [broken, failing],
        "state=retrying": [failing],
        "state=waiting": [polled],
        "state=noop": [old],
        "type=CONFIRMED": [polled],
        "ref=b-2": [failing],
        "since=24h": [broken, failing, polled],
        f"until={(NOW - HOUR).isoformat().replace('+00:00', 'Z')}": [old],
        "tries=7": [failing],
        "tries=8": [],
        "account=nobody": [],
    }.items():
        assert listed(await text(client, f"/events?{query}")) == found, query


async def test_what_no_index_knows_is_searched_a_week_back_and_the_page_says_so(
    client: Client, rows: Rows
) -> None:
    account = await rows.account()
    old = await rows.event(account, ref="b-1", received_at=NOW - 24 * 8 * HOUR)
    page = await text(client, "/events?type=booking.created")
    assert listed(page) == []
    assert "Only the last 7 days are searched" in page
    page = await text(client, "/events?type=booking.created&since=30d")
    assert listed(page) == [old]
    assert "are searched" not in page


@pytest.mark.parametrize(
    "query",
    ["via=pigeon", "state=lost", "since=yesterday", "tries=0", "tries=x", "ref=%00", "cursor=x"],
)
async def test_a_filter_that_makes_no_sense_is_refused_by_name(client: Client, query: str) -> None:
    answer = await client.get(f"/events?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in await answer.text()


async def test_pages_neither_repeat_nor_skip_and_keep_the_filter(
    client: Client, rows: Rows
) -> None:
    account = await rows.account()
    made = [await rows.event(account, ref=f"b-{n}", via="poll") for n in range(51)]
    await rows.event(account, ref="other")
    first = await text(client, "/events?via=poll")
    older = re.findall(r'href="([^"]*cursor=[^"]*)"', first)[0].replace("&amp;", "&")
    assert parse_qs(urlsplit(older).query)["via"] == ["poll"]
    second = await text(client, older)
    assert listed(first) + listed(second) == made[::-1]
    assert "51 events" in first


async def test_what_is_shown_is_read_again_and_nothing_else(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    account = await rows.account()
    failed = [await rows.event(account, ref=f"b-{n}", error="unknown: 504") for n in range(3)]
    await rows.event(account, error="limited: 429")  # about nothing that could be read
    await rows.event(account, ref="well", done_at=NOW, outcome="noop")
    page = await text(client, "/events?state=failed&act=replay")
    assert "Read 3 events again" in page
    late = await rows.event(account, ref="later", error="unknown: 504")
    wish = hidden(page) | {"reason": "the channel is back"}
    answer = await client.post("/events", data=wish, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "/events?via=replay&done=3"
    (wanted,) = desk.rereads
    assert sorted(wanted.event_ids) == failed
    assert late not in wanted.event_ids
    assert (wanted.actor, wanted.reason) == ("operator", "the channel is back")


async def test_without_a_reason_nothing_is_read_again(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    event = await rows.event(await rows.account(), ref="b-1", error="unknown: 504")
    page = await text(client, "/events?state=failed&act=replay")
    for path, wish in (("/events", hidden(page)), (f"/events/{event}", {"act": "replay"})):
        answer = await client.post(path, data=wish | {"reason": " "})
        assert answer.status == 422
        assert "Say why" in await answer.text()
    assert desk.rereads == []


@pytest.mark.parametrize("ids", ["", "1,x", "0", "-1", ",".join(map(str, range(1, 202)))])
async def test_ids_that_no_page_showed_are_refused(
    client: Client, desk: RecordingDesk, ids: str
) -> None:
    answer = await client.post("/events", data={"ids": ids, "reason": "why not"})
    assert answer.status == 422
    assert desk.rereads == []


async def test_an_act_that_there_is_not_is_not_done(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    event = await rows.event(await rows.account(), ref="b-1")
    answer = await client.post(f"/events/{event}", data={"act": "burn", "reason": "why not"})
    assert answer.status == 422
    assert desk.rereads == []


async def test_one_is_read_again_or_refused_with_the_reason(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    event = await rows.event(await rows.account(), ref="b-1", done_at=NOW, outcome="noop")
    wish = {"act": "replay", "reason": "the guest says otherwise"}
    answer = await client.post(f"/events/{event}", data=wish, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"/events/{1000 + event}")
    desk.refused = {event: "a read of it waits already"}
    answer = await client.post(f"/events/{event}", data=wish)
    assert answer.status == 422
    assert "a read of it waits already" in await answer.text()


async def test_what_a_read_would_change_is_only_shown(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    event = await rows.event(await rows.account(), ref="b-1", done_at=NOW, outcome="noop")
    data = {"account": "rooms-main"}
    moved = Entry(kind="booking.deleted", actor="replay", at=NOW, data=data)
    desk.previewed = Preview(verdict="changes", entries=[moved])
    answer = await client.post(f"/events/{event}", data={"act": "look"})
    page = await answer.text()
    assert answer.status == 200
    assert "A read now would change this" in page
    assert "Deleted at rooms-main" in page
    desk.previewed = Preview(verdict="failed", failed="limited: 429")
    page = await (await client.post(f"/events/{event}", data={"act": "look"})).text()
    assert "limited: 429" in page
    assert desk.rereads == []


async def test_a_payload_is_compared_with_the_one_before_about_the_same_thing(
    client: Client, rows: Rows
) -> None:
    account = await rows.account()
    first = await rows.event(account, ref="b-1", body=b'{"status": "HELD", "party": 4}')
    second = await rows.event(account, ref="b-1", body=b'{"status": "CONFIRMED", "party": 4}')
    page = await text(client, f"/events/{second}")
    assert f'Compared with <a href="/events/{first}">' in page
    assert "-  &#34;status&#34;: &#34;HELD&#34;" in page
    assert "+  &#34;status&#34;: &#34;CONFIRMED&#34;" in page


async def test_an_event_that_is_not_there_is_a_page_that_says_so(client: Client) -> None:
    answer = await client.get("/events/77", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "no event of this id" in await answer.text()
    assert "Nothing came in yet" in await text(client, "/events")
    assert "No event is like that" in await text(client, "/events?via=poll")
