"""Operations: what every number says about hand-made rows, and holding an account back from its page."""

import asyncio
import re
from contextlib import suppress
from datetime import timedelta

import asyncpg
import pytest
from tests.web.conftest import Client, RecordingDesk
from tests.web.rows import HOUR, NOON, NOW, Rows
from tests.web.test_dashboard import Page, page
from tests.web.test_event_pages import hidden, text
from tests.web.test_machines import closed_pool

from holdfast.clock import ManualClock
from holdfast.sync.steer import NotSteered, SteeredMeanwhile, SteerWish
from holdfast.web.operations import FRESH, HISTORIES, SOON
from holdfast.web.parts import WebParts

SECOND = timedelta(seconds=1)
DASH = "\N{EN DASH}"


def section(shown: Page, start: str, end: str) -> str:
    return shown.text[shown.text.index(start) : shown.text.index(end)]


async def test_an_empty_installation_has_no_data_and_says_so(client: Client) -> None:
    shown = await page(client, "/ops")
    assert "Nothing is connected yet" in shown.text
    assert shown.text.count("? no data not measured") == 6
    assert "No account yet." in shown.text
    assert "No worker has run yet" in shown.text
    looks = {attrs.get("class") for tag, attrs in shown.elements if tag == "li"}
    assert looks == {"card tile unmeasured"}


async def test_the_last_days_picture_is_read_before_anybody_looks(
    client: Client, rows: Rows, parts: WebParts, database_url: str
) -> None:
    await rows.event(await rows.account(), received_at=NOW - 30 * SECOND, done_at=NOW)
    assert client.app is not None
    histories, clock = client.app[HISTORIES], parts.clock
    assert isinstance(clock, ManualClock)
    nowhere = await closed_pool(database_url)
    for _ in range(1000):
        clock.advance(SOON.total_seconds())
        await asyncio.sleep(0.002)
        with suppress(asyncpg.InterfaceError):
            found = await histories.at(nowhere, clock.now())
            assert [hour.amount for hour in found.waits] == [1]
            break
    else:
        pytest.fail("nobody read it")
    with pytest.raises(asyncpg.InterfaceError):  # what is too old is shown to nobody
        await histories.at(nowhere, clock.now() + FRESH)


async def a_bad_hour(rows: Rows) -> dict[str, int]:
    """Two accounts, of which the second one has every trouble."""
    rooms, tables = await rows.account(), await rows.account("tables-main", "tables")
    for account in (rooms, tables):
        await rows.polled(account, NOW - 40 * SECOND)
    venue = await rows.venue()
    unit = await rows.unit(venue)
    here = await rows.listing(venue, rooms, "salon-rooms", [unit])
    there = await rows.listing(venue, tables, "salon-tables", [unit])
    booking = await rows.granted(await rows.booking(venue, here), unit)
    await _pushes(rows, there, booking)
    await rows.event(tables, received_at=NOW - 70 * SECOND, error="broken: 502", attempts=2)
    await rows.event(tables, received_at=NOW - 3 * HOUR, done_at=NOW - 2 * HOUR, outcome="applied")
    await rows.worker()
    return {"rooms": rooms, "tables": tables, "venue": venue, "booking": booking, "there": there}


async def _pushes(rows: Rows, listing: int, booking: int) -> None:
    """Four were done within 1, 2, 3 and 40 s, one was given up, one waits for 95 s and fails."""
    for number, seconds in enumerate((1, 2, 3, 40)):
        start = NOON + number * HOUR
        block = await rows.block(listing, [booking], start=start)
        since = NOW - (number + 1) * 10 * 60 * SECOND
        settled = {"state": "done", "outcome": "done", "settled_at": since + seconds * SECOND}
        push = await rows.push(block, since=since, **settled)
        await attempt(rows, push, since)
    block = await rows.block(listing, [booking], start=NOON + 5 * HOUR)
    gone = {"state": "dead", "outcome": "dead", "settled_at": NOW - HOUR, "attempts": 1}
    await rows.push(block, since=NOW - 2 * HOUR, **gone)
    block = await rows.block(listing, [booking], start=NOON + 6 * HOUR, state="absent")
    push = await rows.push(block, since=NOW - 95 * SECOND, attempts=2)
    for number, ago in ((1, 90), (2, 20)):
        await attempt(rows, push, NOW - ago * SECOND, number, "broken")


async def attempt(
    rows: Rows, push: int, at: object, number: int = 1, failure: str | None = None
) -> None:
    outcome = "not_done" if failure else "done"
    key = f"hf-{push}-{number}"
    row = {"push_id": push, "number": number, "key": key, "sent_at": at, "outcome": outcome}
    await rows.make("attempts", **row, failure=failure)


async def test_the_tiles_say_what_hand_made_rows_come_to(client: Client, rows: Rows) -> None:
    made = await a_bad_hour(rows)
    await exposed(rows, made)
    shown = await page(client, "/ops")
    told = section(shown, "Oldest unprocessed event", "Accounts, worst first")
    for words in (
        "Oldest unprocessed event ! 70 s late",
        "Oldest unconfirmed push ! 95 s late",
        "5 pushes settled in 24 h",
        "Other channels know, p95 ! 34 s late",
        "4 blocks placed or booked in 1 h; 75 % within 30 s in 24 h",
        "it lasted: p95 70 s, p99 70 s (1 in 24 h)",
        "Open conflicts ✓ 0 as it should be",
        "Given up ! 1 needs somebody",
        "pushes nobody handled yet; 1 of them in 24 h",
    ):
        assert words in told, words
    pictures = [attrs["aria-label"] for tag, attrs in shown.elements if tag == "svg"]
    assert len(pictures) == 6
    assert (
        "Longest wait of what came in, by the hour, last 24 h: measured in 2 hours" in pictures[0]
    )
    assert "at most 60 min 2 to 3 h ago, over its target in 2" in pictures[0]


async def exposed(rows: Rows, made: dict[str, int]) -> None:
    await rows.pool.execute(
        "insert into exposures (booking_id, listing_id, during, cause, began_at, basis, ended_at)"
        " values ($1, $2, tstzrange($3, $4), 'taken', $5, 'receipt', $6)",
        made["booking"],
        made["there"],
        NOON,
        NOON + HOUR,
        NOW - 100 * SECOND,
        NOW - 30 * SECOND,
    )


async def test_every_number_leads_to_the_rows_behind_it(client: Client, rows: Rows) -> None:
    await a_bad_hour(rows)
    shown = await page(client, "/ops")
    links = {attrs["href"] for tag, attrs in shown.elements if tag == "a"}
    assert {
        *("/events?state=open", "/pushes?state=open", "/pushes?state=dead", "/conflicts"),
        *("/pushes?account=tables-main&call=place&state=open", "/accounts/tables-main"),
        "/events?state=retrying&account=tables-main",
    } <= links
    for link in sorted(link for link in links if link.startswith("/")):
        answer = await client.get(link)
        assert answer.status == 200, link


async def test_accounts_come_worst_first_with_what_fails_and_what_is_left(
    client: Client, rows: Rows
) -> None:
    made = await a_bad_hour(rows)
    await rows.pool.execute("update accounts set last_webhook_at = $1", NOW - 240 * SECOND)
    shown = await page(client, "/ops")
    assert [key for key in shown.marked if key.startswith("account-")] == [
        "account-tables-main",
        "account-rooms-main",
    ]
    told = section(shown, "tables-main ● live", "Rooms Account")
    for words in (
        *(
            "1 webhook 0 found only by poll",
            "4 min ago",
            "40 s ago",
            "4 pushes ! 1 given up (24 h)",
        ),
        *("1 push, 1 min 1 event, 1 min", "33 % 2 of 6 tries", "about 19 of 20 writes"),
    ):
        assert words in told, words
    assert "no data" in section(shown, "rooms-main ● live", "Failing now")
    failing = section(shown, "Failing now", "Queues")
    assert "tables-main place broken 2 1 min ago 20 s ago" in failing
    assert "tables-main reading news broken 1 1 min ago" in failing
    queues = section(shown, "Queues", "Workers").replace(DASH, "-")
    assert "waiting 0 - processing 0 - retrying 1 1 min paused 0 -" in queues
    assert "waiting 0 - retrying 1 1 min in flight 0 -" in queues
    assert "done last hour 4" in queues
    await rows.paused(made["rooms"], "pushes")
    await rows.pool.execute("update pushes set state = 'superseded' where state = 'waiting'")
    shown = await page(client, "/ops")
    assert "rooms-main pushes paused by eva for 1 h" in shown.text


async def test_workers_that_are_silent_are_lost_and_after_a_while_forgotten(
    client: Client, rows: Rows
) -> None:
    await rows.polled(await rows.account())
    worker = "insert into workers (id, version, started_at, beat_at) values ($1, '1.2', $2, $3)"
    for name, silent in (("old", 16 * 60), ("gone", 31), ("here", 5)):
        await rows.pool.execute(worker, name, NOW - HOUR, NOW - silent * SECOND)
    told = section(await page(client, "/ops"), "Workers Worker", "Schedules")
    assert "here ● works 1.2 1 h ago 5 s ago" in told
    assert "gone ! lost 1.2" in told
    await rows.pool.execute(
        "update workers set stopped_at = $1 where id = 'gone'", NOW - 30 * SECOND
    )
    told = section(await page(client, "/ops"), "Workers Worker", "Schedules")
    assert "gone stopped 30 s ago 1.2" in told
    assert "old" not in told
    schedules = section(await page(client, "/ops"), "Schedules Account", "Holdfast · API")
    assert "rooms-main bookings every 60 s due now 0 s ago 0" in schedules


@pytest.mark.parametrize(
    ("act", "means"),
    [
        ("pause_intake", "Webhooks are still answered and kept"),
        ("pause_pushes", "1 call and all that follow wait"),
        ("read_bookings", "Only reads. Last complete"),
        ("read_offers", "Only reads. Never read yet"),
        ("audit", "repairs what differs"),
    ],
)
async def test_an_account_is_steered_as_it_was_shown_with_a_reason(
    client: Client, rows: Rows, desk: RecordingDesk, act: str, means: str
) -> None:
    await a_bad_hour(rows)
    shown = await text(client, f"/accounts/tables-main?act={act}")
    assert means in Page(shown).text
    form = hidden(shown)
    assert (await client.post("/accounts/tables-main", data=form | {"reason": " "})).status == 422
    assert desk.steered == []
    wish = form | {"reason": "they work on it"}
    answer = await client.post("/accounts/tables-main", data=wish, allow_redirects=False)
    assert answer.status == 303
    assert answer.headers["Location"] == f"/accounts/tables-main?done={act}"
    (done,) = desk.steered
    assert done == SteerWish(
        account="tables-main",
        act=done.act,
        actor="operator",
        reason="they work on it",
        seen=done.seen,
    )
    assert done.act == act
    assert 'role="status"' in await text(client, answer.headers["Location"])


async def test_what_was_paused_meanwhile_is_shown_anew_and_not_done(
    client: Client, rows: Rows, desk: RecordingDesk
) -> None:
    made = await a_bad_hour(rows)
    wish = hidden(await text(client, "/accounts/tables-main?act=pause_pushes")) | {"reason": "x"}
    pause = await rows.paused(made["tables"], "pushes")
    answer = await client.post("/accounts/tables-main", data=wish)
    assert answer.status == 409
    told = Page(await answer.text()).text
    assert "Something changed meanwhile" in told
    assert "Let pushes go on" in told
    assert "eva maintenance" in told
    assert desk.steered == []
    shown = await text(client, "/accounts/tables-main?act=resume_pushes")
    assert re.search(r"1 \S <code>place</code>", shown)
    assert f"live-0-{pause}" in shown
    wish = hidden(shown) | {"reason": "over"}
    for failure, status in ((SteeredMeanwhile("x"), 409), (NotSteered("its pushes"), 422)):
        desk.steering_fails = failure
        assert (await client.post("/accounts/tables-main", data=wish)).status == status


async def test_what_cannot_be_done_is_said_and_has_no_form(client: Client, rows: Rows) -> None:
    made = await a_bad_hour(rows)
    await rows.paused(made["rooms"], "intake")
    shown = Page(await text(client, "/accounts/rooms-main?act=audit"))
    assert shown.text.count("Not now: its intake is paused, and it is not read") == 3
    asked = {told.get("action") for tag, told in shown.elements if tag == "form"}
    assert not {where for where in asked if where and where.startswith("/accounts")}
    for path, status in (
        ("/accounts/nobody", 404),
        ("/accounts/rooms-main?act=burn", 422),
        ("/accounts/rooms-main?done=burn", 422),
    ):
        assert (await client.get(path)).status == status
