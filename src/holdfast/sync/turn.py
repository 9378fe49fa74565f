"""A turn: one transaction under one venue's lock, in which everything about it is decided."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import ParamSpec

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store import journal
from holdfast.store.changes import ChangeSet
from holdfast.store.journal import Entry, Head
from holdfast.sync.parts import Parts, Premises

Asked = ParamSpec("Asked")


def again_after_a_migration(
    work: Callable[Asked, Awaitable[None]],
) -> Callable[Asked, Awaitable[None]]:
    """For work of one turn: a migration voids what a connection had prepared, and so undoes the turn once.

    Without this, whatever the turn was to settle would wait for its lease to lapse.
    """

    @wraps(work)
    async def worked(*args: Asked.args, **kwargs: Asked.kwargs) -> None:
        try:
            await work(*args, **kwargs)
        except asyncpg.InvalidCachedStatementError:
            await work(*args, **kwargs)

    return worked


@dataclass(slots=True, kw_only=True)
class Turn:
    """What is gathered in it: journal entries, and the stretches of time that must be planned anew."""

    parts: Parts
    connection: asyncpg.Connection
    changes: ChangeSet
    """Takes every write to bookings, allocations, blocks and conflicts."""
    premises: Premises
    now: datetime
    actor: str
    heard_at: datetime
    """When we first heard of what this turn answers; propagation is measured from it."""
    entries: list[Entry] = field(default_factory=list)
    seeds: list[Span] = field(default_factory=list)
    stood: list[Span] = field(default_factory=list)
    """Where blocks of ours stand now that were wanted there: what is wanted stays as it was."""
    freed: set[int] = field(default_factory=set)
    """Bookings that may have units that they need no more."""

    read: dict[int, Span] = field(default_factory=dict)
    """By listing, what of its offers was read completely just now."""

    calling: set[int] = field(default_factory=set)
    """Accounts of which a call is wanted."""

    may_probe: bool = True
    """False while offers that were just read are taken over: asking for them again would never end."""

    def touch(self, *spans: Span | None) -> None:
        """These stretches of time changed."""
        self.seeds += [span for span in spans if span is not None]

    def note(self, kind: str, data: Mapping[str, object], **about: int | None) -> None:
        """An entry for the journal; `about` names booking_id, block_id, push_id or inbox_id."""
        self.entries.append(Entry(kind=kind, actor=self.actor, at=self.now, data=data, **about))


@asynccontextmanager
async def turn(
    parts: Parts, venue_id: int, actor: str, heard_at: datetime | None = None
) -> AsyncIterator[Turn]:
    """Take the venue's lock, decide, commit; the workers are woken after the commit. Raises OutOfService."""
    parts.venue(venue_id)
    async with parts.pool.acquire() as connection, connection.transaction():
        head = await journal.lock_venue(connection, venue_id)
        premises = await _as_configured(parts, connection, head)
        now, changes = parts.now(), ChangeSet(connection)
        current = Turn(
            parts=parts,
            connection=connection,
            changes=changes,
            premises=premises,
            now=now,
            actor=actor,
            heard_at=heard_at or now,
        )
        yield current
        await journal.append(connection, head, changes.told(current.entries, actor, now))
    parts.wake(*(("deliver", account) for account in current.calling))


async def _as_configured(parts: Parts, connection: asyncpg.Connection, head: Head) -> Premises:
    """The venue as it is configured now: a process that is behind would free what only a newer listing needs."""
    known = parts.venue(head.venue_id).configured_at
    if known is not None and known != head.configured_at:
        await parts.follow(connection)
    return parts.venue(head.venue_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What is written at a venue where nothing is decided, and the entries that tell of it."""

    changes: ChangeSet
    entries: list[Entry] = field(default_factory=list)


@asynccontextmanager
async def written(
    connection: asyncpg.Connection, venue_id: int, actor: str, now: datetime
) -> AsyncIterator[Written]:
    """Take the venue's lock, in service or not, within a transaction; what is written goes into its journal."""
    head = await journal.lock_venue(connection, venue_id)
    found = Written(changes=ChangeSet(connection))
    yield found
    await journal.append(connection, head, found.changes.told(found.entries, actor, now))
