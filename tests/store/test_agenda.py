"""One look says whether anything is due: nothing that the clock ends may be overlooked."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from tests.store.conftest import House
from tests.store.soon import next_due
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.store import agenda
from holdfast.store.agenda import Due, Scope

SECOND = timedelta(seconds=1)
BEFORE, AFTER = NOON - SECOND, NOON

Arrange = Callable[[Rows, House], Awaitable[object]]


async def a_block_is_over(rows: Rows, house: House) -> None:
    await rows.block(house.salon_rooms, [], start=NOON - HOUR)


async def our_hold_lapses(rows: Rows, house: House) -> None:
    await rows.block(house.salon_rooms, [], state="held", expires_at=NOON)


async def a_guests_hold_lapses(rows: Rows, house: House) -> None:
    held: dict[str, Any] = {"status": "held", "held_until": NOON}
    await rows.booking(house.venue, house.salon_rooms, **held)


async def an_exposure_is_over(rows: Rows, house: House) -> None:
    booking = await rows.booking(house.venue, house.salon_rooms)
    await rows.make(
        "exposures",
        booking_id=booking,
        listing_id=house.salon_tables,
        cause="taken",
        during=asyncpg.Range(NOON - HOUR, NOON),
        began_at=NOW,
        basis="receipt",
    )


async def a_time_in_dispute_is_over(rows: Rows, house: House) -> None:
    booking = await rows.booking(house.venue, house.salon_rooms, start=NOON - HOUR)
    await rows.conflict(booking, [], [])


async def a_grace_time_is_over(rows: Rows, house: House) -> None:
    booking = await rows.booking(house.venue, house.salon_rooms)
    number = await rows.conflict(booking, [], [])
    await rows.pool.execute("update conflicts set auto_at = $1 where id = $2", NOON, number)


BY_THE_CLOCK: Mapping[str, Arrange] = {
    arrange.__name__: arrange
    for arrange in (
        a_block_is_over,
        our_hold_lapses,
        a_guests_hold_lapses,
        an_exposure_is_over,
        a_time_in_dispute_is_over,
        a_grace_time_is_over,
    )
}


@pytest.mark.parametrize("what", BY_THE_CLOCK)
async def test_what_time_ends_is_due_from_that_moment_on(
    connection: asyncpg.Connection, rows: Rows, house: House, what: str
) -> None:
    await BY_THE_CLOCK[what](rows, house)
    assert (await agenda.look(connection, BEFORE, [])).clock is False
    assert (await agenda.look(connection, AFTER, [])).clock is True


async def test_where_nothing_is_due_nothing_is_found(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    await rows.block(house.salon_rooms, [])
    await rows.booking(house.venue, house.salon_rooms)
    shadow = await rows.push(await rows.block(house.salon_tables, []), state="shadow")
    assert await agenda.look(connection, NOW, [house.rooms]) == Due(
        clock=False, heard=[], wanted=[]
    )
    assert (await agenda.look(connection, NOW, [house.tables])).clock is True
    await connection.execute("update pushes set state = 'in_flight' where id = $1", shadow)
    lapsed = "update pushes set lease_until = clock_timestamp() - interval '1 second'"
    await connection.execute(lapsed)
    assert (await agenda.look(connection, NOW, [])).clock is True


async def test_a_decision_is_looked_after_until_it_is_confirmed(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    number = await rows.conflict(await rows.booking(house.venue), [], [])
    assert (await agenda.look(connection, NOW, [])).clock is False
    decided = 'update conflicts set decision = \'{"pushes": [], "cancels": []}\' where id = $1'
    await connection.execute(decided, number)
    assert (await agenda.look(connection, NOW, [])).clock is True


async def test_the_soonest_of_all_is_next(
    connection: asyncpg.Connection, rows: Rows, house: House
) -> None:
    assert await next_due(connection, house.rooms) is None
    await our_hold_lapses(rows, house)
    assert await next_due(connection, house.rooms) == NOON
    believed = Scope(live=[], accounts=[], venues=[], margin=30 * SECOND)
    assert await agenda.next_due(connection, NOW, believed) == NOON + 30 * SECOND
    await rows.booking(house.venue, house.salon_rooms, status="held", held_until=NOON - SECOND)
    assert await next_due(connection, house.rooms) == NOON - SECOND
    await rows.event(house.rooms, due_at=NOON - 2 * SECOND)
    assert await next_due(connection, house.rooms) == NOON - 2 * SECOND
    reading = await rows.reading(house.rooms)
    assert await next_due(connection, house.rooms) == NOW
    await connection.execute(
        "update readings set lease_until = clock_timestamp() + interval '30 seconds' where id = $1",
        reading,
    )
    assert await next_due(connection, house.rooms) == NOON - 2 * SECOND, "it is being read"
