"""restored: a store from a backup does not know what it did since. Whatever it was about to do, it asks first."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.plan import risk
from holdfast.store import conflicts as conflict_store
from holdfast.store import lineage, pushes
from holdfast.store import restored as restored_store
from holdfast.store.changes import ChangeSet
from holdfast.store.journal import Entry
from holdfast.sync.turn import written

WHY = "the store was restored from a backup; what was decided since is not known"


@dataclass(slots=True, kw_only=True)
class Doubts:
    """How many blocks are looked for at their channels, and how many decisions are open again."""

    blocks: int = 0
    decisions: int = 0


async def doubt(pool: asyncpg.Pool, now: datetime, who: str) -> Doubts:
    """A person says that the store went back; see `catch_up`. Twice does no harm."""
    async with pool.acquire() as connection:
        await lineage.declare(connection, now)
    return await catch_up(pool, now, who) or Doubts()


async def catch_up(pool: asyncpg.Pool, now: datetime, who: str) -> Doubts | None:
    """Take back whatever waits or flies, and have everything read anew. None: that was done already.

    Blocks are looked for before they are placed, no guest's booking is cancelled unless a person says so
    again, and no time is freed until every account that sells it was read.
    """
    doubts = Doubts()
    async with pool.acquire() as connection, connection.transaction():
        if not await lineage.is_due(connection):
            return None
        for venue_id in await restored_store.venues(connection):
            await _doubt_venue(connection, venue_id, (now, who), doubts)
        await restored_store.read_all(connection, now)
        await lineage.doubted(connection, now)
    return doubts


async def _doubt_venue(
    connection: asyncpg.Connection, venue_id: int, by: tuple[datetime, str], doubts: Doubts
) -> None:
    now, who = by
    async with written(connection, venue_id, who, now) as found:
        urgency = risk("place", "booked")
        blocks = await restored_store.look_for_blocks(connection, venue_id, now, urgency)
        reopened = await restored_store.stop_policy(found.changes, venue_id)
        for booking_id in await restored_store.being_cancelled(connection, venue_id):
            await pushes.stop_of_booking(connection, booking_id, now)
            reopened += await _reopen(found.changes, booking_id, now)
        told = {"looked_for": blocks, "conflicts": sorted(set(reopened))}
        found.entries.append(Entry(kind="store.restored", actor=who, at=now, data=told))
    doubts.blocks += blocks
    doubts.decisions += len(set(reopened))


async def _reopen(changes: ChangeSet, booking_id: int, now: datetime) -> list[int]:
    resting = list(await conflict_store.resting_on(changes.connection, booking_id))
    why = {"at": now.isoformat(), "why": WHY}
    return [number for number in resting if await conflict_store.reopen(changes, number, why)]
