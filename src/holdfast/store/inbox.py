"""The inbox: raw facts as they came, until their effect is committed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from holdfast.store.queries import load

_SQL = load("inbox")

MOST_ROWS = 5_000
"""Taken at once, however often each booking was told of."""


# one for each webhook: a frozen one takes thrice as long to make
@dataclass(slots=True, kw_only=True)
class Incoming:
    """A row to add. `headers` and `body` may hold guest data and are never logged."""

    account_id: int | None
    via: str
    ref: str | None
    raw_type: str
    received_at: datetime
    delivery_id: str | None = None
    """The provider's; with the same type and body it is the same event."""
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A row that we hold a lease on."""

    id: int
    account_id: int | None
    via: str
    ref: str | None
    raw_type: str
    received_at: datetime
    attempts: int
    error: str | None = None
    """How its last try failed."""
    listing_id: int | None = None
    """Of the booking as we know it, and"""
    read_at: datetime | None = None
    """when it was last read; None: never."""
    ours_flies: bool = False
    """A call about a block of ours of this id is under way."""
    ours_at: datetime | None = None
    """When that block changed last, or ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A row that was new, or so `many` of a kind."""

    account_id: int | None
    via: str
    raw_type: str
    many: int = 1


async def add(connection: asyncpg.Connection, rows: Sequence[Incoming]) -> list[News]:
    """Add them all with one commit; returns those that were new."""
    return _news(await connection.fetch(_SQL["add"], *_columns(rows)))


async def take_in(
    connection: asyncpg.Connection, rows: Sequence[Incoming], at: datetime
) -> list[News]:
    """Add webhooks and note when their accounts last sent one; a commit of its own. Returns how many were new."""
    return _news(await connection.fetch(_SQL["take_in"], *_columns(rows), at))


def _news(added: Iterable[asyncpg.Record]) -> list[News]:
    return [News(**row) for row in added]


def _columns(rows: Sequence[Incoming]) -> tuple[Sequence[object], ...]:
    """In the one order in which all processes add them."""
    told_apart = [(_delivery(row), row) for row in rows]
    told_apart.sort(key=lambda t: (t[1].account_id or 0, t[0] or "", t[1].ref or ""))
    ordered = [row for _, row in told_apart]
    return (
        [r.account_id for r in ordered],
        [r.via for r in ordered],
        [r.ref for r in ordered],
        [r.raw_type for r in ordered],
        [delivery for delivery, _ in told_apart],
        [None if r.headers is None else json.dumps(dict(r.headers)) for r in ordered],
        [r.body for r in ordered],
        [r.received_at for r in ordered],
    )


def _delivery(row: Incoming) -> str | None:
    """What a repeat of the very same event has in common with it, and no other event.

    A provider may give all its events one id, so what it tells is part of it.
    """
    if row.delivery_id is None:
        return None
    told = hashlib.sha256(row.raw_type.encode(errors="replace") + b"\0" + (row.body or b""))
    return f"{row.delivery_id} {told.hexdigest()[:32]}"


async def untold(
    connection: asyncpg.Connection, account_id: int, made: Mapping[str, datetime | None]
) -> set[str]:
    """Which of these bookings, by id and when they were made, a webhook should have told of, and did not."""
    rows = await connection.fetch(_SQL["untold"], account_id, list(made), list(made.values()))
    return {row["ref"] for row in rows}


async def add_done(connection: asyncpg.Connection, row: Incoming, outcome: str) -> int:
    """Note what was read and is applied in this transaction; returns its id."""
    added: int = await connection.fetchval(
        _SQL["add_done"],
        row.account_id,
        row.via,
        row.ref,
        row.raw_type,
        row.received_at,
        outcome,
        row.body,
    )
    return added


async def keep_once(connection: asyncpg.Connection, row: Incoming, outcome: str) -> None:
    """Keep what nothing more is to be done about, unless its delivery id was kept before."""
    await connection.execute(
        _SQL["keep_once"],
        row.account_id,
        row.via,
        row.ref,
        row.raw_type,
        row.received_at,
        outcome,
        row.body,
        row.delivery_id,
    )


async def claim(
    connection: asyncpg.Connection,
    account_id: int,
    now: datetime,
    limit: int,
    holder: int | None = None,
) -> list[Claimed]:
    """Take all that waits for so many bookings of an account, riskiest first, for 30 seconds of the database's clock."""
    return _claimed(await _claim(connection, (now, limit, account_id), holder, careful=False))


async def claim_undoubted(
    connection: asyncpg.Connection,
    account_id: int,
    now: datetime,
    limit: int,
    holder: int | None = None,
) -> list[Claimed] | None:
    """The same; None, and nothing is taken, where it is in doubt whether the provider answers."""
    rows = await _claim(connection, (now, limit, account_id), holder, careful=True)
    return None if rows[0]["in_doubt"] else _claimed(rows)


async def _claim(
    connection: asyncpg.Connection,
    whose: tuple[datetime, int, int],
    holder: int | None,
    *,
    careful: bool,
) -> list[asyncpg.Record]:
    return list(await connection.fetch(_SQL["claim"], *whose, MOST_ROWS, careful, holder))


def _claimed(rows: Iterable[asyncpg.Record]) -> list[Claimed]:
    names = Claimed.__dataclass_fields__
    return [Claimed(**{n: row[n] for n in names}) for row in rows if row["id"] is not None]


async def finish(
    connection: asyncpg.Connection, ids: Sequence[int], now: datetime, outcome: str
) -> None:
    """Their effect is in this transaction."""
    await connection.execute(_SQL["finish"], list(ids), now, outcome)


async def later(
    connection: asyncpg.Connection,
    ids: Sequence[int],
    due_at: datetime,
    reason: str,
    in_a_row: int | None = None,
) -> None:
    """Try them again, and show why they wait; `in_a_row`: how often it was for this kind of reason."""
    await connection.execute(_SQL["later"], list(ids), due_at, reason, in_a_row)
