"""What one booking's page tells: its journal with that of its blocks, the calls, and what came in. Read only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.journal import words
from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("stories")

MOST = 500
"""Rows of one kind that a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where and by whom a booking was made; `made_at` is its channel's clock."""

    venue_id: int | None
    account_id: int | None
    made_at: datetime | None
    timezone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the journal; `listing` and `channel` where it is about a block. `data` is JSON."""

    seq: int
    at: datetime
    kind: str
    actor: str
    block_id: int | None
    push_id: int | None
    inbox_id: int | None
    data: str
    listing: str | None
    channel: str | None

    @property
    def words(self) -> str:
        """Its data as it is shown: without the rows that it has for a replay."""
        return words(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A block because of the booking, with the call under way, or else the last one."""

    id: int
    listing: str
    account: str
    channel: str
    mode: str
    starts_at: datetime
    ends_at: datetime
    wants: str
    state: str
    external_id: str | None
    expires_at: datetime | None
    placed_at: datetime | None
    closed_at: datetime | None
    because: Sequence[int]
    push: int | None
    call: str | None
    push_state: str | None
    attempts: int | None
    due_at: datetime | None
    wished_at: datetime | None
    settled_at: datetime | None
    reason: str | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request to a channel; `outcome` None: no answer yet."""

    push_id: int
    number: int
    sent_at: datetime
    settled_at: datetime | None
    outcome: str | None
    failure: str | None
    status: int | None
    detail: str | None
    call: str
    block_id: int | None
    listing: str | None
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What came in about it."""

    id: int
    via: str
    raw_type: str
    received_at: datetime
    done_at: datetime | None
    outcome: str | None
    error: str | None
    attempts: int


async def header(pool: asyncpg.Pool, booking_id: int) -> Header | None:
    """None: there is no such booking."""
    found = await fetched(pool, Header, _SQL["header"], booking_id)
    return found[0] if found else None


async def entries(pool: asyncpg.Pool, booking_id: int, venue_id: int | None) -> list[Entry]:
    """Oldest first."""
    return await fetched(pool, Entry, _SQL["entries"], booking_id, venue_id, MOST)


async def targets(pool: asyncpg.Pool, booking_id: int) -> list[Target]:
    """Those that are over come last."""
    return await fetched(pool, Target, _SQL["targets"], booking_id, MOST)


async def tries(pool: asyncpg.Pool, booking_id: int, blocks: Sequence[int]) -> list[Try]:
    """Oldest first."""
    return await fetched(pool, Try, _SQL["tries"], booking_id, list(blocks), MOST)


async def deliveries(pool: asyncpg.Pool, account_id: int | None, ref: str) -> list[Delivery]:
    """Newest first."""
    return await fetched(pool, Delivery, _SQL["deliveries"], account_id, ref, MOST)
