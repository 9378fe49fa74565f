"""poll: each account is read by itself, in lanes side by side: bookings, offers that a decision waits for, offers of the
near days, and all that can wait. No lane waits for another, and no account for another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog

from holdfast.budget import spending
from holdfast.channel import ChannelError, Limited
from holdfast.inventory.backoff import pause
from holdfast.inventory.shares import Use
from holdfast.store import readings, schedule
from holdfast.store.readings import Lane, Reading
from holdfast.store.schedule import Probe
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.audit import audit_standing
from holdfast.sync.lists import read_page
from holdfast.sync.offering import read_probes, read_stretch
from holdfast.sync.outcome import failure_of
from holdfast.sync.parts import Account, Parts
from holdfast.sync.readings import sum_up, timetable_of
from holdfast.sync.unreadable import keep_raw

log = structlog.get_logger()

KEEP_SECONDS = 8.0
"""Between two renewals of a reading's lease of 30 seconds."""

AGAIN_SECONDS = 1.0
"""After another worker tries whether the provider answers."""

LONGEST_PAUSE = 300.0
"""Seconds: so often at least it is tried whether what failed can be read."""


async def read_bookings(parts: Parts, account: Account) -> int:
    """One page of a list of bookings, if one is due."""
    return await _read_one(parts, account, "bookings", "bookings")


async def read_near_offers(parts: Parts, account: Account) -> int:
    """One stretch of the offers of the next days, if one is due."""
    return await _read_one(parts, account, "offers", "offers")


async def read_background(parts: Parts, account: Account) -> int:
    """One page of the past or one stretch of later offers, if one is due; else the audit, if it is."""
    done = await _read_one(parts, account, "background", "audit")
    return done or await _audit(parts, account)


async def read_probed(parts: Parts, account: Account) -> int:
    """The offers that decisions about one listing wait for."""
    async with parts.pool.acquire() as connection:
        probes = await schedule.claim_probes(connection, account.id, parts.now(), parts.holder)
    if not probes:
        return 0
    try:
        await _probe(parts, account, probes)
    except asyncio.CancelledError:
        async with parts.pool.acquire() as connection:
            await schedule.probes_later(connection, probes, parts.now())
        raise
    return len(probes)


async def _probe(parts: Parts, account: Account, probes: Sequence[Probe]) -> None:
    error: ChannelError | None = None
    keep = _each(parts, probes)
    try:
        async with _kept(parts, keep), account.breaker.passing("in", 1) as go:
            if not go.room:
                raise Limited("another call tries whether it answers", retry_after=AGAIN_SECONDS)
            with spending("probes"):
                await read_probes(parts, account, probes)
    except ChannelError as caught:
        error = caught
    async with parts.pool.acquire() as connection:
        if error is None:
            await schedule.end_probes(connection, probes)
            return
        attempts = max(probe.attempts for probe in probes)
        wait = _pause(parts, error, attempts)
        await schedule.probes_later(connection, probes, parts.now() + timedelta(seconds=wait))


def _each(parts: Parts, probes: Sequence[Probe]) -> Callable[[], Awaitable[None]]:
    async def keep() -> None:
        async with parts.pool.acquire() as connection:
            await schedule.keep_probes(connection, probes)

    return keep


async def _read_one(parts: Parts, account: Account, lane: Lane, use: Use) -> int:
    async with parts.pool.acquire() as connection:
        reading = await readings.claim(connection, parts.now(), account.id, lane, parts.holder)
    if reading is None:
        return 0

    async def keep() -> None:
        async with parts.pool.acquire() as connection:
            await readings.keep(connection, reading)

    try:
        async with _kept(parts, keep), account.breaker.passing("in", 1) as go:
            if go.room:
                await _follow(parts, reading, account, use)
                return 1
    except asyncio.CancelledError:
        await _give_back(parts, reading)
        raise
    await _give_back(parts, reading)  # another tries just now whether it answers
    return 0


async def _give_back(parts: Parts, reading: Reading) -> None:
    async with parts.pool.acquire() as connection:
        await readings.give_back(connection, reading)


@asynccontextmanager
async def _kept(parts: Parts, keep: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """The lease lasts as long as the reading: not less, however slow, and hardly more, however it ends."""
    keeping = asyncio.create_task(_keep(parts, keep))
    try:
        yield
    finally:
        keeping.cancel()


async def _keep(parts: Parts, keep: Callable[[], Awaitable[None]]) -> None:
    while True:
        await parts.clock.sleep(KEEP_SECONDS)
        with suppress(*DATABASE_TROUBLE):
            await keep()


async def _follow(parts: Parts, reading: Reading, account: Account, use: Use) -> None:
    outcome = "error"
    try:
        with spending(use) as spender:
            if reading.task == "offers":
                complete = await read_stretch(parts, reading, account, spender)
            else:
                complete = await read_page(parts, reading, account)
        outcome = "complete" if complete else "partial"
    except Limited as error:  # the budget is needed elsewhere: no failure
        outcome = "skipped"
        await _put_off(parts, reading, _pause(parts, error, reading.failures), None)
    except ChannelError as error:
        await keep_raw(parts, account, None, error)
        if reading.failures == 0:
            log.warning("poll_failed", account=account.name, task=reading.task, error=str(error))
        wait = min(_pause(parts, error, reading.failures), _until_tried(parts, account))
        await _put_off(parts, reading, wait, f"{failure_of(error)}: {error}")
        await _summed_up(parts, account, reading)
    parts.metrics.poll_runs.of(channel=account.channel_name, outcome=outcome).inc()


def _pause(parts: Parts, error: ChannelError, failures: int) -> float:
    told = error.retry_after if isinstance(error, Limited) else None
    wait = pause(failure_of(error), failures, parts.random.random(), told)
    return min(wait or LONGEST_PAUSE, LONGEST_PAUSE)


def _until_tried(parts: Parts, account: Account) -> float:
    """Seconds until its breaker lets a call through, so that there is one that tries."""
    at: datetime | None = account.breaker.retry_at("in")
    return LONGEST_PAUSE if at is None else max(0.0, (at - parts.now()).total_seconds())


async def _put_off(parts: Parts, reading: Reading, seconds: float, error: str | None) -> None:
    async with parts.pool.acquire() as connection:
        due = parts.now() + timedelta(seconds=seconds)
        await readings.put_off(connection, reading, due, error)


async def _summed_up(parts: Parts, account: Account, reading: Reading) -> None:
    async with parts.pool.acquire() as connection:
        table = await timetable_of(connection, parts, account)
        await sum_up(connection, parts, account, reading.task, table)


async def _audit(parts: Parts, account: Account) -> int:
    """Record how an account stands, from what was read of it."""
    async with parts.pool.acquire() as connection:
        cursor = await schedule.claim(connection, parts.now(), [account.id], parts.holder)
    if cursor is None:
        return 0
    complete = await audit_standing(parts, account)
    due = parts.now() + timedelta(seconds=account.audit_seconds)
    async with parts.pool.acquire() as connection:
        await schedule.settle(connection, cursor, due, complete)
    return 1
