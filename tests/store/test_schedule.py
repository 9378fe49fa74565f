"""When audits are made and wanted stretches of offers are read: one reader each, and never forgotten."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.store.soon import next_due
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.model import Span
from holdfast.store import schedule
from holdfast.store.schedule import NEIGHBOURS, Cursor, Probe

SECOND = timedelta(seconds=1)
WINDOW = Span.of(NOON, HOUR)


async def claim(pool: asyncpg.Pool, *accounts: int) -> Cursor | None:
    async with pool.acquire() as connection:
        return await schedule.claim(connection, NOW, accounts)


async def claim_probes(pool: asyncpg.Pool, account: int) -> list[Probe]:
    async with pool.acquire() as connection:
        return await schedule.claim_probes(connection, account, NOW)


async def lapse(pool: asyncpg.Pool, table: str) -> None:
    """As if the time of the lease had passed."""
    await pool.execute(f"update {table} set lease_until = clock_timestamp() - interval '1 ms'")


async def test_an_audit_that_is_due_goes_to_one_worker_until_its_lease_lapses(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    id = await rows.polled(house.rooms, task="audit")
    claims = await asyncio.gather(*(claim(pool, house.rooms) for _ in range(8)))
    cursor = Cursor(id=id, account_id=house.rooms, started_at=NOW)
    assert [got for got in claims if got is not None] == [cursor]
    await lapse(pool, "cursors")
    assert await claim(pool, house.rooms) == cursor


async def test_what_is_due_longest_is_audited_first_and_only_of_the_accounts_asked_for(
    pool: asyncpg.Pool, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms, task="audit")
    await rows.polled(house.tables, task="audit")
    await pool.execute(
        "update cursors set next_due_at = $1 where account_id = $2", NOW - HOUR, house.tables
    )
    assert await claim(pool) is None
    for expected in (house.tables, house.rooms):
        cursor = await claim(pool, house.rooms, house.tables)
        assert cursor is not None
        assert cursor.account_id == expected
    assert await claim(pool, house.rooms, house.tables) is None


@pytest.mark.parametrize("task", ["bookings", "offers"])
async def test_a_summary_of_readings_is_nothing_to_be_done(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, task: str
) -> None:
    await rows.polled(house.rooms, task=task)
    assert await claim(pool, house.rooms) is None
    assert await next_due(connection, house.rooms) is None


@pytest.mark.parametrize("change", ["mode = 'paused'", "active = false"])
async def test_an_account_out_of_service_is_not_audited(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House, change: str
) -> None:
    await rows.polled(house.rooms, task="audit")
    await pool.execute(f"update accounts set {change}")
    assert await claim(pool, house.rooms) is None
    assert await next_due(connection, house.rooms) is None


async def test_an_audit_of_what_is_not_complete_keeps_the_moment_of_the_last_complete_one(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms, NOW - HOUR, task="audit")
    for complete, at in ((False, NOW - HOUR), (True, NOW)):
        cursor = await claim(pool, house.rooms)
        assert cursor is not None
        await schedule.settle(connection, cursor, NOW, complete)
        assert await connection.fetchval("select last_complete_at from cursors") == at
    assert await next_due(connection, house.rooms) == NOW


async def test_hurrying_only_ever_makes_it_sooner(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms, task="audit")
    for at in (NOW + HOUR, NOW - SECOND):
        await schedule.hurry(connection, house.rooms, "audit", at)
    assert await next_due(connection, house.rooms) == NOW - SECOND


async def test_a_worker_who_lost_its_lease_settles_nothing(
    pool: asyncpg.Pool, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.polled(house.rooms, NOW - HOUR, task="audit")
    slow = await claim(pool, house.rooms)
    await lapse(pool, "cursors")
    quick = await schedule.claim(connection, NOW + SECOND, [house.rooms])
    assert slow is not None
    assert quick is not None
    await schedule.settle(connection, slow, NOW + HOUR, True)
    assert await schedule.claim(connection, NOW + HOUR, [house.rooms]) is None
    assert await connection.fetchval("select last_complete_at from cursors") == NOW - HOUR
    await schedule.settle(connection, quick, NOW + HOUR, True)
    assert await connection.fetchval("select last_complete_at from cursors") == NOW + SECOND


async def test_a_stretch_that_is_wanted_twice_is_read_once_and_at_the_sooner_time(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    for due in (NOW, NOW - SECOND, NOW + HOUR):
        await schedule.probe(connection, house.salon_rooms, WINDOW, due)
    assert await next_due(connection) == NOW - SECOND
    claims = await asyncio.gather(*(claim_probes(pool, house.rooms) for _ in range(8)))
    (probe,) = [one for got in claims for one in got]
    assert (probe.listing_id, probe.window, probe.attempts) == (house.salon_rooms, WINDOW, 1)
    await schedule.end_probes(connection, [probe])
    assert await next_due(connection) is None


async def test_stretches_of_one_listing_that_lie_near_each_other_are_read_at_once(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    beside = Span.of(WINDOW.end + NEIGHBOURS - SECOND, HOUR)
    apart = Span.of(WINDOW.end + NEIGHBOURS, HOUR)
    for window in (apart, WINDOW, beside):
        await schedule.probe(connection, house.salon_rooms, window, NOW)
    await schedule.probe(connection, house.salon_tables, WINDOW, NOW)
    for together in ({WINDOW, beside}, {apart}, set()):
        claimed = await claim_probes(pool, house.rooms)
        assert {probe.window for probe in claimed} == together
        assert {probe.listing_id for probe in claimed} <= {house.salon_rooms}


async def test_what_lies_near_but_is_not_due_yet_is_not_read_along(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    await schedule.probe(connection, house.salon_rooms, WINDOW, NOW)
    await schedule.probe(connection, house.salon_rooms, Span.of(NOON, 2 * HOUR), NOW + SECOND)
    (probe,) = await claim_probes(pool, house.rooms)
    assert probe.window == WINDOW


async def test_two_workers_at_once_read_different_stretches(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    days = [Span.of(NOON + n * 24 * HOUR, HOUR) for n in range(4)]
    for day in days:
        await schedule.probe(connection, house.salon_rooms, day, NOW)
    claims = [one for _ in range(6) for one in await claim_probes(pool, house.rooms)]
    assert [probe.window for probe in claims] == days
    await lapse(pool, "probes")
    together = await asyncio.gather(*(claim_probes(pool, house.rooms) for _ in range(6)))
    ids = [probe.id for claimed in together for probe in claimed]
    assert len(ids) == len(set(ids))


async def test_the_soonest_time_is_read_first_unless_another_has_waited_for_a_minute(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    later = Span.of(NOON + 48 * HOUR, HOUR)
    await schedule.probe(connection, house.salon_rooms, later, NOW - 61 * SECOND)
    await schedule.probe(connection, house.salon_rooms, WINDOW, NOW - 59 * SECOND)
    for expected in (later, WINDOW):
        (probe,) = await claim_probes(pool, house.rooms)
        assert probe.window == expected


async def test_stretches_are_kept_while_they_are_read_and_are_another_workers_after_that(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    await schedule.probe(connection, house.salon_rooms, WINDOW, NOW)
    first = await claim_probes(pool, house.rooms)
    await lapse(pool, "probes")
    await schedule.keep_probes(connection, first)
    assert await claim_probes(pool, house.rooms) == []
    await lapse(pool, "probes")
    (again,) = await claim_probes(pool, house.rooms)
    assert (again.id, again.attempts) == (first[0].id, 2)


async def test_a_stretch_that_could_not_be_read_is_read_later(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House
) -> None:
    await schedule.probe(connection, house.salon_rooms, WINDOW, NOW)
    probes = await claim_probes(pool, house.rooms)
    await schedule.probes_later(connection, probes, NOW + SECOND)
    assert await claim_probes(pool, house.rooms) == []
    await connection.execute("update probes set due_at = $1", NOW)
    (again,) = await claim_probes(pool, house.rooms)
    assert (again.id, again.attempts) == (probes[0].id, 2)


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
async def test_stretches_of_an_account_that_is_not_read_are_not_claimed(
    pool: asyncpg.Pool, connection: asyncpg.Connection, house: House, change: str
) -> None:
    await schedule.probe(connection, house.salon_rooms, WINDOW, NOW)
    assert await claim_probes(pool, house.tables) == []
    await connection.execute(change)
    assert await claim_probes(pool, house.rooms) == []


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
