"""The journal: an append-only hash chain per venue. No guest data may enter it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import asyncpg

from holdfast.store.queries import load

_SQL = load("journal")
AFTER = "after"
"""Where an entry's data has the rows that it changed, as they were after it; all else are words for people."""

_ABOUT = ("kind", "actor", "booking_id", "block_id", "push_id", "inbox_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that changed. `actor` says who decided: webhook, poll, clock, worker, operator ..."""

    kind: str
    actor: str
    at: datetime
    booking_id: int | None = None
    block_id: int | None = None
    push_id: int | None = None
    inbox_id: int | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a venue's chain."""

    venue_id: int
    seq: int
    hash: bytes
    configured_at: datetime
    """Since when the venue is configured as it is."""


async def lock_venue(connection: asyncpg.Connection, venue_id: int) -> Head:
    """Take the venue's lock for this transaction; the journal's head comes with it."""
    row = await connection.fetchrow(_SQL["lock_venue"], venue_id)
    return Head(
        venue_id=row["id"],
        seq=row["journal_seq"],
        hash=row["journal_hash"],
        configured_at=row["configured_at"],
    )


def canonical(data: Mapping[str, object]) -> str:
    """The text that is kept and hashed: sorted keys, no spaces, ASCII."""
    return json.dumps(dict(data), sort_keys=True, separators=(",", ":"))


def words(data: str) -> str:
    """What an entry's data says to a person: without the rows."""
    told = json.loads(data)
    if not isinstance(told, dict) or AFTER not in told:
        return data
    return canonical({name: value for name, value in told.items() if name != AFTER})


def link(before: bytes, row: Mapping[str, Any]) -> bytes:
    """The hash of an entry: SHA-256 over the hash before it, what it is about, and its text."""
    about = [row["at"].astimezone(UTC).isoformat(), *(row[name] for name in _ABOUT)]
    told = json.dumps(about, separators=(",", ":")) + row["data"]
    return hashlib.sha256(before + told.encode()).digest()


def _row(entry: Entry) -> dict[str, Any]:
    about = {name: getattr(entry, name) for name in _ABOUT}
    return {**about, "at": entry.at, "data": canonical(entry.data)}


async def append(connection: asyncpg.Connection, head: Head, entries: Sequence[Entry]) -> None:
    """Add them to the chain; the venue's lock must be held."""
    if not entries:
        return
    rows = [_row(entry) for entry in entries]
    hashes = list(accumulate(rows, link, initial=head.hash))[1:]
    columns = [[row[name] for row in rows] for name in ("at", *_ABOUT, "data")]
    numbers = [head.seq + n for n in range(1, len(rows) + 1)]
    await connection.execute(_SQL["append"], head.venue_id, numbers, *columns, hashes)


async def broken_at(connection: asyncpg.Connection, venue_id: int) -> int | None:
    """The first sequence number at which the venue's chain does not hold; None: it is whole."""
    rows = await connection.fetch(_SQL["chain"], venue_id)
    entries = [row for row in rows if row["seq"] is not None]
    before = b""
    for expected, row in enumerate(entries, start=1):
        if row["seq"] != expected or row["hash"] != link(before, row):
            return expected
        before = row["hash"]
    end = (rows[0]["journal_seq"], rows[0]["journal_hash"])
    return None if end == (len(entries), before) else min(end[0], len(entries)) + 1


async def tail_broken_at(connection: asyncpg.Connection, venue_id: int, newest: int) -> int | None:
    """As `broken_at`, of the newest entries only: quick, however long the journal is."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(_SQL["head"], venue_id)
        first = max(0, head["journal_seq"] - newest)
        rows = await connection.fetch(_SQL["since"], venue_id, max(0, first - 1), newest + 1)
    before = rows.pop(0)["hash"] if first and rows else b""
    for expected, row in enumerate(rows, start=first + 1):
        if row["seq"] != expected or row["hash"] != link(before, row):
            return expected
        before = row["hash"]
    return None if head["journal_hash"] == before else int(head["journal_seq"])


async def since(
    connection: asyncpg.Connection, venue_id: int, seq: int, limit: int
) -> list[asyncpg.Record]:
    """The entries after `seq`, in order."""
    return list(await connection.fetch(_SQL["since"], venue_id, seq, limit))
