"""What cannot be mapped to a listing of ours: a guest's booking is stored and shown, a block of ours never becomes one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

import asyncpg

from holdfast.inventory.known import Fact
from holdfast.inventory.merge import merge
from holdfast.inventory.model import OCCUPYING, Absent, Seen
from holdfast.metrics import Metrics
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import conflicts, inbox, seats
from holdfast.store.bookings import Origin
from holdfast.store.changes import ChangeSet, unjournaled
from holdfast.sync.alarm import count, shut
from holdfast.sync.decide import Observation, event_of
from holdfast.sync.echoes import turn_out
from holdfast.sync.heard import heard, processed
from holdfast.sync.parts import Account, Parts
from holdfast.sync.turn import written


async def keep_unmapped(parts: Parts, observation: Observation) -> None:
    """A guest's booking that we cannot map to a listing: stored, shown, never lost."""
    account, now = observation.account, parts.now()
    async with parts.pool.acquire() as connection, connection.transaction():
        ours = await is_ours(connection, account, observation.seen)
        outcome, write = ("echo", _let_go) if ours else ("unmapped", _keep)
        async with _where_it_was(connection, observation, now) as changes:
            kept = await write(changes, parts, observation)
        if kept and not observation.inbox_ids:
            await heard(parts, connection, event_of(observation), outcome)
        await inbox.finish(connection, observation.inbox_ids, now, outcome)
    seconds = (now - observation.heard_at).total_seconds()
    events = len(observation.inbox_ids) or int(kept)
    if events:
        processed(parts.metrics, account.channel_name, outcome, seconds, events)


@asynccontextmanager
async def _where_it_was(
    connection: asyncpg.Connection, observation: Observation, now: datetime
) -> AsyncIterator[ChangeSet]:
    """A venue that has left has its journal all the same; what never was at one has none."""
    which = (observation.account.id, observation.seen.external_id)
    venue_id = await booking_store.venue_of_ref(connection, *which)
    venue_id = venue_id or await block_store.venue_of_ref(connection, *which)
    if venue_id is None:
        yield unjournaled(connection)
        return
    async with written(connection, venue_id, observation.via, now) as found:
        yield found.changes


async def is_ours(connection: asyncpg.Connection, account: Account, seen: Seen | Absent) -> bool:
    """Whether we placed it ourselves: it carries a marker of ours, or a block of ours has its id."""
    marker = seen.marker if isinstance(seen, Seen) else None
    if marker is not None:
        return True
    block = await block_store.by_echo(connection, account.id, seen.external_id, marker)
    return block is not None


async def _let_go(changes: ChangeSet, parts: Parts, observation: Observation) -> bool:
    """Its venue is not served any more: only what cannot be wrong is written. False: no guest's booking is kept."""
    seen, account, now = observation.seen, observation.account, parts.now()
    await turn_out(changes, parts.metrics, (account.id, seen.external_id), now)
    if isinstance(seen, Seen) and seen.status in OCCUPYING:
        return False
    block = await block_store.by_echo(changes.connection, account.id, seen.external_id, None)
    if block is not None and not block.flying and seen.read_at >= block.changed_at:
        await block_store.gone(changes, block.id, now)
    return False


async def _keep(changes: ChangeSet, parts: Parts, observation: Observation) -> bool:
    """True: it is new, or has changed."""
    seen, account, now = observation.seen, observation.account, parts.now()
    known = await booking_store.by_ref(changes.connection, account.id, seen.external_id)
    merged = merge(known, None, seen)
    if merged.fact is None:
        return False
    origin = Origin(
        venue_id=None,
        listing_id=None,
        account_id=account.id,
        channel=account.channel_name,
        external_id=seen.external_id,
    )
    fact = replace(merged.fact, listing=None)
    kept = (origin, fact, observation.guest)
    booking_id = await booking_store.keep(changes, known, kept, now)
    if booking_id is not None:
        await _tell(changes, parts.metrics, observation, (booking_id, fact), now)
    return booking_id is not None


async def _tell(
    changes: ChangeSet,
    metrics: Metrics,
    observation: Observation,
    what: tuple[int, Fact],
    now: datetime,
) -> None:
    """A person should map it; nobody needs to once it is over."""
    booking_id, fact = what
    if fact.status not in OCCUPYING:
        over = await conflicts.about(changes.connection, booking_id, ["unmapped"])
        await shut(changes, metrics, over, now, "the booking is over")
        return
    evidence: dict[str, object] = {
        "account": observation.account.name,
        "ref": observation.seen.external_id,
        "status": fact.status,
        "start": fact.span.start.isoformat() if fact.span else None,
        "end": fact.span.end.isoformat() if fact.span else None,
        "made_at": fact.made_at.isoformat() if fact.made_at else None,
        "heard_at": observation.heard_at.isoformat(),
        "read_at": fact.read_at.isoformat(),
    }
    conflict = seats.NewConflict(
        venue_id=None, kind="unmapped", opened_at=now, booking_id=booking_id, evidence=evidence
    )
    opened = await seats.open_conflict(changes, conflict)
    if opened is not None:
        count(metrics, conflict.kind, opened)
