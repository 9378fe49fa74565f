"""The configuration's mark: another with every change, the same whatever happens meanwhile."""

import asyncpg
import pytest
from tests.store.conftest import House

from holdfast.store import configuration

CHANGES = (
    "update accounts set writes_per_minute = 21",
    "update accounts set braked_at = now()",
    "update venues set trust_offers = not trust_offers",
    "update units set cleanup_minutes = 5",
    "update units set active = false",
    """update listings set settings = '{"space": "other"}'""",
    "update listing_units set position = 7",
    "delete from listing_units",
)


async def test_every_change_of_the_configuration_shows(
    connection: asyncpg.Connection, house: House
) -> None:
    marks = [await configuration.mark(connection)]
    for change in CHANGES:
        await connection.execute(change)
        marks.append(await configuration.mark(connection))
    assert len(set(marks)) == len(CHANGES) + 1


@pytest.mark.parametrize(
    "news", ["update venues set journal_seq = 9", "update accounts set last_webhook_at = now()"]
)
async def test_what_changes_by_itself_does_not(
    connection: asyncpg.Connection, house: House, news: str
) -> None:
    before = await configuration.mark(connection)
    await connection.execute(news)
    assert await configuration.mark(connection) == before


async def test_a_configuration_of_nothing_has_a_mark(connection: asyncpg.Connection) -> None:
    assert await configuration.mark(connection)
