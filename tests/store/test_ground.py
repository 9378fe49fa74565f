"""The ground of planning: how far a change reaches, what was read, what is paused, and whether anything was refused."""

from datetime import timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW, Rows

from holdfast.inventory.model import Span
from holdfast.store import ground as store
from holdfast.store import offers, readings
from holdfast.store.ground import Ground, Where

SECOND = timedelta(seconds=1)
DAY = Span.of(NOON - 12 * HOUR, 24 * HOUR)


@pytest.fixture
def where(house: House) -> Where:
    return Where(
        venue_id=house.venue,
        listing_ids=[house.salon_rooms],
        account_ids=[house.rooms, house.tables],
    )


async def known(connection: asyncpg.Connection, where: Where, stretch: Span = DAY) -> Ground:
    return await store.ground(connection, where, stretch, NOW)


async def test_where_nothing_is_known_an_hour_is_the_longest(
    connection: asyncpg.Connection, where: Where
) -> None:
    nothing = Ground(longest=HOUR, looks={}, paused=frozenset(), refused=False)
    assert await known(connection, where) == nothing


async def test_the_longest_offer_around_says_how_far_a_change_reaches(
    connection: asyncpg.Connection, house: House, where: Where
) -> None:
    sold = [Span.of(NOON, 3 * HOUR), Span.of(NOON + 4 * HOUR, 2 * HOUR)]
    await offers.save(connection, house.salon_rooms, sold, NOW)
    await offers.save(connection, house.salon_tables, [Span.of(NOON, 5 * HOUR)], NOW)
    assert (await known(connection, where)).longest == 3 * HOUR
    assert (await known(connection, where, sold[1])).longest == 2 * HOUR


async def test_which_offers_are_known_follows_from_what_was_read_completely(
    connection: asyncpg.Connection, house: House, where: Where
) -> None:
    morning, evening = Span.of(NOON - 4 * HOUR, 4 * HOUR), Span.of(NOON, 9 * HOUR)
    for listing, read in (
        (house.salon_rooms, morning),
        (house.salon_rooms, evening),
        (house.salon_rooms, Span.of(DAY.end, HOUR)),
        (house.salon_tables, morning),
    ):
        await readings.look(connection, listing, read, NOW)
    looks = (await known(connection, where)).looks
    assert {listing: set(spans) for listing, spans in looks.items()} == {
        house.salon_rooms: {morning, evening}
    }


async def test_a_paused_account_is_named_until_it_goes_on(
    connection: asyncpg.Connection, house: House, where: Where
) -> None:
    await connection.execute(
        "insert into pauses (account_id, direction, began_at, actor, reason)"
        " values ($1, 'pushes', $2, 'ada', 'x'), ($3, 'intake', $2, 'ada', 'x')",
        house.rooms,
        NOW,
        house.tables,
    )
    assert (await known(connection, where)).paused == {house.rooms}
    await connection.execute("update pauses set ended_at = $1", NOW)
    assert (await known(connection, where)).paused == set()


@pytest.mark.parametrize(
    ("outcome", "call", "later", "refused"),
    [
        ("taken", "place", SECOND, True),
        ("taken", "place", -SECOND, False),
        ("done", "place", SECOND, False),
        ("taken", "commit", SECOND, False),
    ],
)
async def test_what_was_refused_lately_is_noticed(
    connection: asyncpg.Connection,
    rows: Rows,
    house: House,
    where: Where,
    outcome: str,
    call: str,
    later: timedelta,
    refused: bool,
) -> None:
    block = await rows.block(house.salon_rooms, [])
    settled = {"state": "done", "outcome": outcome, "settled_at": NOW + later}
    await rows.push(block, call=call, **settled)
    assert (await known(connection, where)).refused is refused
