"""lapse: the clock observes. Deadlines that pass are news like any other, and enter by the same doors."""

from datetime import datetime

import asyncpg

from holdfast.channel import HOLD_MARGIN
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import exposures
from holdfast.store.inbox import Incoming
from holdfast.store.journal import Entry
from holdfast.sync.echoes import lose
from holdfast.sync.heard import hear
from holdfast.sync.parts import Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import turn, written


async def lapse(parts: Parts) -> int:
    """Notice guests' holds and our own whose time is over; returns how many."""
    now = parts.now()
    async with parts.pool.acquire() as connection:
        for venue_id in await block_store.past(connection, now):
            await _finish_past(connection, venue_id, now)
        over = await exposures.finish_past(connection, now)
        guests = await booking_store.lapsing(connection, now)
        ours = await block_store.lapsed(connection, now - HOLD_MARGIN)
        if guests:
            await hear(parts, connection, [_ask(account, ref, now) for account, ref in guests])
    for ended in over:
        series = parts.metrics.exposure_duration.of(source=ended.source, target=ended.target)
        series.observe(ended.seconds)
    for venue_id, block_id in ours:
        await _lapsed(parts, venue_id, block_id)
    return len(guests) + len(ours)


async def _finish_past(connection: asyncpg.Connection, venue_id: int, now: datetime) -> None:
    async with connection.transaction(), written(connection, venue_id, "clock", now) as found:
        over = await block_store.finish_past(found.changes, venue_id, now)
        if over:
            found.entries.append(Entry(kind="block.past", actor="clock", at=now, data={"n": over}))


def _ask(account_id: int, ref: str, now: datetime) -> Incoming:
    """A guest's deadline passed: what became of it, the channel must say."""
    return Incoming(
        account_id=account_id, via="clock", ref=ref, raw_type="deadline", received_at=now
    )


async def _lapsed(parts: Parts, venue_id: int, block_id: int) -> None:
    """A hold of ours is over at the latest now: if its source still holds, it is placed again."""
    if venue_id not in parts.premises:  # nothing is placed there any more
        now = parts.now()
        async with (
            parts.pool.acquire() as connection,
            connection.transaction(),
            written(connection, venue_id, "clock", now) as found,
        ):
            await block_store.gone(found.changes, block_id, now)
        return
    async with turn(parts, venue_id, actor="clock") as current:
        block = await block_store.by_id(current.connection, block_id)
        due = block.expires_at is not None and block.expires_at + HOLD_MARGIN <= current.now
        if block.closed or block.flying or block.state != "held" or not due:
            return
        await lose(current, block, "lapsed")
        await replan(current)
