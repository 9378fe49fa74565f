"""A real database of each test's own, with a venue in it that sells one room on two accounts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest
from tests.web.rows import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Ids: a venue with two units, a listing of the first on each of two accounts."""

    venue: int
    salon: int
    terrace: int
    rooms: int
    tables: int
    salon_rooms: int
    salon_tables: int


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=24) as pool:
        yield pool


@pytest.fixture
async def connection(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Connection]:
    async with pool.acquire() as connection:
        yield connection


@pytest.fixture
def rows(pool: asyncpg.Pool) -> Rows:
    return Rows(pool)


@pytest.fixture
async def house(rows: Rows) -> House:
    venue = await rows.venue()
    salon, terrace = await rows.unit(venue), await rows.unit(venue, "terrace")
    rooms = await rows.account()
    tables = await rows.account("tables-main", "tables")
    return House(
        venue=venue,
        salon=salon,
        terrace=terrace,
        rooms=rooms,
        tables=tables,
        salon_rooms=await rows.listing(venue, rooms, "salon-rooms", [salon]),
        salon_tables=await rows.listing(venue, tables, "salon-tables", [salon]),
    )
