"""Offers: an older read never overwrites what was learned since, and absence counts where all was read."""

from datetime import datetime, timedelta

import asyncpg
import pytest
from tests.store.conftest import House
from tests.web.rows import HOUR, NOON, NOW

from holdfast.inventory.model import Span
from holdfast.store import offers
from holdfast.store.offers import Known

SECOND = timedelta(seconds=1)
SLOTS = [Span.of(NOON + n * HOUR, HOUR) for n in range(4)]
DAY = Span.of(NOON - 12 * HOUR, 24 * HOUR)


@pytest.fixture
def listing(house: House) -> int:
    return house.salon_rooms


async def open_now(connection: asyncpg.Connection, listing: int) -> list[Span]:
    return sorted((await offers.known_in(connection, [listing], DAY))[listing].open)


async def test_what_was_read_is_sold_and_read_again_changes_nothing(
    connection: asyncpg.Connection, listing: int
) -> None:
    assert sorted(await offers.save(connection, listing, SLOTS, NOW)) == SLOTS
    assert sorted(await offers.save(connection, listing, SLOTS, NOW)) == SLOTS
    assert await open_now(connection, listing) == SLOTS


async def test_an_older_read_never_reopens_what_was_shut_since(
    connection: asyncpg.Connection, listing: int
) -> None:
    await offers.save(connection, listing, SLOTS, NOW)
    await offers.shut(connection, listing, SLOTS[1], NOW + SECOND)
    believed = await offers.save(connection, listing, SLOTS, NOW)
    assert sorted(believed) == [SLOTS[0], SLOTS[2], SLOTS[3]]
    assert await open_now(connection, listing) == [SLOTS[0], SLOTS[2], SLOTS[3]]
    await offers.save(connection, listing, SLOTS, NOW + SECOND)
    assert await open_now(connection, listing) == SLOTS


async def test_absence_shuts_only_what_starts_in_the_window_that_was_read(
    connection: asyncpg.Connection, listing: int
) -> None:
    await offers.save(connection, listing, SLOTS, NOW)
    window = Span(start=SLOTS[1].start, end=SLOTS[3].start)
    await offers.close_absent(connection, listing, window, [SLOTS[2]], NOW + SECOND)
    assert await open_now(connection, listing) == [SLOTS[0], SLOTS[2], SLOTS[3]]


async def test_absence_from_an_older_read_shuts_nothing(
    connection: asyncpg.Connection, listing: int
) -> None:
    await offers.save(connection, listing, SLOTS, NOW)
    await offers.close_absent(connection, listing, DAY, [], NOW - SECOND)
    assert await open_now(connection, listing) == SLOTS
    await offers.close_absent(connection, listing, DAY, [], NOW)
    assert await open_now(connection, listing) == []


async def test_an_offer_of_another_length_is_another_offer(
    connection: asyncpg.Connection, listing: int
) -> None:
    longer = Span.of(SLOTS[0].start, 2 * HOUR)
    await offers.save(connection, listing, [SLOTS[0]], NOW)
    await offers.save(connection, listing, [longer], NOW + SECOND)
    await offers.close_absent(connection, listing, DAY, [longer], NOW + SECOND)
    assert await open_now(connection, listing) == [longer]


@pytest.mark.parametrize(
    ("end", "shut"), [(NOON, 0), (NOON + SECOND, 1), (NOON + HOUR, 1), (NOON + HOUR + SECOND, 2)]
)
async def test_what_is_shut_is_what_overlaps(
    connection: asyncpg.Connection, listing: int, end: datetime, shut: int
) -> None:
    await offers.save(connection, listing, SLOTS, NOW)
    await offers.shut(connection, listing, Span(start=NOON - HOUR, end=end), NOW)
    assert await open_now(connection, listing) == SLOTS[shut:]
    await offers.reopen(connection, listing, Span(start=NOON - HOUR, end=end), NOW)
    assert await open_now(connection, listing) == SLOTS


async def test_every_listing_asked_for_is_answered_even_with_nothing(
    connection: asyncpg.Connection, house: House
) -> None:
    await offers.save(connection, house.salon_rooms, SLOTS, NOW)
    both = [house.salon_rooms, house.salon_tables]
    found = await offers.known_in(connection, both, SLOTS[0])
    assert found == {house.salon_rooms: Known(open=[SLOTS[0]]), house.salon_tables: Known()}


async def test_what_is_past_is_forgotten(connection: asyncpg.Connection, listing: int) -> None:
    await offers.save(connection, listing, SLOTS, NOW)
    await offers.forget_past(connection, SLOTS[2].start + SECOND)
    assert await open_now(connection, listing) == SLOTS[2:]
