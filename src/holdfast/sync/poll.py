"""poll: read what webhooks did not tell. Only differences are decided on; absence is asked after by id."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import asyncpg
import structlog

from holdfast.channel import Announced, ChannelError, Limited, Page
from holdfast.inventory.backoff import pause
from holdfast.inventory.known import There, Told
from holdfast.inventory.merge import is_news
from holdfast.inventory.model import OCCUPYING, Seen, Span
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import inbox, schedule
from holdfast.store.schedule import Cursor, Probe
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.absorb import apply
from holdfast.sync.audit import audit_all
from holdfast.sync.brake import ask_after
from holdfast.sync.decide import Observation
from holdfast.sync.outcome import failure_of
from holdfast.sync.parts import Account, Parts
from holdfast.sync.sheets import believe
from holdfast.sync.unreadable import keep_raw, keep_strange

log = structlog.get_logger()

JITTER = 0.1

KEEP_SECONDS = 8.0
"""Between two renewals of a reading's lease of 30 seconds."""


MAKE_WAY_SECONDS, PATIENCE_ROUNDS = 1.0, 20


async def poll(parts: Parts) -> bool:
    """Do one reading that is due, a probe before a cursor; False: none was due."""
    async with parts.pool.acquire() as connection:
        probe = await schedule.claim_probe(connection, parts.now())
    if probe is not None:
        await _probe_or_give_back(parts, probe)
        return True
    async with parts.pool.acquire() as connection:
        cursor = await schedule.claim(connection, parts.now(), list(parts.accounts))
    if cursor is None:
        return False
    account = parts.accounts[cursor.account_id]
    async with _kept(parts, cursor), account.breaker.passing("in", 1) as go:
        if go.room:
            await _follow(parts, cursor, account)
            return True
    async with parts.pool.acquire() as connection:  # another tries just now whether it answers
        await schedule.give_back(connection, cursor)
    return False


@asynccontextmanager
async def _kept(parts: Parts, cursor: Cursor) -> AsyncIterator[None]:
    """The lease lasts as long as the reading: not less, however slow, and hardly more, however it ends."""
    keeping = asyncio.create_task(_keep(parts, cursor))
    try:
        yield
    except asyncio.CancelledError:
        async with parts.pool.acquire() as connection:
            await schedule.give_back(connection, cursor)
        raise
    finally:
        keeping.cancel()


async def _keep(parts: Parts, cursor: Cursor) -> None:
    while True:
        await parts.clock.sleep(KEEP_SECONDS)
        with suppress(*DATABASE_TROUBLE):
            async with parts.pool.acquire() as connection:
                await schedule.keep(connection, cursor)


async def _follow(parts: Parts, cursor: Cursor, account: Account) -> None:
    error: ChannelError | None = None
    complete = False
    try:
        if cursor.task == "bookings":
            complete = await _bookings(parts, cursor, account)
        elif cursor.task == "audit":
            complete = await audit_all(parts, account)
        else:
            complete = await _all_offers(parts, cursor, account)
    except ChannelError as caught:
        error = caught
        await keep_raw(parts, account, None, error)
    due = _next(parts, cursor, account, error)
    outcome = _outcome(error, complete)
    parts.metrics.poll_runs.of(channel=account.channel_name, outcome=outcome).inc()
    if outcome == "error" and cursor.failures == 0:
        log.warning("poll_failed", account=account.name, task=cursor.task, error=str(error))
    async with parts.pool.acquire() as connection:
        failed, at = (
            f"{failure_of(error)}: {error}" if error and outcome == "error" else None,
            cursor.started_at if complete else None,
        )
        await schedule.settle(connection, cursor, due, failed, at)


def _outcome(error: ChannelError | None, complete: bool) -> str:
    """A reading that the budget had no room for is no failure: calls about blocks go first."""
    if error is None:
        return "complete" if complete else "partial"
    return "skipped" if isinstance(error, Limited) else "error"


def _next(parts: Parts, cursor: Cursor, account: Account, error: ChannelError | None) -> datetime:
    seconds = account.every(cursor.task)
    if error is None:
        jitter = 1 + JITTER * (2 * parts.random.random() - 1)
        return parts.now() + timedelta(seconds=seconds * jitter)
    told = error.retry_after if isinstance(error, Limited) else None
    wait = pause(failure_of(error), cursor.failures, parts.random.random(), told)
    due = parts.now() + timedelta(seconds=min(wait or seconds, 300.0))
    return min(due, account.breaker.retry_at("in") or due)  # so that there is always one that tries


async def _make_way(parts: Parts, account: Account) -> None:
    """Polls use what news and calls leave of the budget. Raises Limited when that is nothing for long."""
    for _ in range(PATIENCE_ROUNDS):
        if await account.budget.left("read", "audit"):
            return
        await parts.clock.sleep(MAKE_WAY_SECONDS)
    raise Limited("the read budget is needed for news", retry_after=MAKE_WAY_SECONDS)


async def _bookings(parts: Parts, cursor: Cursor, account: Account) -> bool:
    """Scan page by page; what a complete scan did not show is read by its id before anything is concluded."""
    window = account.window(cursor.started_at)
    shown: set[str] = set()
    complete = False
    await _make_way(parts, account)
    async for page in account.channel.scan(list(account.listings.values()), window):
        shown |= {seen.external_id for seen in page.bookings}
        await keep_strange(parts, account, page.strange)
        await apply(parts, await _differences(parts, account, page))
        complete = page.complete
        await _make_way(parts, account)
    if complete:
        await _ask_after(parts, account, (window, cursor.started_at), shown)
    return complete


async def _differences(parts: Parts, account: Account, page: Page) -> list[Observation]:
    refs = [seen.external_id for seen in page.bookings]
    async with parts.pool.acquire() as connection:
        known = await booking_store.told_by_refs(connection, account.id, refs)
        news = [s for s in page.bookings if _changed(account, known.get(s.external_id), s)]
        ours = await _ours(connection, account, news)
    different = [
        seen
        for seen in news
        if seen.external_id not in ours or not _as_believed(seen, ours[seen.external_id])
    ]
    theirs = [seen for seen in different if seen.external_id not in ours and seen.marker is None]
    missed = await _missed(parts, account, known, theirs)
    unchanged = len(page.bookings) - len(different)
    results = Counter({"unchanged": unchanged})
    results.update(_result(seen, known, missed) for seen in different)
    for result, amount in results.items():
        parts.metrics.poll_items.of(channel=account.channel_name, result=result).inc(amount)
    return [
        Observation(account=account, seen=seen, via="poll", heard_at=seen.read_at)
        for seen in different
    ]


async def _ours(
    connection: asyncpg.Connection, account: Account, news: Sequence[Seen]
) -> dict[str, There]:
    """Which of them are blocks of ours: those are no bookings to us, and so news whenever they are shown."""
    if not news:
        return {}
    refs = [seen.external_id for seen in news]
    return await block_store.states_by_ref(connection, account.id, refs)


def _result(seen: Seen, known: Mapping[str, Told], missed: set[str]) -> str:
    if seen.external_id in missed:
        return "missed_by_webhook"
    return "changed" if seen.external_id in known else "new"


async def _missed(
    parts: Parts, account: Account, known: Mapping[str, Told], theirs: Sequence[Seen]
) -> set[str]:
    """Changes of a kind that the channel announces, and no webhook told us of."""
    announces = account.channel.capabilities.announces
    made = {
        seen.external_id: None if seen.external_id in known else seen.made_at
        for seen in theirs
        if _announced(seen, seen.external_id in known) in announces
    }
    if not made:
        return set()
    async with parts.pool.acquire() as connection:
        return await inbox.untold(connection, account.id, made)


def _announced(seen: Seen, is_known: bool) -> Announced:
    if seen.status not in OCCUPYING:
        return "cancelled"
    return "updated" if is_known else "created"


def _as_believed(seen: Seen, state: There) -> bool:
    return (seen.status in ("held", "pending") and state == "held") or (
        seen.status in ("confirmed", "seated", "completed") and state == "booked"
    )


def _changed(account: Account, known: Told | None, seen: Seen) -> bool:
    listing = account.listings.get(known.listing_id or 0) if known else None
    return is_news(known, listing.name if listing else None, seen)


async def _ask_after(
    parts: Parts, account: Account, what: tuple[Span, datetime], shown: set[str]
) -> None:
    window, before = what
    listed = account.channel.capabilities.reads_holds
    async with parts.pool.acquire() as connection:
        live = await booking_store.live_refs(connection, account.id, window, before)
        live |= await block_store.live_refs(connection, account.id, window, before, listed)
    await ask_after(parts, account, live, shown)


async def _all_offers(parts: Parts, cursor: Cursor, account: Account) -> bool:
    window = Span(
        start=cursor.started_at,
        end=cursor.started_at + timedelta(days=account.horizon_days),
    )
    done = [
        await read_offers(parts, account, listing_id, window) for listing_id in account.listings
    ]
    return all(done)


async def read_offers(parts: Parts, account: Account, listing_id: int, window: Span) -> bool:
    """Read what a listing sells and believe it; True: it was read completely. Raises ChannelError."""
    await _make_way(parts, account)
    sheet = await account.channel.offers(account.listings[listing_id], window)
    await believe(parts, account, listing_id, sheet)
    return sheet.complete


async def _probe_or_give_back(parts: Parts, probe: Probe) -> None:
    try:
        await _probe(parts, probe)
    except asyncio.CancelledError:
        async with parts.pool.acquire() as connection:
            await schedule.probe_later(connection, probe.id, parts.now())
        raise


async def _probe(parts: Parts, probe: Probe) -> None:
    account = next((a for a in parts.accounts.values() if probe.listing_id in a.listings), None)
    error: ChannelError | None = None
    window = _ahead(probe.window, parts.now())
    if account is not None and window is not None:
        try:
            await _look(parts, account, probe.listing_id, window)
        except ChannelError as caught:
            error = caught
    async with parts.pool.acquire() as connection:
        if error is None:
            await schedule.end_probe(connection, probe.id)
            return
        told = error.retry_after if isinstance(error, Limited) else None
        wait = pause(failure_of(error), probe.attempts, parts.random.random(), told)
        due = parts.now() + timedelta(seconds=wait or 300.0)
        await schedule.probe_later(connection, probe.id, due)


async def _look(parts: Parts, account: Account, listing_id: int, window: Span) -> None:
    """Raises ChannelError."""
    async with account.breaker.passing("in", 1) as go:
        if not go.room:
            raise Limited("another tries just now whether it answers", retry_after=MAKE_WAY_SECONDS)
        await read_offers(parts, account, listing_id, window)


def _ahead(window: Span, now: datetime) -> Span | None:
    """The part of a window that can still be sold."""
    if window.end <= now:
        return None
    return Span(start=max(window.start, now), end=window.end)
