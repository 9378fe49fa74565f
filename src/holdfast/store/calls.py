"""What goes out: every wanted call, its tries, and what stands behind it, as typed rows. Read only."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import asyncpg

from holdfast.store.events import MOST_COUNTED, MOST_EFFECTS, Effect, chosen
from holdfast.store.queries import load
from holdfast.store.stories import Try
from holdfast.store.typed import fetched

_SQL = load("calls")

OPEN = ("waiting", "in_flight", "unknown", "shadow")
"""States of a call that is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls; None asks for all. `states` None: whatever their state; `dropped`: given up for good or not."""

    states: tuple[str, ...] | None = None
    dropped: bool | None = None
    account: str | None = None
    call: str | None = None
    since: datetime | None = None
    ended: datetime | None = None
    """Those that ended after it."""
    queue: str | None = None
    """Of those that are not over, where they stand, as operations count them."""

    @property
    def waiting(self) -> bool:
        """Whether only calls are asked for that are not over: of these the oldest comes first."""
        return self.states is not None and set(self.states) <= set(OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One wanted call. `starts_at` is of the time concerned."""

    id: int
    venue: str
    timezone: str
    account: str
    channel: str
    mode: str
    listing: str | None
    call: str
    state: str
    outcome: str | None
    error: str | None
    reason: str | None
    attempts: int
    starts_at: datetime
    wished_at: datetime
    due_at: datetime
    settled_at: datetime | None
    block_id: int | None
    booking_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDetail(CallRow):
    """With what stands behind it. `because` are the bookings; `newer` a call about the same thing since."""

    because: Sequence[int]
    wants: str | None
    stands: str | None
    external_id: str | None
    ends_at: datetime | None
    closed_at: datetime | None
    newer: int | None


async def page(
    pool: asyncpg.Pool, wanted: CallFilter, after: int | None, limit: int
) -> list[CallRow]:
    """Open ones oldest first, others newest first; those behind `after`. Raises TimeoutError."""
    query = "waiting" if wanted.waiting else "page"
    found = await chosen(pool, _SQL[query], *astuple(wanted), after, limit)
    return [CallRow(**dict(row)) for row in found]


async def count(pool: asyncpg.Pool, wanted: CallFilter) -> int:
    """How many there are, counted to one more than `MOST_COUNTED`. Raises TimeoutError."""
    found = await chosen(pool, _SQL["count"], *astuple(wanted), MOST_COUNTED + 1)
    return int(found[0]["count"])


async def one(pool: asyncpg.Pool, push_id: int) -> CallDetail | None:
    """None: there is no such call."""
    found = await fetched(pool, CallDetail, _SQL["one"], push_id)
    return found[0] if found else None


async def tries(pool: asyncpg.Pool, push_id: int) -> list[Try]:
    """Oldest first."""
    return await fetched(pool, Try, _SQL["tries"], push_id)


async def effects(pool: asyncpg.Pool, push_id: int) -> list[Effect]:
    """What was decided because of it, oldest first."""
    return await fetched(pool, Effect, _SQL["effects"], push_id, MOST_EFFECTS)
