"""Bookings that cannot be mapped to a listing of ours: stored, shown, never lost, and freeing nothing."""

from dataclasses import replace
from datetime import datetime

import asyncpg

from holdfast.inventory.known import Booking, Fact
from holdfast.inventory.merge import merge
from holdfast.inventory.model import OCCUPYING, Seen
from holdfast.store import bookings as booking_store
from holdfast.store import conflicts, inbox, seats
from holdfast.store.bookings import Origin
from holdfast.sync.decide import Observation
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
            booking_id = await _keep_fact(connection, known, (origin, fact), now)
            if booking_id is not None and isinstance(seen, Seen):
                await booking_store.save_guest(connection, booking_id, seen.guest)
        await inbox.finish(connection, observation.inbox_ids, now, "unmapped")
    parts.metrics.events_processed.of(channel=account.channel_name, outcome="other").inc()


async def _keep_fact(
    connection: asyncpg.Connection,
    known: Booking | None,
    what: tuple[Origin, Fact],
    now: datetime,
) -> int | None:
    if known is None:
        booking_id = await booking_store.insert(connection, *what, now)
    else:
        booking_id = known.id
        await booking_store.update(connection, known, *what, now)
    if what[1].status not in OCCUPYING:
        over = await conflicts.about(connection, booking_id or 0, ["unmapped"])
        await seats.close_conflicts(connection, over, now, "the booking is over")
        return booking_id
    conflict = seats.NewConflict(
        venue_id=None,
        kind="unmapped",
        opened_at=now,
        booking_id=booking_id,
        evidence={"ref": what[0].external_id},
    )
    await seats.open_conflict(connection, conflict)
    return booking_id
