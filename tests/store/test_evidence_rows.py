"""What the judgement of an account rests on, as it lies in the tables; each piece alone turns it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.freshness import Judged
from holdfast.store import freshness

SECOND = timedelta(seconds=1)


@pytest.fixture
async def rows(database_url: str) -> AsyncIterator[Rows]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        yield Rows(pool)


async def well(rows: Rows) -> int:
    """An account that was read in time, list by list, by a worker that lives."""
    account = await rows.account()
    await rows.worker()
    summed = {"next_due_at": NOW - HOUR, "last_complete_at": NOW - 200 * SECOND}
    planned = {"period_seconds": 300.0, "news_seconds": 60.0, "news_at": NOW - 20 * SECOND}
    await rows.make("cursors", account_id=account, task="bookings", **summed, **planned)
    for day in range(3):
        await a_list(rows, account, f"day-{day}", complete_at=NOW - 20 * SECOND)
    return account


async def a_list(rows: Rows, account: int, place: str, **values: Any) -> int:
    row = {"due_at": NOW + 20 * SECOND, "read_at": NOW - 40 * SECOND, "task": "bookings"}
    return await rows.make("readings", account_id=account, place=place, **{**row, **values})


async def state(rows: Rows) -> Judged:
    return (await freshness.states(rows.pool, NOW))["rooms-main"]


async def test_what_was_read_in_time_is_fresh(rows: Rows) -> None:
    await well(rows)
    assert await state(rows) == Judged(state="fresh", next_at=NOW + 20 * SECOND)


@pytest.mark.parametrize(
    ("change", "judgement", "reason"),
    [
        ("update cursors set news_at = $1 - interval '91 s'", "late", "last read 1 min ago"),
        ("update cursors set news_at = $1 - interval '181 s'", "blind", "should be every 1 min"),
        ("update cursors set news_at = $1 + interval '1 h'", "late", "a clock jumped"),
        ("update cursors set last_complete_at = $1 - interval '901 s'", "blind", "all of its book"),
        ("update readings set due_at = $1 - interval '31 s'", "late", "is 31 s overdue"),
        ("update readings set due_at = $1 + interval '1 h'", "late", "is only in 1 h"),
        (
            "update workers set beat_at = $1 - interval '31 s'",
            "down",
            "no worker heard of for 31 s",
        ),
        ("update workers set beat_at = $1 + interval '1 h'", "down", "no worker heard of"),
        (
            "update cursors set error = 'unauthorised: 401', news_at = $1",
            "down",
            "refuses our cred",
        ),
        ("update readings set error = 'unauthorised: 401', read_at = $1", "down", "refuses our cr"),
        ("update accounts set mode = 'paused' where created_at < $1", "paused", "paused"),
        (
            "insert into pauses (account_id, direction, began_at, actor, reason)"
            " select id, 'intake', $1, 'eva', 'x' from accounts",
            "paused",
            "intake paused by eva",
        ),
        (
            "insert into breakers (account_id, direction, failures, opened_at, retry_at)"
            " select id, 'in', 9, $1 - interval '70 s', $1 + interval '9 s' from accounts",
            "down",
            "has answered no reads for 1 min",
        ),
        (
            "insert into limits select id, false, $1, $1 + interval '60 s' from accounts",
            "late",
            "a limit in Redis that no answer of its provider explains holds calls back until",
        ),
    ],
)
async def test_each_piece_of_evidence_turns_it(
    rows: Rows, change: str, judgement: str, reason: str
) -> None:
    await well(rows)
    await rows.pool.execute(change.replace("$1", "$1::timestamptz"), NOW)
    found = await state(rows)
    assert found.state == judgement
    assert reason in found.reason


async def test_a_heartbeat_of_tomorrow_hides_no_worker_that_lives(rows: Rows) -> None:
    """A worker that died while the clock was ahead leaves one behind."""
    await well(rows)
    await rows.pool.execute(
        "insert into workers (id, version, started_at, beat_at) values ('dead', '0', $1, $1)",
        NOW + HOUR,
    )
    assert (await state(rows)).fresh


async def test_while_a_part_is_read_or_was_a_moment_ago_no_other_is_overdue(rows: Rows) -> None:
    account = await well(rows)
    await rows.pool.execute("update readings set due_at = $1", NOW - 99 * SECOND)
    assert (await state(rows)).state == "late"
    await a_list(rows, account, "just now", read_at=NOW - 10 * SECOND)
    assert (await state(rows)).fresh
    await rows.pool.execute("update readings set read_at = $1", NOW - 99 * SECOND)
    lease = (
        "update readings set lease_until = clock_timestamp() + interval '9 s' where place = 'day-0'"
    )
    await rows.pool.execute(lease)
    assert (await state(rows)).fresh


async def test_a_first_reading_tells_how_far_it_is(rows: Rows) -> None:
    account = await well(rows)
    await rows.pool.execute("update cursors set news_at = null, last_complete_at = null")
    await rows.pool.execute("update accounts set created_at = $1", NOW - 90 * SECOND)
    await a_list(rows, account, "day-3")
    found = await state(rows)
    assert (found.state, found.cause) == ("blind", "first")
    assert found.reason == "first reading under way, 3 of 4 lists"
    await rows.pool.execute("update cursors set news_at = $1, last_complete_at = $1", NOW)
    await rows.make("cursors", account_id=account, task="offers", next_due_at=NOW)
    for days, read_at in ((0, NOW), (1, None), (5, None)):
        start = NOW + timedelta(days=days)
        stretch = {"task": "offers", "during": asyncpg.Range(start, start + timedelta(days=1))}
        await a_list(rows, account, f"offers-{days}", complete_at=read_at, **stretch)
    assert (await state(rows)).reason == "first reading of its offers under way, 1 of 2 stretches"


async def test_until_readings_are_planned_an_accounts_own_periods_count(rows: Rows) -> None:
    await rows.polled(await rows.account(), NOW - 90 * SECOND)
    await rows.pool.execute("update cursors set next_due_at = $1", NOW + 9 * SECOND)
    assert (await state(rows)).fresh
    await rows.pool.execute("update cursors set last_complete_at = $1", NOW - 91 * SECOND)
    assert (await state(rows)).state == "late"


async def test_what_cannot_be_read_counts_until_all_was_read_since(rows: Rows) -> None:
    account = await well(rows)
    async with rows.pool.acquire() as connection:
        for ref, seconds in (("bk-1", 300), ("bk-2", 10), ("bk-2", 5), ("bk-3", 5)):
            seen = NOW - seconds * SECOND
            await freshness.unread(connection, account, ref, "date", seen)
    venue = await rows.venue()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    await rows.booking(venue, listing, external_id="bk-3", read_at=NOW)
    (one,) = (await freshness.knowledge(rows.pool, NOW)).unreadable
    assert (one.ref, one.first_at, one.seen_at) == ("bk-2", NOW - 10 * SECOND, NOW - 5 * SECOND)
    assert one.text == "booking bk-2 of rooms-main cannot be read (date)"
    assert not (await freshness.knowledge(rows.pool, NOW)).whole


@pytest.mark.parametrize(
    ("days", "why", "within", "beyond"),
    [
        (0, "beyond_horizon", True, False),
        (40, "beyond_horizon", False, True),
        (0, "no_offer_to_take", False, False),
    ],
)
async def test_time_that_was_never_read_elsewhere_is_unknown(
    rows: Rows, days: int, why: str, within: bool, beyond: bool
) -> None:
    account = await well(rows)
    venue = await rows.venue()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    start = NOON + timedelta(days=days)
    booking = await rows.booking(venue, start=start)
    await rows.make(
        "exposures",
        booking_id=booking,
        listing_id=listing,
        during=asyncpg.Range(start, start + HOUR),
        cause="taken",
        began_at=NOW,
        basis="receipt",
        why=why,
    )
    known = await freshness.knowledge(rows.pool, NOW)
    assert (known.unknown.within == [booking], known.unknown.beyond == [booking]) == (
        within,
        beyond,
    )
    assert known.fresh
    assert known.whole is not (within or beyond)
    assert (await freshness.knowledge(rows.pool, start + HOUR)).unknown == freshness.Unknown(
        within=[], beyond=[]
    )
