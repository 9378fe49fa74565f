"""The read model of the metrics: how much of each kind there is now, and since when."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.store.reading import IN_DOUBT, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxTally:
    """Unprocessed events in one state; `since` is when the oldest came in."""

    channel: str
    state: str
    amount: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTally:
    """Unsettled pushes in one state; `since` is when the oldest was wished."""

    target: str
    call: str
    state: str
    amount: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTally:
    """Blocks that stand, in one state; `since` is the soonest moment at which a hold may lapse."""

    channel: str
    state: str
    amount: int
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictTally:
    """Open conflicts of a kind; `since` is when the oldest that does not rest was opened."""

    kind: str
    amount: int
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTally:
    """When the account longest without a complete poll had its last."""

    channel: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTally:
    """Accounts of a channel in one mode; `heard_at` is when a webhook of any of them was last accepted."""

    channel: str
    mode: str
    amount: int
    braked: int
    heard_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadTally:
    """Pushes of a channel that were given up, and nothing was tried since."""

    channel: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseTally:
    """Accounts of a channel whose `intake` or `pushes` a person holds back."""

    channel: str
    direction: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerTally:
    """Accounts of a channel that answer no reads (`in`) or writes (`out`)."""

    channel: str
    direction: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTally:
    """Differences of a kind that the last audits of a channel's accounts left."""

    channel: str
    kind: str
    amount: int


async def inbox_tally(pool: asyncpg.Pool) -> list[InboxTally]:
    """By channel and state."""
    return await rows(pool, InboxTally, "inbox_tally")


async def push_tally(pool: asyncpg.Pool) -> list[PushTally]:
    """By channel, call and state."""
    return await rows(pool, PushTally, "push_tally")


async def block_tally(pool: asyncpg.Pool, now: datetime) -> list[BlockTally]:
    """By channel and state."""
    return await rows(pool, BlockTally, "block_tally", now)


async def conflict_tally(pool: asyncpg.Pool, now: datetime) -> list[ConflictTally]:
    """By kind."""
    return await rows(pool, ConflictTally, "conflict_tally", now)


async def poll_tally(pool: asyncpg.Pool) -> list[PollTally]:
    """By channel."""
    return await rows(pool, PollTally, "poll_tally")


async def account_tally(pool: asyncpg.Pool) -> list[AccountTally]:
    """By channel and mode."""
    return await rows(pool, AccountTally, "account_tally")


async def dead_tally(pool: asyncpg.Pool, after: datetime) -> list[DeadTally]:
    """By channel, of those given up since."""
    return await rows(pool, DeadTally, "dead_tally", after)


async def pause_tally(pool: asyncpg.Pool) -> list[PauseTally]:
    """By channel and direction."""
    return await rows(pool, PauseTally, "pause_tally")


async def breaker_tally(pool: asyncpg.Pool, now: datetime) -> list[BreakerTally]:
    """By channel and direction."""
    return await rows(pool, BreakerTally, "breaker_tally", now - IN_DOUBT)


async def audit_tally(pool: asyncpg.Pool) -> list[AuditTally]:
    """By channel and kind."""
    return await rows(pool, AuditTally, "audit_tally")


async def audited_tally(pool: asyncpg.Pool) -> list[PollTally]:
    """By channel, when the account longest without a complete audit had its last."""
    return await rows(pool, PollTally, "audited_tally")
