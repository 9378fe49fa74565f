"""Writes to the canon: bookings, allocations, blocks and conflicts. Each row that was written goes into the journal as it
is then, in the same transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg

from holdfast.inventory.rebuild import Image, Table
from holdfast.store.journal import AFTER, Entry

_COLUMNS: Mapping[Table, Sequence[str]] = {
    "bookings": (
        *("venue_id", "listing_id", "account_id", "channel", "external_id", "status", "raw_status"),
        *("payment", "during", "party_size", "unit_ids", "held_until", "made_at"),
        *("first_seen_at", "firm_at", "version"),
    ),
    "allocations": ("during",),
    "blocks": (
        *("venue_id", "listing_id", "account_id", "during", "lane", "party", "marker", "wants"),
        *("wanted_until", "state", "external_id", "last_ref", "expires_at", "because"),
        *("placed_at", "losses", "gap_since", "closed_at", "shrunk_at", "version"),
    ),
    "conflicts": (
        *("venue_id", "kind", "booking_id", "block_id", "against_ids", "unit_ids", "opened_at"),
        *("snoozed_until", "auto_at", "decision", "decided_at", "closed_at", "resolution"),
    ),
}
"""What a row is. Left out are who booked, the evidence for people, and when a row was read or touched last."""

_DEFAULTS: Mapping[str, object] = {
    "lane": 0,
    "losses": 0,
    "version": 1,
    "payment": "none",
    "unit_ids": [],
    "against_ids": [],
}


def key_of(table: Table, row: Mapping[str, Any]) -> str:
    """A grant is known by booking and unit, whatever row has it."""
    return f"{row['booking_id']}-{row['unit_id']}" if table == "allocations" else str(row["id"])


def image_of(table: Table, row: Mapping[str, Any]) -> Image:
    """A row as it goes into the journal."""
    plain = {name: _plain(name, row[name]) for name in _COLUMNS[table]}
    return {name: value for name, value in plain.items() if value != _DEFAULTS.get(name)}


def _plain(name: str, value: Any) -> object:
    match value:
        case datetime():
            return _instant(value)
        case asyncpg.Range():
            return f"{_instant(value.lower)}/{_instant(value.upper)}"
        case list() | tuple():
            return list(value)
        case str() if name == "decision":
            return json.loads(value)
    return value


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_About = tuple[int | None, int | None]
"""A booking or a block."""

_NOTHING: _About = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A row after it was written, and what an entry must be about to have it; see `Entry`."""

    image: Image | None
    about: _About


class ChangeSet:
    """All writes to the canon in one transaction under one venue's lock go through it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self._changes: dict[tuple[Table, str], _Change] = {}

    async def write(self, table: Table, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Run a named query that returns the rows that it wrote, whole."""
        rows = list(await self.connection.fetch(query, *arguments))
        for row in rows:
            change = _Change(image=image_of(table, row), about=_about(table, row))
            self._changes[table, key_of(table, row)] = change
        return rows

    async def delete(self, table: Table, query: str, *arguments: object) -> None:
        """Run a named query that returns the keys of the rows that it deleted."""
        for row in await self.connection.fetch(query, *arguments):
            change = _Change(image=None, about=_about(table, row))
            self._changes[table, key_of(table, row)] = change

    def told(self, entries: Iterable[Entry], actor: str, at: datetime) -> list[Entry]:
        """The entries with the rows as they are now, each row with the last entry about it, or with one about nothing.

        Without either it gets an entry of its own.
        """
        told = list(entries)
        places = _places(told)
        afters: dict[int, dict[Table, dict[str, Image | None]]] = {}
        for (table, key), change in self._changes.items():
            noun, (booking, block) = table.removesuffix("s"), change.about
            where = ((noun, change.about), ("", change.about), (noun, _NOTHING), ("", _NOTHING))
            place = next((places[one] for one in where if one in places), None)
            if place is None:
                kind = f"{noun}.changed"
                told.append(
                    Entry(kind=kind, actor=actor, at=at, booking_id=booking, block_id=block)
                )
                place = places[noun, change.about] = len(told) - 1
            afters.setdefault(place, {}).setdefault(table, {})[key] = change.image
        for place, after in afters.items():
            told[place] = replace(told[place], data={**told[place].data, AFTER: after})
        return told


def unjournaled(connection: asyncpg.Connection) -> ChangeSet:
    """For what maps to no venue: it has no journal, and what the inbox has of it is all that there is."""
    return ChangeSet(connection)


def _about(table: Table, row: Mapping[str, Any]) -> _About:
    if table == "bookings":
        return row["id"], None
    if table == "blocks":
        return None, row["id"]
    return row["booking_id"], row["block_id"] if table == "conflicts" else None


def _places(entries: Sequence[Entry]) -> dict[tuple[str, _About], int]:
    """Where the last entry of each noun about each thing is, and the last one of any."""
    found = {}
    for place, entry in enumerate(entries):
        about = (entry.booking_id, entry.block_id)
        found[entry.kind.partition(".")[0], about] = place
        found["", about] = place
    return found
