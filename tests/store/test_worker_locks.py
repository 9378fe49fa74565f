"""What a dead worker had in its hands is taken over at once, and by nobody while it lives.

The kind: work that waits for a lease although its holder is gone. It stands at calls, at calls that are being found out
about, at news, readings, wanted offers and audits.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.breaker import Breaker
from holdfast.inventory.model import Span
from holdfast.soak.program import until
from holdfast.store import breakers, inbox, pushes, readings, schedule, worker_locks
from holdfast.store.pushes import Wanted

LEASED = """
select (select count(*) from inbox where lease_until is not null)
     + (select count(*) from pushes where lease_until is not null)
     + (select count(*) from cursors where lease_until is not null)
     + (select count(*) from readings where lease_until is not null)
     + (select count(*) from probes where lease_until is not null)
"""


@asynccontextmanager
async def living(database_url: str, worker: str = "a") -> AsyncIterator[int]:
    """A worker's number; at the end its process is gone."""
    lock = await asyncpg.connect(database_url)
    try:
        yield await worker_locks.take(lock, worker, NOW)
    finally:
        await lock.close()


async def gone(connection: asyncpg.Connection) -> worker_locks.TakenOver:
    """The server notices in a moment that a client is gone."""
    found: list[worker_locks.TakenOver] = []

    async def noticed() -> bool:
        found.append(await worker_locks.take_over(connection, NOW))
        return bool(found[-1].workers)

    await until(noticed, "somebody died")
    return found[-1]


async def all_kinds(connection: asyncpg.Connection, rows: Rows, house: House, holder: int) -> None:
    """One of each kind of work, claimed."""
    booking = await rows.booking(house.venue, house.salon_tables)
    block = await rows.block(house.salon_rooms, [booking], state="absent", external_id=None)
    other = await rows.block(
        house.salon_rooms,
        [booking],
        state="absent",
        external_id=None,
        during=asyncpg.Range(NOON + 5 * HOUR, NOON + 6 * HOUR),
    )
    await rows.push(block)
    await rows.push(other, state="unknown")
    await rows.event(house.rooms)
    await rows.reading(house.rooms)
    await rows.polled(house.rooms, task="audit")
    window = Span(start=NOON, end=NOON + HOUR)
    await schedule.probe(connection, house.salon_rooms, window, NOW)
    later = NOW + HOUR
    wanted = Wanted(limit=8, holder=holder)
    assert len(await pushes.claim(connection, house.rooms, later, wanted)) == 2
    assert len(await inbox.claim(connection, house.rooms, later, 8, holder)) == 1
    assert await readings.claim(connection, later, house.rooms, "bookings", holder)
    assert await schedule.claim(connection, later + 100 * HOUR, [house.rooms], holder)
    assert await schedule.claim_probes(connection, house.rooms, later, holder)


async def test_all_that_a_dead_worker_had_in_its_hands_is_free_at_once(
    database_url: str, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    async with living(database_url) as holder:
        await all_kinds(connection, rows, house, holder)
        assert (await worker_locks.take_over(connection, NOW)).workers == ()
        assert await connection.fetchval(LEASED) == 6
    found = await gone(connection)
    assert (found.workers, found.calls) == (("a",), 1)
    assert await connection.fetchval(LEASED) == 0
    states = await connection.fetch(
        "select state, absent_from > now() as late from pushes order by id"
    )
    assert [tuple(row) for row in states] == [("unknown", True), ("unknown", None)]
    assert (await worker_locks.take_over(connection, NOW)).workers == ()


async def test_who_died_trying_whether_a_provider_answers_is_not_waited_for(
    database_url: str, connection: asyncpg.Connection, house: House
) -> None:
    """The same kind: for half a minute nobody else tried."""
    await breakers.lock(connection, house.rooms, "in")
    shut = Breaker(failures=5, opened_at=NOW, retry_at=NOW + HOUR, probing=True)
    await breakers.put(connection, house.rooms, "in", shut, "no answer")
    async with living(database_url):
        await worker_locks.take_over(connection, NOW)
        known = await breakers.of_account(connection, house.rooms)
        assert known["in"] == shut
    await gone(connection)
    known = await breakers.of_account(connection, house.rooms)
    assert known["in"].retry_at == NOW
    assert not known["in"].probing


async def test_a_living_worker_keeps_what_it_has_when_another_dies(
    database_url: str, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    async with living(database_url) as holder:
        await all_kinds(connection, rows, house, holder)
        async with living(database_url, "b"):
            pass
        assert (await gone(connection)).workers == ("b",)
        assert await connection.fetchval(LEASED) == 6


async def test_without_a_number_only_the_lease_counts(
    database_url: str, connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.event(house.rooms)
    async with living(database_url):
        assert len(await inbox.claim(connection, house.rooms, NOW + HOUR, 8)) == 1
    await gone(connection)
    assert await connection.fetchval(LEASED) == 1


async def test_a_number_can_be_taken_again_until_others_took_over(
    database_url: str, connection: asyncpg.Connection
) -> None:
    async with living(database_url) as number:
        pass
    again = await asyncpg.connect(database_url)
    try:
        await until(lambda: worker_locks.take_again(again, number), "its old connection is gone")
        assert await worker_locks.is_held(again, number)
        assert not await worker_locks.is_held(connection, number)
        assert (await worker_locks.take_over(connection, NOW)).workers == ()
    finally:
        await again.close()
    await gone(connection)
    assert not await worker_locks.take_again(connection, number)
