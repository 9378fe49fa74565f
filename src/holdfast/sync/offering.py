"""offering: what listings sell is read: around taken time when a decision waits for it, else stretch by stretch."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from holdfast.budget import Spender
from holdfast.channel import Limited
from holdfast.inventory.model import Span
from holdfast.inventory.timetable import Timetable, is_near
from holdfast.store import readings
from holdfast.store.readings import Reading, Settled
from holdfast.store.schedule import Probe
from holdfast.sync.parts import Account, Parts
from holdfast.sync.readings import DAY, NOT_MINE, sum_up, timetable_of
from holdfast.sync.sheets import believe

OTHERS_TRY = 6
"""After so many tries nobody knows the listing: it has left."""


async def read_offers(parts: Parts, account: Account, listing_id: int, window: Span) -> bool:
    """Read what a listing sells and believe it; True: it was read completely. Raises ChannelError."""
    sheet = await account.channel.offers(account.listings[listing_id], window)
    await believe(parts, account, listing_id, sheet)
    if sheet.complete:
        async with parts.pool.acquire() as connection:
            await readings.look(connection, listing_id, window, sheet.read_at)
    return sheet.complete


async def read_stretch(parts: Parts, reading: Reading, account: Account, spender: Spender) -> bool:
    """Read a stretch of a listing's offers; True: completely. Raises ChannelError."""
    async with parts.pool.acquire() as connection:
        table = await timetable_of(connection, parts, account)
    listing_id = reading.listing_id
    if listing_id is None or listing_id not in account.listings:
        async with parts.pool.acquire() as connection:
            await readings.put_off(connection, reading, parts.now() + NOT_MINE, None)
        return False
    window = window_of(reading, account, parts.now())
    complete = window is None or await read_offers(parts, account, listing_id, window)
    async with parts.pool.acquire() as connection:
        after = _after(reading, table, spender, complete=complete)
        await readings.settle(connection, reading, after)
        await sum_up(connection, parts, account, "offers", table)
    return complete


def window_of(reading: Reading, account: Account, now: datetime) -> Span | None:
    """What of a stretch can still be sold; one that is not called by a date begins so many days from now."""
    if reading.during is None:
        return None
    start, end = reading.during.start, reading.during.end
    if reading.place.isdecimal():
        days = account.channel.capabilities.stretch.days
        start = now + int(reading.place) * days * DAY
        end = min(start + days * DAY, now + account.horizon_days * DAY)
    start = max(start, now)
    return Span(start=start, end=end) if start < end else None


def _after(reading: Reading, table: Timetable, spender: Spender, *, complete: bool) -> Settled:
    near = is_near(reading.during, reading.started_at)
    every = table.near_offers if near else table.far_offers
    return Settled(
        due_at=reading.started_at + timedelta(seconds=every),
        page=None,
        pass_began_at=None,
        memo={},
        complete_at=reading.started_at if complete else None,
        cost=max(1, spender.calls),
        every=every,
    )


async def read_probes(parts: Parts, account: Account, probes: Sequence[Probe]) -> None:
    """Read once what several decisions wait for on one listing. Raises ChannelError."""
    listing_id = probes[0].listing_id
    if listing_id not in account.listings and max(p.attempts for p in probes) <= OTHERS_TRY:
        wait = NOT_MINE.total_seconds()
        raise Limited("a process that knows the listing reads it", retry_after=wait)
    start = max(min(probe.window.start for probe in probes), parts.now())
    end = max(probe.window.end for probe in probes)
    if start < end and listing_id in account.listings:
        await read_offers(parts, account, listing_id, Span(start=start, end=end))
