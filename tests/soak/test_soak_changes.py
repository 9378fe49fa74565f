"""Every change that a soak makes to a configuration is one that `apply` makes, and is taken back without a trace."""

from datetime import UTC, datetime

import asyncpg
import pytest

from holdfast import configuration, configuration_apply
from holdfast.configuration import Configuration
from holdfast.example import both_examples
from holdfast.kind import discover
from holdfast.soak.changes import CHANGES, change
from holdfast.soak.faults import CHANGES as LONG
from holdfast.soak.faults import TARGETS, Fault
from holdfast.store import configuration as store

TEXT = both_examples({"boseat": "http://127.0.0.1:1", "mozrest": "http://127.0.0.1:2"})
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
EVERY = [(kind, target) for kind in CHANGES for target in (TARGETS | LONG)[kind]]


def parsed(text: str) -> Configuration:
    return configuration.parse(text, "holdfast.toml", discover())


async def numbers(connection: asyncpg.Connection) -> dict[str, list[tuple[int, str]]]:
    """What there is, by its number and name."""
    book = await store.load(connection)
    return {
        "accounts": sorted((number, row.name) for number, row in book.accounts.items()),
        "venues": sorted((number, row.name) for number, row in book.venues.items()),
        "units": sorted((number, row.name) for number, row in book.units.items()),
        "listings": sorted((number, row.name) for number, row in book.listings.items()),
    }


@pytest.mark.parametrize(("kind", "target"), EVERY)
async def test_it_is_applied_and_taken_back(database_url: str, kind: str, target: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await configuration_apply.apply(connection, parsed(TEXT), NOW)
        before = await numbers(connection)
        for dice in (0.0, 0.99):
            wanted = change(TEXT, Fault(at=0, kind=kind, target=target, seconds=1, dice=dice))
            assert await configuration_apply.apply(connection, parsed(wanted.away), NOW)
            for text in wanted.back:
                await configuration_apply.apply(connection, parsed(text), NOW)
            assert not await configuration_apply.plan(connection, parsed(TEXT))
            assert await numbers(connection) == before
    finally:
        await connection.close()
