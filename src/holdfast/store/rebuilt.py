"""Whether the canon, rebuilt from the after-images in the journals, is what the store has."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.rebuild import TABLES, After, Canon, Table, differences, rebuilt
from holdfast.store.changes import image_of, key_of
from holdfast.store.journal import AFTER
from holdfast.store.queries import load

_SQL = load("rebuilt")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Journals:
    """What they say of rows, and since when; by venue."""

    told: Mapping[int, Sequence[After]]
    since: Mapping[int, datetime]


async def unlike(connection: asyncpg.Connection) -> Sequence[str]:
    """How the journals and the store differ, in plain words; nothing: whatever is there was told.

    A row that is older than the first after-image of its venue may be told of by none. What maps to no venue has no
    journal: an event of the inbox names it.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        journals = await _journals(connection)
        rows = {table: await connection.fetch(_SQL[table]) for table in TABLES}
        unheard = await connection.fetch(_SQL["unheard"])
    stored: Canon = {
        table: {key_of(table, row): image_of(table, row) for row in rows[table]} for table in rows
    }
    older = [key for table in rows for key in _older(table, rows[table], journals.since)]
    told = [f"booking {row['id']} maps to no venue, and is in no event" for row in unheard]
    return [*differences(rebuilt(journals.told), stored, set(older)), *told]


async def _journals(connection: asyncpg.Connection) -> _Journals:
    told: dict[int, list[After]] = {}
    since: dict[int, datetime] = {}
    for row in await connection.fetch(_SQL["told"]):
        after = json.loads(row["data"]).get(AFTER)
        if after is not None:
            told.setdefault(row["venue_id"], []).append(after)
            since.setdefault(row["venue_id"], row["at"])
    return _Journals(told=told, since=since)


def _older(
    table: Table, rows: Sequence[asyncpg.Record], since: Mapping[int, datetime]
) -> list[tuple[Table, str]]:
    return [
        (table, key_of(table, row))
        for row in rows
        if row["venue_id"] in since and row["created_at"] < since[row["venue_id"]]
    ]
