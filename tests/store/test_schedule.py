"""When accounts and stretches of time are read next: one reader each, and never forgotten."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.store.soon import next_due
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.model import Span
from holdfast.store import schedule
from holdfast.store.schedule import Cursor, Probe

SECOND = timedelta(seconds=1)
WINDOW = Span.of(NOON, HOUR)


async def claim(pool: asyncpg.Pool, *accounts: int) -> Cursor | None:
    async with pool.acquire() as connection:
        return await schedule.claim(connection, NOW, accounts)


async def claim_probe(pool: asyncpg.Pool) -> Probe | None:
    async with pool.acquire() as connection:
        return await schedule.claim_probe(connection, NOW)


async def lapse(pool: asyncpg.Pool, table: str) -> None:
    """As if the time of the lease had passed."""
    await pool.execute(f"update {table} set lease_until = clock_timestamp() - interval '1 ms'")


async def test_a_reading_that_is_due_goes_to_one_reader_until_its_lease_lapses(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    id = await rows.polled(house.rooms)
    claims = await asyncio.gather(*(claim(pool, house.rooms) for _ in range(8)))
    cursor = Cursor(id=id, account_id=house.rooms, task="bookings", failures=0, started_at=NOW)
    assert [got for got in claims if got is not None] == [cursor]
    await lapse(pool, "cursors")
    assert await claim(pool, house.rooms) == cursor


async def test_what_is_due_longest_is_read_first_and_only_of_the_accounts_asked_for(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms)
    await rows.polled(house.tables)
    await pool.execute(
        "update cursors set next_due_at = $1 where account_id = $2", NOW - HOUR, house.tables
    )
    assert await claim(pool) is None
    for expected in (house.tables, house.rooms):
        cursor = await claim(pool, house.rooms, house.tables)
        assert cursor is not None
        assert cursor.account_id == expected
    assert await claim(pool, house.rooms, house.tables) is None


@pytest.mark.parametrize("change", ["mode = 'paused'", "active = false"])
async def test_an_account_out_of_service_is_not_read(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, change: str
) -> None:
    await rows.polled(house.rooms)
    await pool.execute(f"update accounts set {change}")
    assert await claim(pool, house.rooms) is None
    assert await next_due(connection, house.rooms) is None


async def test_failures_are_counted_until_a_reading_succeeds(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms)
    for failures, (error, at) in enumerate([("503", None), ("503", None), (None, NOW + SECOND)]):
        cursor = await claim(pool, house.rooms)
        assert cursor is not None
        assert cursor.failures == failures
        await schedule.settle(connection, cursor, NOW, error, at)
    row = await connection.fetchrow("select * from cursors")
    assert (row["failures"], row["error"], row["last_complete_at"]) == (0, None, NOW + SECOND)


async def test_a_failed_reading_keeps_the_moment_of_the_last_complete_one(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms, NOW - HOUR)
    cursor = await claim(pool, house.rooms)
    assert cursor is not None
    await schedule.settle(connection, cursor, NOW + HOUR, "503", None)
    assert await connection.fetchval("select last_complete_at from cursors") == NOW - HOUR
    assert await next_due(connection, house.rooms) == NOW + HOUR


async def test_hurrying_only_ever_makes_it_sooner(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms)
    for at in (NOW + HOUR, NOW - SECOND):
        await schedule.hurry(connection, house.rooms, "bookings", at)
    assert await next_due(connection, house.rooms) == NOW - SECOND


async def test_a_stretch_that_is_wanted_twice_is_read_once_and_at_the_sooner_time(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    for due in (NOW, NOW - SECOND, NOW + HOUR):
        await schedule.probe(connection, house.salon_rooms, WINDOW, due)
    assert await next_due(connection) == NOW - SECOND
    claims = await asyncio.gather(*(claim_probe(pool) for _ in range(8)))
    (probe,) = [got for got in claims if got is not None]
    assert (probe.listing_id, probe.window, probe.attempts) == (house.salon_rooms, WINDOW, 1)
    await schedule.end_probe(connection, probe.id)
    assert await next_due(connection) is None


async def test_a_stretch_that_could_not_be_read_is_read_later(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    await schedule.probe(connection, house.salon_rooms, WINDOW, NOW)
    probe = await claim_probe(pool)
    assert probe is not None
    await schedule.probe_later(connection, probe.id, NOW + SECOND)
    assert await claim_probe(pool) is None
    await connection.execute("update probes set due_at = $1", NOW)
    again = await claim_probe(pool)
    assert again is not None
    assert (again.id, again.attempts) == (probe.id, 2)


async def test_a_worker_is_remembered_while_it_beats(connection: asyncpg.Connection) -> None:
    worker = ("w-1", "0.1", NOW - HOUR)
    await schedule.beat(connection, worker, NOW, NOW)
    await schedule.beat(connection, worker, NOW + SECOND, None)
    (row,) = await connection.fetch("select * from workers")
    assert (row["beat_at"], row["redis_ok_at"], row["started_at"]) == (
        NOW + SECOND,
        NOW,
        NOW - HOUR,
    )
    assert row["stopped_at"] is None
    await schedule.sign_off(connection, "w-1", NOW + SECOND)
    assert await connection.fetchval("select stopped_at from workers") == NOW + SECOND
    await schedule.beat(
        connection, worker, NOW + SECOND, None
    )  # another process of the same number
    assert await connection.fetchval("select stopped_at from workers") is None
    await schedule.bury_workers(connection, NOW + SECOND)
    assert await connection.fetchval("select count(*) from workers") == 1
    await schedule.bury_workers(connection, NOW + HOUR)
    assert await connection.fetchval("select count(*) from workers") == 0


async def test_a_reader_who_lost_its_lease_settles_nothing(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms, NOW - HOUR)
    slow = await claim(pool, house.rooms)
    await lapse(pool, "cursors")
    quick = await schedule.claim(connection, NOW + SECOND, [house.rooms])
    assert slow is not None
    assert quick is not None
    await schedule.settle(connection, slow, NOW + HOUR, None, NOW)
    assert await schedule.claim(connection, NOW + HOUR, [house.rooms]) is None
    assert await connection.fetchval("select last_complete_at from cursors") == NOW - HOUR
    await schedule.settle(connection, quick, NOW + HOUR, None, NOW + SECOND)
    assert await connection.fetchval("select last_complete_at from cursors") == NOW + SECOND
