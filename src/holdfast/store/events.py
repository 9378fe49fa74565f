"""The event log: what came in, tried when, and what it changed, as typed rows. Read only."""

import asyncio
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import PATIENCE, fetched

_SQL = load("events")

MOST_COUNTED = 10_000
MOST_EFFECTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events; None asks for all. `state` is an outcome, or one of those that the query names."""

    account: str | None = None
    via: str | None = None
    state: str | None = None
    raw_type: str | None = None
    ref: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    tries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One of them without its body; `size` is the body's, in bytes."""

    id: int
    account: str | None
    channel: str | None
    via: str
    ref: str | None
    raw_type: str
    delivery_id: str | None
    received_at: datetime
    due_at: datetime
    lease_until: datetime | None
    done_at: datetime | None
    outcome: str | None
    error: str | None
    attempts: int
    size: int | None
    booking_id: int | None
    block_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetail(EventRow):
    """With what came, which may hold guest data: it is redacted before it is shown."""

    headers: str | None
    body: bytes | None
    previous_id: int | None
    """The event before about the same thing."""
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An entry of a journal that names an event or a call. `data` is JSON."""

    venue: str
    seq: int
    at: datetime
    kind: str
    actor: str
    booking_id: int | None
    block_id: int | None
    push_id: int | None
    inbox_id: int | None
    data: str
    listing: str | None
    channel: str | None


async def page(
    pool: asyncpg.Pool, wanted: EventFilter, before: int | None, limit: int
) -> list[EventRow]:
    """Newest first, those with ids below `before`. Raises TimeoutError."""
    found = await chosen(pool, _SQL["page"], *astuple(wanted), before, limit)
    return [EventRow(**dict(row)) for row in found]


async def count(pool: asyncpg.Pool, wanted: EventFilter) -> int:
    """How many there are, counted to one more than `MOST_COUNTED`. Raises TimeoutError."""
    found = await chosen(pool, _SQL["count"], *astuple(wanted), MOST_COUNTED + 1)
    return int(found[0]["count"])


async def chosen(pool: asyncpg.Pool, query: str, *args: object) -> Sequence[asyncpg.Record]:
    """Rows by a filter of many parts that may be left out, planned for those that are not.

    Postgres would soon use one plan for all of them, and read the whole table with it.
    """
    async with (
        asyncio.timeout(PATIENCE),
        pool.acquire() as connection,
        connection.transaction(readonly=True),
    ):
        await connection.execute("set local plan_cache_mode = force_custom_plan")
        return list(await connection.fetch(query, *args))


async def one(pool: asyncpg.Pool, event_id: int) -> EventDetail | None:
    """None: there is no such event."""
    found = await fetched(pool, EventDetail, _SQL["one"], event_id)
    return found[0] if found else None


async def effects(pool: asyncpg.Pool, event_id: int) -> list[Effect]:
    """What was decided because of it, oldest first."""
    return await fetched(pool, Effect, _SQL["effects"], event_id, MOST_EFFECTS)


async def accounts(pool: asyncpg.Pool) -> Sequence[str]:
    """The names of all accounts, in service or not."""
    async with asyncio.timeout(PATIENCE):
        return [row["name"] for row in await pool.fetch(_SQL["accounts"])]
