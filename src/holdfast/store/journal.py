"""The journal: an append-only hash chain per venue. No guest data may enter it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from holdfast.store.queries import load

_SQL = load("journal")


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


async def lock_venue(connection: asyncpg.Connection, venue_id: int) -> Head:
    """Take the venue's lock for this transaction; the journal's head comes with it."""
    row = await connection.fetchrow(_SQL["lock_venue"], venue_id)
    return Head(venue_id=row["id"], seq=row["journal_seq"], hash=row["journal_hash"])


def canonical(entry: Entry) -> str:
    """The exact text that is hashed: sorted keys, no spaces, ASCII."""
    return json.dumps(
        {
            "kind": entry.kind,
            "actor": entry.actor,
            "at": entry.at.isoformat(),
            "booking": entry.booking_id,
            "block": entry.block_id,
            "push": entry.push_id,
            "inbox": entry.inbox_id,
            **entry.data,
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def link(before: bytes, text: str) -> bytes:
    """The hash of an entry: SHA-256 over the hash before it and its own text."""
    return hashlib.sha256(before + text.encode("ascii")).digest()


async def append(connection: asyncpg.Connection, head: Head, entries: Sequence[Entry]) -> None:
    """Add them to the chain; the venue's lock must be held."""
    if not entries:
        return
    texts = [canonical(entry) for entry in entries]
    hashes: list[bytes] = []
    for text in texts:
        hashes.append(link(hashes[-1] if hashes else head.hash, text))
    await connection.execute(
        _SQL["append"],
        head.venue_id,
        [head.seq + n for n in range(1, len(entries) + 1)],
        [e.at for e in entries],
        [e.kind for e in entries],
        [e.actor for e in entries],
        [e.booking_id for e in entries],
        [e.block_id for e in entries],
        [e.push_id for e in entries],
        [e.inbox_id for e in entries],
        texts,
        hashes,
    )
    await connection.execute(_SQL["advance"], head.venue_id, head.seq + len(entries), hashes[-1])


async def broken_at(connection: asyncpg.Connection, venue_id: int) -> int | None:
    """The first sequence number at which the venue's chain does not hold; None: it is whole."""
    before = b""
    for expected, row in enumerate(await connection.fetch(_SQL["chain"], venue_id), start=1):
        if row["seq"] != expected or row["hash"] != link(before, row["data"]):
            return expected
        before = row["hash"]
    return None


async def since(
    connection: asyncpg.Connection, venue_id: int, seq: int, limit: int
) -> list[asyncpg.Record]:
    """The entries after `seq`, in order."""
    return list(await connection.fetch(_SQL["since"], venue_id, seq, limit))
