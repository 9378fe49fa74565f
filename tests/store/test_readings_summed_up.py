"""An account counts as read when all that is read of it was: since the oldest of its lists, and never by a part."""

from datetime import datetime, timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.store import readings
from holdfast.store.readings import Bounds, Task

SECOND = timedelta(seconds=1)
DAY = 24 * HOUR
MIDNIGHT = NOON - 12 * HOUR
BOUNDS = Bounds(horizon=NOW + 30 * DAY, near=NOW + 8 * DAY, period=900.0, news=60.0)


def on(days: int) -> asyncpg.Range:
    """A day, so many days from today."""
    return asyncpg.Range(MIDNIGHT + days * DAY, MIDNIGHT + (days + 1) * DAY)


@pytest.fixture
async def account(rows: Rows, house: House) -> int:
    """With a summary of its bookings and of its offers that says that nothing was read."""
    for task in ("bookings", "offers"):
        id = await rows.polled(house.rooms, task=task)
        await rows.pool.execute("update cursors set last_complete_at = null where id = $1", id)
    return house.rooms


async def summed(
    connection: asyncpg.Connection, account: int, task: Task = "bookings"
) -> tuple[datetime | None, datetime | None]:
    """Since when everything was read, and everything near."""
    complete = await readings.sum_up(connection, account, task, BOUNDS)
    row = await connection.fetchrow(
        "select * from cursors where account_id = $1 and task = $2", account, task
    )
    assert (row["period_seconds"], row["news_seconds"]) == (900.0, 60.0)
    assert row["last_complete_at"] == complete
    return complete, row["news_at"]


async def test_an_account_was_read_when_its_oldest_list_was(
    connection: asyncpg.Connection, rows: Rows, account: int
) -> None:
    await rows.reading(account, "today", during=on(0), complete_at=NOW - SECOND)
    await rows.reading(account, "soon", during=on(5), complete_at=NOW - 2 * SECOND)
    await rows.reading(account, "far", during=on(20), complete_at=NOW - HOUR)
    assert await summed(connection, account) == (NOW - HOUR, NOW - 2 * SECOND)


async def test_one_list_that_was_never_read_leaves_the_account_unread(
    connection: asyncpg.Connection, rows: Rows, account: int
) -> None:
    await rows.reading(account, "today", during=on(0), complete_at=NOW)
    await rows.reading(account, "far", during=on(20))
    assert await summed(connection, account) == (None, NOW)
    await rows.reading(account, "soon", during=on(5))
    assert await summed(connection, account) == (None, None)


async def test_what_lies_beyond_the_horizon_counts_when_its_day_comes(
    connection: asyncpg.Connection, rows: Rows, account: int
) -> None:
    await rows.reading(account, "today", during=on(0), complete_at=NOW)
    await rows.reading(account, "ahead of time", during=on(31))
    assert await summed(connection, account) == (NOW, NOW)
    await rows.reading(account, "last day", during=on(30))
    assert await summed(connection, account) == (None, NOW)


async def test_a_list_that_keeps_its_past_was_read_when_all_its_pages_were(
    connection: asyncpg.Connection, rows: Rows, account: int
) -> None:
    """The page of its news is read often; that page says nothing about what it does not show."""
    await rows.reading(account, complete_at=NOW, read_at=NOW)
    assert await summed(connection, account) == (NOW, NOW)
    past = await rows.reading(account, task="past")
    assert await summed(connection, account) == (None, NOW)
    await connection.execute(
        "update readings set complete_at = $2 where id = $1", past, NOW - 2 * HOUR
    )
    assert await summed(connection, account) == (NOW - 2 * HOUR, NOW)


async def test_news_of_a_list_that_keeps_its_past_are_as_old_as_its_last_page_read(
    connection: asyncpg.Connection, rows: Rows, account: int
) -> None:
    await rows.reading(account, "room", complete_at=NOW - HOUR, read_at=NOW - SECOND)
    await rows.reading(account, "hall", complete_at=NOW - HOUR, read_at=NOW - 9 * SECOND)
    assert await summed(connection, account) == (NOW - HOUR, NOW - 9 * SECOND)
    await connection.execute("update readings set read_at = null where place = 'room'")
    assert await summed(connection, account) == (NOW - HOUR, None)


async def test_news_of_a_list_without_an_order_are_as_old_as_the_last_pass_over_all_of_it(
    connection: asyncpg.Connection, rows: Rows, account: int
) -> None:
    """The kind: green by the page on which news of another list would be. An ordered list's page does tell of them."""
    for memo, news in (('{"order": "none"}', NOW - HOUR), ('{"order": "newest_first"}', NOW)):
        await rows.pool.execute("delete from readings")
        await rows.reading(account, "a space", read_at=NOW, memo=memo)
        await rows.reading(
            account, "a space", task="past", complete_at=NOW - HOUR, read_at=NOW - SECOND
        )
        assert await summed(connection, account) == (NOW - HOUR, news)


async def test_bookings_and_offers_are_summed_up_apart(
    connection: asyncpg.Connection, rows: Rows, house: House, account: int
) -> None:
    await rows.reading(account, during=on(0), complete_at=NOW)
    offers = {"task": "offers", "listing_id": house.salon_rooms}
    await rows.reading(account, "near", during=on(0), complete_at=NOW - SECOND, **offers)
    await rows.reading(account, "far", during=on(20), complete_at=NOW - HOUR, **offers)
    assert await summed(connection, account) == (NOW, NOW)
    assert await readings.read_since(connection, account) is None
    assert await summed(connection, account, "offers") == (NOW - HOUR, NOW - SECOND)
    assert await readings.read_since(connection, account) == NOW - HOUR


async def test_what_fails_is_told_until_it_is_read(
    connection: asyncpg.Connection, rows: Rows, account: int
) -> None:
    row = {"during": on(0), "complete_at": NOW, "started_at": NOW}
    await rows.reading(account, "1", **row)
    await rows.reading(account, "2", failures=3, error="answer 503", due_at=NOW - SECOND, **row)
    await summed(connection, account)
    told = "select failures, error, next_due_at from cursors where task = 'bookings'"
    assert tuple(await connection.fetchrow(told)) == (3, "answer 503", NOW - SECOND)
    await connection.execute("update readings set failures = 0, error = null")
    await summed(connection, account)
    assert tuple(await connection.fetchrow(told)) == (0, None, NOW - SECOND)
