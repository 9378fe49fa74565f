"""deliver: claim a push by lease, call the channel with no transaction open, hand over what it came to."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from holdfast.breaker import Pass
from holdfast.channel import ChannelError, NotSent
from holdfast.inventory.breaker import Direction
from holdfast.inventory.known import Block
from holdfast.inventory.model import Offer
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import pushes
from holdfast.store.pushes import Claimed, Try
from holdfast.sync.outcome import (
    Circumstances,
    Done,
    FindOut,
    Verdict,
    failure_of,
    judge,
)
from holdfast.sync.parts import Account, Answer, Parts
from holdfast.sync.resolve import resolve
from holdfast.sync.settle import settle
from holdfast.sync.unreadable import keep_raw

log = structlog.get_logger()

AT_ONCE = 8
"""Calls of one account that fly at the same time."""

STATES: Mapping[str, Direction] = {"unknown": "in", "waiting": "out"}
"""What became of a call is found out by reading; what waits, writes."""


TOO_LATE = timedelta(seconds=15)
"""Half a lease. Whoever stood still for so long before its call went out makes none: another may find out
meanwhile that there was none, and make it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A claimed push with what it is about: one of our blocks, or a guest's booking."""

    push: Claimed
    account: Account
    block: Block | None
    external_id: str | None


async def recover(parts: Parts) -> int:
    """What a lost worker had in its hands may have been done: find out. Returns how much that is."""
    async with parts.pool.acquire() as connection:
        return await pushes.lapse_leases(connection, parts.now())


async def deliver(parts: Parts, account: Account) -> int:
    """Send what is due for a live account, riskiest first, within its budget; returns how many.

    Nothing goes where nobody answers, but for one call now and then.
    """
    room = min(AT_ONCE, await account.budget.left("write"))
    if room <= 0:
        return 0
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
        what = pushes.Wanted(states=states, limit=go.room, fresh_first=go.probe)
        claimed = await pushes.claim(connection, account.id, taken_at, what)
    await asyncio.gather(*(_send(parts, account, push, taken_at) for push in claimed))
    return len(claimed)


async def _send(parts: Parts, account: Account, push: Claimed, taken_at: datetime) -> None:
    errand = await _prepare(parts, account, push)
    if parts.now() - taken_at > TOO_LATE:
        log.warning("too_late_to_send", account=account.name, push=push.id)
        return
    if push.was == "unknown":
        verdict, result = await resolve(
            parts, errand.account, push, errand.block, errand.external_id
        )
    else:
        verdict, result = await _call(parts, errand)
    await settle(parts, Answer(account=account, push=push, verdict=verdict, result=result))


async def _prepare(parts: Parts, account: Account, push: Claimed) -> Errand:
    async with parts.pool.acquire() as connection:
        if push.block_id is not None:
            block = await block_store.by_id(connection, push.block_id)
            return Errand(push=push, account=account, block=block, external_id=block.external_id)
        row = await booking_store.row_by_id(connection, push.booking_id or 0)
        external_id = row["external_id"] if row else None
        return Errand(push=push, account=account, block=None, external_id=external_id)


async def _call(parts: Parts, errand: Errand) -> tuple[Verdict, Try]:
    try:
        done = await _outward(parts, errand)
    except ChannelError as error:
        await keep_raw(parts, errand.account, errand.external_id, error)
        verdict = judge(error, _circumstances(parts, errand, parts.now()))
        outcome = "unknown" if isinstance(verdict, FindOut) else "not_done"
        detail = str(error)
        return verdict, Try(
            outcome=outcome, failure=failure_of(error), status=error.status, detail=detail
        )
    return done, Try(outcome="done")


def _circumstances(parts: Parts, errand: Errand, now: datetime) -> Circumstances:
    return Circumstances(
        attempts=errand.push.attempts,
        tried_since=errand.push.tried_since,
        now=now,
        jitter=parts.random.random(),
        gap_since=errand.block.gap_since if errand.block else None,
    )


async def _outward(parts: Parts, errand: Errand) -> Done:
    """The call itself. Raises ChannelError."""
    channel, push, block = errand.account.channel, errand.push, errand.block
    premises = parts.premises[push.venue_id]
    if block is None:
        contact = premises.house
        await channel.cancel(errand.external_id or "", push.reason or "", contact)
        return Done()
    contact, listing = premises.contact(block.marker), errand.account.listing_for(block)
    if push.call == "place":
        return Done(placed=await channel.hold(listing, Offer(span=block.span), contact))
    if block.external_id is None:
        raise NotSent(f"{push.call}: there is nothing at the channel to {push.call}")
    if push.call == "commit":
        return Done(placed=await channel.commit(listing, block.external_id, contact))
    await channel.release(block.external_id, block.state == "booked", contact)
    return Done()
