"""deliver: claim a push by lease, call the channel with no transaction open, hand over what it came to."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from holdfast.breaker import Pass
from holdfast.channel import ChannelError, NotSent
from holdfast.inventory.backoff import TRIES_AT_LEAST, Failure, pause
from holdfast.inventory.breaker import Direction
from holdfast.inventory.model import Offer
from holdfast.store import blocks, pushes, worker_locks
from holdfast.store.pushes import Claimed, Try
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.ending import Overtaken, cancel
from holdfast.sync.outcome import (
    Again,
    Circumstances,
    Done,
    Ended,
    FindOut,
    Verdict,
    failure_of,
    judge,
)
from holdfast.sync.parts import Account, Answer, OutOfService, Parts
from holdfast.sync.resolve import resolve
from holdfast.sync.settle import settle
from holdfast.sync.unreadable import keep_raw

log = structlog.get_logger()

AT_ONCE = 8
"""Calls of one account that fly at the same time."""

STATES: Mapping[str, Direction] = {"unknown": "in", "waiting": "out"}
"""What became of a call is found out by reading; what waits, writes."""


BEHIND = 2.0
"""Seconds until a call is tried again that a process with an older configuration took up."""

TOO_LATE = timedelta(seconds=15)
"""Half a lease. Whoever stood still for so long before its call went out makes none: another may find out
meanwhile that there was none, and make it again. Likewise a worker whom others believe dead by now."""


async def recover(parts: Parts) -> int:
    """What a lost worker had in its hands may have been done: find out. Returns how many calls that are."""
    async with parts.pool.acquire() as connection:
        now = parts.now()
        found = await worker_locks.take_over(connection, now)
        if found.workers:
            log.warning("taken_over", workers=found.workers, calls=found.calls)
        return found.calls + await worker_locks.lapse_leases(connection, now)


async def deliver(parts: Parts, account: Account) -> int:
    """Send what is due for a live account, riskiest first, within its budget; returns how many.

    Nothing goes where nobody answers, but for one call now and then.
    """
    room = min(AT_ONCE, await account.budget.left("write"))
    if room <= 0:
        return 0
    wanted = pushes.Wanted(states=list(STATES), limit=room, holder=parts.holder)
    async with parts.pool.acquire() as connection:
        taken_at = parts.now()
        claimed = await pushes.claim_undoubted(connection, account.id, taken_at, wanted)
    if claimed is not None:
        account.breaker.undoubted()
        return await _send_all(parts, account, claimed, taken_at)
    if await account.breaker.is_clear():
        return await _round(parts, account, Pass(room=room), list(STATES))
    for state, direction in STATES.items():
        async with account.breaker.passing(direction, room) as go:
            done = await _round(parts, account, go, [state]) if go.room else 0
        if done:
            return done
    return 0


async def _round(parts: Parts, account: Account, go: Pass, states: list[str]) -> int:
    async with parts.pool.acquire() as connection:
        taken_at = parts.now()
        what = pushes.Wanted(
            states=states, limit=go.room, fresh_first=go.probe, holder=parts.holder
        )
        claimed = await pushes.claim(connection, account.id, taken_at, what)
    return await _send_all(parts, account, claimed, taken_at)


async def _send_all(
    parts: Parts, account: Account, claimed: Sequence[Claimed], taken_at: datetime
) -> int:
    await asyncio.gather(*(_by_itself(parts, account, push, taken_at) for push in claimed))
    return len(claimed)


async def _by_itself(parts: Parts, account: Account, push: Claimed, taken_at: datetime) -> None:
    """A fault of ours hurts the one call that met it: it keeps its lease, and is found out about afterwards."""
    try:
        await _send(parts, account, push, taken_at)
    except DATABASE_TROUBLE:
        raise
    except Exception as error:
        log.error("push_failed", account=account.name, push=push.id, exc_info=error)


async def _send(parts: Parts, account: Account, push: Claimed, taken_at: datetime) -> None:
    if parts.now() - taken_at > TOO_LATE or push.leased_by != parts.holder:
        log.warning("too_late_to_send", account=account.name, push=push.id)
        return
    try:
        if push.was == "unknown":
            verdict, result = await resolve(parts, account, push, push.block, push.external_id)
        else:
            verdict, result = await _call(parts, account, push)
    except DATABASE_TROUBLE:
        raise
    except Exception as error:
        verdict, result = _faulty(parts, account, push, error)
    await settle(parts, Answer(account=account, push=push, verdict=verdict, result=result))


def _faulty(parts: Parts, account: Account, push: Claimed, error: Exception) -> tuple[Verdict, Try]:
    """What we cannot do at all. Whether it was sent is not known; after enough tries it is given up, and seen."""
    why = type(error).__name__
    log.error("call_failed", account=account.name, push=push.id, reason=why, exc_info=error)
    result = Try(outcome="unknown", failure="broken", detail=f"{push.call}: a fault of ours, {why}")
    if push.epoch >= TRIES_AT_LEAST:
        return Ended(why="given_up"), result
    seconds = pause("unknown", push.epoch - 1, parts.random.random())
    return FindOut(seconds=seconds or 1.0), result


async def _call(parts: Parts, account: Account, push: Claimed) -> tuple[Verdict, Try]:
    try:
        done = await _outward(parts, account, push)
    except Overtaken as error:
        ended = Ended(why="overtaken")
        return ended, Try(outcome="not_done", failure="overtaken", detail=str(error))
    except ChannelError as error:
        await keep_raw(parts, account, push.external_id, error)
        verdict = judge(error, await _circumstances(parts, push, failure_of(error)))
        if isinstance(error, OutOfService) and await _is_behind(parts, push):
            verdict = Again(seconds=BEHIND, failure="not_sent")
        outcome = "unknown" if isinstance(verdict, FindOut) else "not_done"
        detail = str(error)
        return verdict, Try(
            outcome=outcome, failure=failure_of(error), status=error.status, detail=detail
        )
    if done.placed is not None:
        parts.has_placed(account, done.placed.external_id)
    return done, Try(outcome="done")


async def _is_behind(parts: Parts, push: Claimed) -> bool:
    """Whether what this process does not know is in service: a process with the newer configuration makes the call."""
    if push.block_id is None:
        return False
    async with parts.pool.acquire() as connection:
        return await blocks.is_served(connection, push.block_id)


async def _circumstances(parts: Parts, push: Claimed, failure: Failure) -> Circumstances:
    in_a_row = push.attempts
    if in_a_row > 1:
        async with parts.pool.acquire() as connection:
            in_a_row = await pushes.in_a_row(connection, push, failure)
    return Circumstances(
        attempts=push.attempts,
        in_a_row=in_a_row,
        tried_since=push.tried_since,
        now=parts.now(),
        jitter=parts.random.random(),
        gap_since=push.block.gap_since if push.block else None,
    )


async def _outward(parts: Parts, account: Account, push: Claimed) -> Done:
    """The call itself. Raises ChannelError."""
    channel, block = account.channel, push.block
    premises = parts.venue(push.venue_id)
    if block is None:
        await cancel(parts, account, push)
        return Done()
    contact = premises.contact(block.marker)
    if push.call == "place":
        offer = Offer(span=block.span)
        return Done(placed=await channel.hold(account.listing_for(block), offer, contact))
    if block.external_id is None:
        raise NotSent(f"{push.call}: there is nothing at the channel to {push.call}")
    if push.call == "commit":
        listing = account.listing_for(block)
        return Done(placed=await channel.commit(listing, block.external_id, contact))
    await channel.release(block.external_id, block.state == "booked", contact)
    return Done()
