"""The read model: what screens, API and metrics show, as typed rows. Nothing here writes, nor waits over `PATIENCE`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import asyncpg

from holdfast.inventory.model import Payment, Span, Status
from holdfast.inventory.remedy import Act
from holdfast.store.queries import load
from holdfast.store.typed import Row, fetched, fetched_value

RECENT = timedelta(hours=1)
"""How far back "came in" and "went out" reach."""
IN_DOUBT = timedelta(minutes=10)
"""Where nobody wants to call any more, nobody knows whether it would be answered; then it is not said either."""

HANDLED = timedelta(hours=24)
"""How long a dead push is shown."""
MOST_JOURNAL = 1000

_SQL = load("reading")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRow:
    """A booking without its guest; `units` are those granted, `conflict`: it could not get its own."""

    id: int
    venue: str | None
    listing: str | None
    account: str | None
    channel: str
    external_id: str
    status: Status
    raw_status: str
    payment: Payment
    starts_at: datetime | None
    ends_at: datetime | None
    party_size: int | None
    units: Sequence[str]
    conflict: bool
    version: int
    first_seen_at: datetime
    read_at: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestRow:
    """Who booked; all None once erased."""

    name: str | None
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """One entry of a venue's journal; `data` is JSON."""

    seq: int
    at: datetime
    kind: str
    actor: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRow:
    """One of our blocks; `because` are the bookings that it stands for."""

    id: int
    venue: str
    listing: str
    account: str
    starts_at: datetime
    ends_at: datetime
    wants: str
    state: str
    external_id: str | None
    expires_at: datetime | None
    because: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """What a person should settle; `booking_id` is the side without its units, `decided` an act under way.

    `starts_at` is when its booking or block begins; `auto_at` is when the venue's policy acts by itself.
    """

    id: int
    venue: str | None
    timezone: str | None
    kind: str
    booking_id: int | None
    block_id: int | None
    against_ids: Sequence[int]
    units: Sequence[str]
    starts_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    resolution: str | None
    snoozed_until: datetime | None
    auto_at: datetime | None
    decided: Act | None
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictDetailRow(ConflictRow):
    """With how it arose, as JSON, and why it was decided as it was."""

    reason: str | None
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account now: `webhooks`, `polled` and `done` within `RECENT`, `dead` within `HANDLED`."""

    name: str
    channel: str
    mode: Literal["live", "shadow", "paused"]
    last_webhook_at: datetime | None
    polled_at: datetime | None
    """When a poll was last complete."""
    poll_failures: int
    webhooks: int
    polled: int
    unprocessed: int
    oldest_unprocessed_at: datetime | None
    done: int
    dead: int
    waiting: int
    shadow: int
    oldest_waiting_at: datetime | None
    blocks: int
    soonest_expiry_at: datetime | None
    braked_at: datetime | None
    """Since when nothing is concluded from what is not there any more; None: not braked."""
    brake_reason: str | None
    brake_gone: int | None
    brake_live: int | None
    intake_pause: int | None = None
    """The pause by which a person holds it back; None: it goes on."""
    intake_paused_at: datetime | None = None
    intake_paused_by: str | None = None
    pushes_pause: int | None = None
    pushes_paused_at: datetime | None = None
    pushes_paused_by: str | None = None
    in_open_at: datetime | None = None
    """Since when its provider answers no reads, so that one is tried now and then; None: they go."""
    in_retry_at: datetime | None = None
    in_failure: str | None = None
    out_open_at: datetime | None = None
    """The same of calls that write."""
    out_retry_at: datetime | None = None
    out_failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureRow:
    """An offer still open over time that the bookings `because` have taken on `units`."""

    listing: str
    venue: str
    account: str
    channel: str
    mode: str
    starts_at: datetime
    ends_at: datetime
    read_at: datetime
    because: Sequence[int]
    units: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupiedRow:
    """Time that a channel sells no more although we know nobody there; `trusted`: closed elsewhere."""

    listing: str
    venue: str
    account: str
    channel: str
    trusted: bool
    starts_at: datetime
    ends_at: datetime
    since: datetime
    read_at: datetime
    units: Sequence[str]


async def bookings_by_id(pool: asyncpg.Pool, ids: Sequence[int]) -> dict[int, BookingRow]:
    """Those of them that exist."""
    found = await rows(pool, BookingRow, "bookings_by_id", list(ids))
    return {row.id: row for row in found}


async def guest(pool: asyncpg.Pool, booking_id: int) -> GuestRow | None:
    """Personal data, in clear: mask it before it leaves."""
    found = await rows(pool, GuestRow, "guest", booking_id)
    return found[0] if found else None


async def journal_of_booking(pool: asyncpg.Pool, booking_id: int) -> list[JournalRow]:
    """Oldest first, `MOST_JOURNAL` at most."""
    return await rows(pool, JournalRow, "journal_of_booking", booking_id, MOST_JOURNAL)


async def conflicts_page(
    pool: asyncpg.Pool,
    venue: str | None,
    settled: bool,
    before: int | None,
    limit: int,
    within: Sequence[str] | None = None,
) -> list[ConflictRow]:
    """Newest first; with the `settled` ones if wanted; within some venues, None: all."""
    return await rows(pool, ConflictRow, "conflicts_page", venue, settled, before, limit, within)


async def open_conflicts(pool: asyncpg.Pool, within: Sequence[str] | None = None) -> int:
    """How many there are; within some venues, None: all."""
    return int(await fetched_value(pool, _SQL["open_conflicts"], within))


async def conflicts_settled(
    pool: asyncpg.Pool, before: int | None, limit: int, within: Sequence[str] | None = None
) -> list[ConflictRow]:
    """Only those, newest first; within some venues, None: all."""
    return await rows(pool, ConflictRow, "conflicts_settled", before, limit, within)


async def conflict(pool: asyncpg.Pool, conflict_id: int) -> ConflictDetailRow | None:
    """One, open or settled."""
    found = await rows(pool, ConflictDetailRow, "conflict", conflict_id)
    return found[0] if found else None


async def accounts(pool: asyncpg.Pool, now: datetime) -> list[AccountRow]:
    """Every account in use, by channel and name."""
    return await rows(pool, AccountRow, "accounts", now - RECENT, now - HANDLED, now - IN_DOUBT)


async def exposures(
    pool: asyncpg.Pool,
    span: Span | datetime,
    *,
    venue: str | None = None,
    listing: str | None = None,
) -> list[ExposureRow]:
    """Exposed offers that start within a span, or at any time from an instant on."""
    since, until = (span.start, span.end) if isinstance(span, Span) else (span, None)
    return await rows(pool, ExposureRow, "exposures", since, venue, listing, until)


async def occupied(
    pool: asyncpg.Pool, since: datetime, *, listing: str | None = None
) -> list[OccupiedRow]:
    """What ends after `since`."""
    return await rows(pool, OccupiedRow, "occupied", since, listing)


async def listing_exists(pool: asyncpg.Pool, name: str, within: Sequence[str] | None) -> bool:
    """Whether a listing of this name is known, in use or not; within some venues, None: all."""
    return bool(await fetched_value(pool, _SQL["listing_exists"], name, within))


async def last_beat(pool: asyncpg.Pool) -> datetime | None:
    """When any worker was last heard of; None: never."""
    beat: datetime | None = await fetched_value(pool, _SQL["last_beat"])
    return beat


async def rows(pool: asyncpg.Pool, kind: type[Row], query: str, *args: object) -> list[Row]:
    """All rows of a named query of `reading.sql`, each as a `kind`."""
    return await fetched(pool, kind, _SQL[query], *args)
