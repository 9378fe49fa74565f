"""Bookings that cannot be mapped to a listing of ours: stored, shown, never lost, and freeing nothing."""

from dataclasses import replace
from datetime import datetime

import asyncpg

from holdfast.inventory.known import Fact
from holdfast.inventory.merge import merge
from holdfast.inventory.model import OCCUPYING
from holdfast.metrics import Metrics
from holdfast.store import bookings as booking_store
from holdfast.store import conflicts, inbox, seats
from holdfast.store.bookings import Origin
from holdfast.sync.alarm import count, shut
from holdfast.sync.decide import Observation
from holdfast.sync.heard import processed
from holdfast.sync.parts import Parts


async def keep_unmapped(parts: Parts, observation: Observation) -> None:
    """A booking that we cannot map to a listing: stored, shown, never lost."""
    seen, account, now = observation.seen, observation.account, parts.now()
    async with parts.pool.acquire() as connection, connection.transaction():
        known = await booking_store.by_ref(connection, account.id, seen.external_id)
        merged = merge(known, None, seen)
        if merged.fact is not None:
            origin = Origin(
                venue_id=None,
                listing_id=None,
                account_id=account.id,
                channel=account.channel_name,
                external_id=seen.external_id,
            )
            fact = replace(merged.fact, listing=None)
            kept = (origin, fact, observation.guest)
            booking_id = await booking_store.keep(connection, known, kept, now)
            if booking_id is not None:
                await _tell(connection, parts.metrics, observation, (booking_id, fact), now)
        await inbox.finish(connection, observation.inbox_ids, now, "unmapped")
    seconds = (now - observation.heard_at).total_seconds()
    processed(
        parts.metrics, account.channel_name, "unmapped", seconds, len(observation.inbox_ids) or 1
    )


async def _tell(
    connection: asyncpg.Connection,
    metrics: Metrics,
    observation: Observation,
    what: tuple[int, Fact],
    now: datetime,
) -> None:
    """A person should map it; nobody needs to once it is over."""
    booking_id, fact = what
    if fact.status not in OCCUPYING:
        over = await conflicts.about(connection, booking_id, ["unmapped"])
        await shut(connection, metrics, over, now, "the booking is over")
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
    opened = await seats.open_conflict(connection, conflict)
    if opened is not None:
        count(metrics, conflict.kind, opened)
