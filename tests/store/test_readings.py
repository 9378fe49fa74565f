"""Lists and stretches are read by one reader each, go on where they stopped, and are never forgotten."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.model import Span
from holdfast.store import readings
from holdfast.store.readings import Lane, Reading, Settled

SECOND = timedelta(seconds=1)
DAY = 24 * HOUR
TODAY = Span.of(NOON - 12 * HOUR, DAY)

READ = Settled(
    due_at=NOW + HOUR,
    page=None,
    pass_began_at=None,
    memo={},
    complete_at=NOW,
    cost=1,
    every=60,
)


def on(days: int) -> asyncpg.Range:
    """A day, so many days from today."""
    return asyncpg.Range(TODAY.start + days * DAY, TODAY.end + days * DAY)


async def claim(
    pool: asyncpg.Pool, account: int, lane: Lane = "bookings", now: datetime = NOW
) -> Reading | None:
    async with pool.acquire() as connection:
        return await readings.claim(connection, now, account, lane)


async def got(
    pool: asyncpg.Pool, account: int, lane: Lane = "bookings", now: datetime = NOW
) -> Reading:
    reading = await claim(pool, account, lane, now)
    assert reading is not None
    return reading


async def lapse(pool: asyncpg.Pool) -> None:
    """As if the time of the leases had passed."""
    await pool.execute("update readings set lease_until = clock_timestamp() - interval '1 ms'")


async def test_a_list_that_is_due_goes_to_one_reader_until_its_lease_lapses(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    id = await rows.reading(house.rooms)
    claims = await asyncio.gather(*(claim(pool, house.rooms) for _ in range(8)))
    (reading,) = [one for one in claims if one is not None]
    assert (reading.id, reading.place, reading.started_at) == (id, "all", NOW)
    await lapse(pool)
    assert await claim(pool, house.rooms) == reading


async def test_readers_at_once_read_different_lists(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    ids = {await rows.reading(house.rooms, f"list {n}") for n in range(4)}
    assert {(await got(pool, house.rooms)).id for _ in range(4)} == ids
    assert await claim(pool, house.rooms) is None
    await lapse(pool)
    claims = await asyncio.gather(*(claim(pool, house.rooms) for _ in range(4)))
    again = [one.id for one in claims if one is not None]
    assert len(again) == len(set(again))


async def test_what_is_latest_by_its_own_measure_is_read_first_and_of_equals_the_nearest(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms, "seldom", due_at=NOW - HOUR, every_seconds=7200)
    await rows.reading(house.rooms, "late", due_at=NOW - 2 * HOUR, every_seconds=3600)
    await rows.reading(house.rooms, "tomorrow", due_at=NOW - HOUR, every_seconds=3600, during=on(1))
    await rows.reading(house.rooms, "today", due_at=NOW - HOUR, every_seconds=3600, during=on(0))
    order = [(await got(pool, house.rooms)).place for _ in range(4)]
    assert order == ["late", "today", "tomorrow", "seldom"]


@pytest.mark.parametrize(
    "change",
    [
        "update accounts set mode = 'paused'",
        "update accounts set active = false",
        "insert into pauses (account_id, direction, began_at, actor, reason)"
        " select id, 'intake', '2026-11-20', 'eva', 'works' from accounts",
        "insert into breakers (account_id, direction, failures, opened_at, retry_at)"
        " select id, 'in', 5, '2026-11-20', '2026-11-21' from accounts",
    ],
    ids=["paused", "inactive", "intake paused", "answers nothing"],
)
async def test_an_account_that_is_not_read_has_nothing_due(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, change: str
) -> None:
    await rows.reading(house.rooms)
    assert await readings.lanes(connection, NOW, [house.rooms]) == [("bookings", house.rooms)]
    await connection.execute(change)
    assert await readings.lanes(connection, NOW, [house.rooms]) == []
    assert await claim(pool, house.rooms) is None


@pytest.mark.parametrize(
    ("lane", "values"),
    [
        ("bookings", {"during": on(20)}),
        ("bookings", {"task": "past"}),
        ("background", {"task": "past", "complete_at": NOW - HOUR}),
        ("offers", {"task": "offers", "during": on(1)}),
        ("background", {"task": "offers", "during": on(3)}),
    ],
    ids=["list", "first pass", "later pass", "near offers", "far offers"],
)
async def test_each_lane_reads_its_own(
    pool: asyncpg.Pool,
    connection: asyncpg.Connection,
    rows: Rows,
    house: House,
    lane: Lane,
    values: dict[str, object],
) -> None:
    id = await rows.reading(house.rooms, "all", **values)
    lanes: list[Lane] = ["bookings", "offers", "background"]
    assert await readings.lanes(connection, NOW, [house.rooms]) == [(lane, house.rooms)]
    for other in set(lanes) - {lane}:
        assert await claim(pool, house.rooms, other) is None
    assert (await got(pool, house.rooms, lane)).id == id
    assert await readings.lanes(connection, NOW, [house.rooms]) == []


async def test_what_a_wrong_clock_put_far_ahead_is_due_before_what_is_only_late(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    """What is due later than twice its period and ten minutes from now was planned by a clock that was ahead."""
    await rows.reading(house.rooms, "right", due_at=NOW + timedelta(seconds=720))
    assert await readings.lanes(connection, NOW, [house.rooms]) == []
    assert await claim(pool, house.rooms) is None
    await rows.reading(house.tables, "wrong", due_at=NOW + timedelta(seconds=721))
    both = [house.rooms, house.tables]
    assert await readings.lanes(connection, NOW, both) == [("bookings", house.tables)]
    await rows.reading(house.tables, "late", due_at=NOW - HOUR)
    assert (await got(pool, house.tables)).place == "wrong"
    assert (await got(pool, house.tables)).place == "late"


async def test_a_list_goes_on_where_it_stopped_with_any_reader(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms)
    first = await got(pool, house.rooms)
    memo = {"pass": {"page": 2, "pages": 1}}
    under_way = replace(READ, due_at=NOW, page=2, pass_began_at=NOW, memo=memo, complete_at=None)
    assert await readings.settle(connection, first, under_way)
    second = await got(pool, house.rooms, now=NOW + SECOND)
    assert (second.page, second.pass_began_at, second.memo) == (2, NOW, memo)
    await lapse(pool)
    third = await got(pool, house.rooms, now=NOW + HOUR)
    assert (third.page, third.pass_began_at, third.memo) == (2, NOW, memo)


async def test_a_reader_who_lost_its_lease_settles_and_puts_off_nothing(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms)
    slow = await got(pool, house.rooms)
    await lapse(pool)
    quick = await got(pool, house.rooms, now=NOW + SECOND)
    assert not await readings.settle(connection, slow, READ)
    await readings.put_off(connection, slow, NOW + HOUR, "503")
    await readings.give_back(connection, slow)
    assert await claim(pool, house.rooms) is None
    row = await connection.fetchrow("select failures, error, complete_at from readings")
    assert tuple(row) == (0, None, None)
    assert await readings.settle(connection, quick, READ)


async def test_a_lease_is_kept_while_the_reading_lasts_and_given_back_when_it_is_not_read(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms)
    reading = await got(pool, house.rooms)
    await lapse(pool)
    await readings.keep(connection, reading)
    assert await claim(pool, house.rooms) is None
    await readings.give_back(connection, reading)
    await readings.keep(connection, reading)
    assert await claim(pool, house.rooms) == reading


async def test_failures_are_counted_until_a_page_is_read(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.reading(house.rooms, complete_at=NOW - HOUR)
    for failures, error in enumerate(["answer 503", "answer 503", None]):
        reading = await got(pool, house.rooms)
        assert reading.failures == failures
        await readings.put_off(connection, reading, NOW, error)
    row = await connection.fetchrow("select failures, error, complete_at from readings")
    assert tuple(row) == (2, "answer 503", NOW - HOUR)
    reading = await got(pool, house.rooms)
    partly = replace(READ, complete_at=None, cost=None)
    assert await readings.settle(connection, reading, partly)
    row = await connection.fetchrow("select failures, error, complete_at, cost from readings")
    assert tuple(row) == (0, None, NOW - HOUR, 1)
