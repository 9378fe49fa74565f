"""absorb: hints from the inbox become one coalesced read each, and the reads become decisions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from holdfast.budget import spending
from holdfast.channel import ChannelError, Limited
from holdfast.inventory.backoff import Failure, pause
from holdfast.inventory.model import Absent, Seen
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import inbox
from holdfast.store.inbox import Claimed
from holdfast.store.trouble import DATABASE_TROUBLE, REFUSED_VALUES
from holdfast.sync.brake import believed
from holdfast.sync.decide import Observation, decide, venue_of
from holdfast.sync.doubts import beyond_doubt
from holdfast.sync.heard import processed, says_it_ended
from holdfast.sync.outcome import failure_of
from holdfast.sync.parts import ECHO, Account, Parts
from holdfast.sync.unmapped import keep_unmapped
from holdfast.sync.unreadable import keep_partly_read, keep_raw, name_events, nameless, set_aside

log = structlog.get_logger()

BATCH = 32
"""Bookings. Read eight at a time they are done before their lease is over, though each takes its channel 5 s."""

READS_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """All the rows of a batch that ask for the same booking."""

    account: Account
    ref: str
    rows: Sequence[Claimed]

    @property
    def ids(self) -> tuple[int, ...]:
        """The inbox rows."""
        return tuple(row.id for row in self.rows)

    @property
    def heard_at(self) -> datetime:
        """When the first of them came in."""
        return min(row.received_at for row in self.rows)

    @property
    def latest(self) -> datetime:
        """When the last of them came in."""
        return max(row.received_at for row in self.rows)


async def absorb(parts: Parts, account: Account) -> int:
    """Take an account's riskiest news, as many as may be read just now, and read each booking once.

    Decides venue by venue; returns how many were taken. Who in doubt answers, the breaker is asked about.
    """
    room = min(BATCH, await account.budget.left("read", "hints"))
    if room <= 0:
        return 0
    async with parts.pool.acquire() as connection:
        rows = await inbox.claim_undoubted(connection, account.id, parts.now(), room, parts.holder)
    if rows is not None:
        account.breaker.undoubted()
        return await _work(parts, account, rows)
    async with account.breaker.passing("in", room) as go:
        return await _round(parts, account, go.room) if go.room else 0


async def _round(parts: Parts, account: Account, room: int) -> int:
    async with parts.pool.acquire() as connection:
        rows = await inbox.claim(connection, account.id, parts.now(), room, parts.holder)
    return await _work(parts, account, rows)


async def _work(parts: Parts, account: Account, rows: Sequence[Claimed]) -> int:
    if not rows:
        return 0
    await name_events(parts, account, rows)
    for outcome, those in nameless(rows).items():
        await _finish(parts, account, those, outcome)
    errands = _by_booking(account, rows)
    enough = asyncio.Semaphore(READS_AT_ONCE)
    observations = await asyncio.gather(*(_read(parts, errand, enough) for errand in errands))
    read = [o for o in observations if o is not None]
    await apply(parts, await believed(parts, account, read))
    return len(rows)


def _by_booking(account: Account, rows: Sequence[Claimed]) -> list[Errand]:
    """One read for all the rows that ask for the same booking."""
    asked: dict[str, list[Claimed]] = {}
    for row in rows:
        if row.ref is not None:
            asked.setdefault(row.ref, []).append(row)
    return [Errand(account=account, ref=ref, rows=group) for ref, group in asked.items()]


async def _read(parts: Parts, errand: Errand, enough: asyncio.Semaphore) -> Observation | None:
    known = errand.rows[0]  # all rows of a booking were told the same of it
    if known.read_at is not None and errand.latest < known.read_at:
        await _finish(parts, errand.account, errand.rows, "noop")  # read since, for another reason
        return None
    listing, venue_id = place_of(errand.account, known.listing_id)
    async with enough:
        if _is_echo(parts, errand):
            await _finish(parts, errand.account, errand.rows, "echo")
            return None
        try:
            with spending("hints"):
                seen = await errand.account.channel.fetch(errand.ref, listing)
        except ChannelError as error:
            await keep_raw(parts, errand.account, errand.ref, error)
            await _later(parts, errand, error)
            return None
    await keep_partly_read(parts, errand.account, [seen])
    return _observation(errand, seen, venue_id)


def _is_echo(parts: Parts, errand: Errand) -> bool:
    """A webhook about a block of ours that we are just calling about, or just have: it tells us of ourselves.

    Should it have told of somebody else's act at that very moment, the next poll finds it.
    """
    if any(row.via != "webhook" for row in errand.rows):
        return False
    known = errand.rows[0]
    if known.read_at is not None:
        return False  # it was taken for a guest's booking: that must be put right
    ends = [known.ours_at, parts.placed.get((errand.account.id, errand.ref))]
    return known.ours_flies or any(at is not None and errand.latest < at + ECHO for at in ends)


def _observation(errand: Errand, seen: Seen | Absent, venue_id: int | None) -> Observation:
    return Observation(
        account=errand.account,
        seen=seen,
        via=errand.rows[0].via,
        heard_at=errand.heard_at,
        inbox_ids=errand.ids,
        venue_id=venue_id,
        said_at=max((row.received_at for row in errand.rows if says_it_ended(row)), default=None),
    )


def place_of(account: Account, listing_id: int | None) -> tuple[str | None, int | None]:
    """A listing's name and its venue, as far as the account still has it."""
    listing = account.listings.get(listing_id or 0)
    return listing.name if listing else None, account.venues.get(listing_id or 0)


async def _finish(parts: Parts, account: Account, rows: Sequence[Claimed], outcome: str) -> None:
    if not rows:
        return
    now = parts.now()
    async with parts.pool.acquire() as connection:
        await inbox.finish(connection, [row.id for row in rows], now, outcome)
    for row in rows:
        seconds = (now - row.received_at).total_seconds()
        processed(parts.metrics, account.channel_name, outcome, seconds)


async def _later(parts: Parts, errand: Errand, error: ChannelError) -> None:
    """The fact stays in the inbox; what came instead of an answer is shown with it."""
    told = error.retry_after if isinstance(error, Limited) else None
    failure = failure_of(error)
    attempts = max(_in_a_row(row, failure) for row in errand.rows)
    seconds = pause(failure, attempts, parts.random.random(), told) or 300.0
    due = parts.now() + timedelta(seconds=seconds)
    log.warning("read_failed", account=errand.account.name, failure=failure, attempts=attempts)
    async with parts.pool.acquire() as connection:
        await inbox.later(connection, errand.ids, due, f"{failure}: {error}", attempts)


def _in_a_row(row: Claimed, failure: Failure) -> int:
    """A wait grows with failures of one kind only."""
    alike = row.error is None or row.error.startswith(f"{failure}: ")
    return row.attempts if alike else 1


async def apply(parts: Parts, observations: Sequence[Observation]) -> None:
    """Decide venue by venue what is beyond doubt; what maps to none is kept as unmapped."""
    by_venue: dict[int, list[Observation]] = {}
    for observation in await beyond_doubt(parts, observations):
        venue_id = await venue_for(parts, observation)
        if venue_id is None:
            await _one_by_one_if_need_be(parts, partial(_keep_unmapped, parts), [observation])
        else:
            by_venue.setdefault(venue_id, []).append(observation)
    for venue_id, group in by_venue.items():
        await _one_by_one_if_need_be(parts, partial(decide, parts, venue_id), group)


async def _one_by_one_if_need_be(
    parts: Parts, act: Callable[[Sequence[Observation]], Awaitable[None]], on: Sequence[Observation]
) -> None:
    """What cannot be decided on hurts only itself: then the others are decided without it."""
    try:
        await act(on)
    except Exception as error:
        if isinstance(error, DATABASE_TROUBLE) and not isinstance(error, REFUSED_VALUES):
            raise
        if len(on) == 1:
            await set_aside(parts, on[0], error)
            return
        for observation in on:
            await _one_by_one_if_need_be(parts, act, [observation])


async def _keep_unmapped(parts: Parts, observations: Sequence[Observation]) -> None:
    for observation in observations:
        await keep_unmapped(parts, observation)


async def venue_for(parts: Parts, observation: Observation) -> int | None:
    """Where it belongs: by its listing, by what we know of it, or because it is a block of ours."""
    venue_id = venue_of(parts, observation.account, observation.seen) or observation.venue_id
    if venue_id is not None:
        return venue_id
    where = (observation.account.id, observation.seen.external_id)
    async with parts.pool.acquire() as connection:
        ours = await block_store.venue_of_ref(connection, *where)
        known = ours or await booking_store.venue_of_ref(connection, *where)
    return known if known in parts.premises else None
