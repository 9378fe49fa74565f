"""settle: write what a call came to, fenced by the lease, and decide anew from there in the same transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import assert_never

from holdfast.channel import Placed
from holdfast.inventory.known import Block, There
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import offers, pushes, schedule
from holdfast.store.inbox import Incoming
from holdfast.store.pushes import Claimed, Try
from holdfast.sync.concerns import block_refused, block_stands, cancel_refused, cancel_withheld
from holdfast.sync.echoes import lose, shut_under
from holdfast.sync.gathering import close_together
from holdfast.sync.heard import CANCELLED, hear
from holdfast.sync.losses import about
from holdfast.sync.outcome import Again, Done, Ended, FindOut
from holdfast.sync.parts import Account, Answer, Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import Turn, again_after_a_migration, turn, written

NEAR = timedelta(days=7)
"""Answers about blocks that begin so close together are settled in one turn."""

RENEWAL = timedelta(seconds=5)
"""A hold that is placed again within this time after it lapsed is a renewal; later, it was a gap."""


async def settle(parts: Parts, answer: Answer) -> None:
    """Record the try, settle the push if the lease is still ours, and plan what follows.

    Answers about the same venue that come meanwhile are settled together.
    """
    venue_id = answer.push.venue_id
    if venue_id not in parts.premises:
        await _settle_outside(parts, answer)
        return
    await parts.answers.work(venue_id, answer, partial(_settle, parts, venue_id))


async def _settle_outside(parts: Parts, answer: Answer) -> None:
    """Its venue is not in the configuration any more: what came of the call is written, and nothing follows from it."""
    push, verdict, result, now = answer.push, answer.verdict, answer.result, parts.now()
    async with parts.pool.acquire() as connection, connection.transaction():
        if isinstance(verdict, Again | FindOut):
            delay = _delay(push, verdict, result, now)
            await pushes.later(connection, push, result, delay, now)
            return
        async with written(connection, push.venue_id, "worker", now) as found:
            outcome = _outcome(verdict)
            ended = (outcome, result.detail if outcome == "dead" else None)
            settled = await pushes.settle(connection, push, result, ended, now)
            block = settled.block if settled is not None else None
            placed = verdict.placed if isinstance(verdict, Done) else None
            if block is not None and placed is not None:
                there = (placed.external_id or None, placed.expires_at)
                state: There = "booked" if placed.booked else "held"
                await block_store.stands(found.changes, block.id, state, there, now)
            elif block is not None and outcome == "done":
                await block_store.gone(found.changes, block.id, now)
    _count(parts, answer)


async def _settle(parts: Parts, venue_id: int, answers: Sequence[Answer]) -> None:
    """What is far apart is planned apart: all that lies between would else be planned, too."""
    for near in close_together(answers, _starts_at, NEAR):
        await _settle_near(parts, venue_id, near)


def _starts_at(answer: Answer) -> datetime:
    """Of the block; where a guest's booking is cancelled nothing is planned, and any time will do."""
    block = answer.push.block
    return block.span.start if block is not None else answer.push.wished_at


@again_after_a_migration
async def _settle_near(parts: Parts, venue_id: int, answers: Sequence[Answer]) -> None:
    heard_at = min(answer.push.observed_at for answer in answers)
    async with turn(parts, venue_id, actor="worker", heard_at=heard_at) as current:
        done = [answer for answer in answers if await _end(current, answer)]
        await replan(current)
    for answer in done:
        _count(parts, answer)


async def _end(current: Turn, answer: Answer) -> bool:
    """True: it is settled for good."""
    push, verdict, result = answer.push, answer.verdict, answer.result
    if isinstance(verdict, Again | FindOut):
        await _later(current, push, verdict, result)
        return False
    outcome = _outcome(verdict)
    ended = (outcome, result.detail if outcome == "dead" else None)
    settled = await pushes.settle(current.connection, push, result, ended, current.now)
    if settled is None:
        return False
    if settled.block is None:
        await _booking_push_ended(current, answer, verdict)
    else:
        await _follow(current, answer, settled.block, verdict)
    return True


def _count(parts: Parts, answer: Answer) -> None:
    account, push, verdict = answer.account, answer.push, answer.verdict
    if isinstance(verdict, Again | FindOut):
        return
    outcome = _outcome(verdict)
    if isinstance(verdict, Ended) and outcome == "dead":
        channel = account.channel_name
        parts.metrics.dead_lettered.of(channel=channel, reason=verdict.why).inc()
    if isinstance(verdict, Ended) and verdict.why == "gone":
        outcome = "gone"
    parts.metrics.pushes_settled.of(
        target=account.channel_name, call=push.call, outcome=outcome
    ).inc()


def _outcome(verdict: Done | Ended) -> str:
    if isinstance(verdict, Done):
        return "done"
    if verdict.why == "overtaken":
        return "superseded"
    return "dead" if verdict.why in ("rejected", "given_up") else "taken"


async def _later(current: Turn, push: Claimed, verdict: Again | FindOut, result: Try) -> None:
    delay = _delay(push, verdict, result, current.now)
    await pushes.later(current.connection, push, result, delay, current.now)
    if result.failure and push.attempts <= 1:
        data = {"call": push.call, "failure": result.failure}
        current.note("push.failed", data, block_id=push.block_id, push_id=push.id)


def _delay(push: Claimed, verdict: Again | FindOut, result: Try, now: datetime) -> pushes.Delay:
    again = isinstance(verdict, Again)
    looked = push.was == "unknown" and result.failure is None
    in_vain = 0 if again else push.absent_reads + int(looked)
    due = now + timedelta(seconds=verdict.seconds)
    return pushes.Delay("waiting" if again else "unknown", due, in_vain)


async def _follow(current: Turn, answer: Answer, block: Block, verdict: Done | Ended) -> None:
    account, push = answer.account, answer.push
    match verdict:
        case Done(placed=Placed() as placed):
            await _placed(current, account, block, (push, placed))
        case Done():
            await lose(current, block)
        case Ended():
            current.touch(block.span)
            _lapsed(current, account, block, verdict)
            await _refused(current, block, push, verdict)
        case _:
            assert_never(verdict)


async def _placed(
    current: Turn, account: Account, block: Block, what: tuple[Claimed, Placed]
) -> None:
    push, placed = what
    state: There = "booked" if placed.booked else "held"
    there = (placed.external_id or None, placed.expires_at)
    data = about(current, block) | {
        "call": push.call,
        "target": account.channel_name,
        "ref": placed.external_id,
        "seconds": (current.now - push.observed_at).total_seconds(),
    }
    if block.gap_since is not None:
        data["gap_seconds"] = (current.now - block.gap_since).total_seconds()
    stood = await block_store.stands(current.changes, block.id, state, there, current.now)
    sold = await shut_under(current, block)
    current.note(f"block.{state}", data, block_id=block.id, push_id=push.id)
    await block_stands(current, stood)
    _measure(current, account, block, (push, stood.source))
    if block.wants != state and (block.wants, state) != ("booked", "held"):
        current.touch(block.span)
    elif sold or block.state != "held" or state != "booked":
        # else nothing follows: what was closed as held is closed as booked
        current.stood.append(block.span)


def _measure(
    current: Turn, account: Account, block: Block, what: tuple[Claimed, str | None]
) -> None:
    """From first heard of to done; a hold that was only placed again is a renewal, or came late."""
    push, source = what
    metrics = current.parts.metrics
    if block.gap_since is not None:
        if current.now - block.gap_since > RENEWAL:
            metrics.block_lapses.of(channel=account.channel_name, reason="late").inc()
        return
    metrics.propagation_duration.of(
        source=source or "other",
        target=account.channel_name,
        change="booking" if push.call == "commit" else "hold",
    ).observe(max(0.0, (current.now - push.observed_at).total_seconds()))


def _lapsed(current: Turn, account: Account, block: Block, ended: Ended) -> None:
    """What was ours, and is not to be had again."""
    if block.gap_since is None or ended.why == "gone":
        return
    reason = "taken" if ended.why == "taken" else "refused"
    metrics = current.parts.metrics
    metrics.block_lapses.of(channel=account.channel_name, reason=reason).inc()


async def _refused(current: Turn, block: Block, push: Claimed, ended: Ended) -> None:
    """Taken: the channel's offers are not what we believed, read them. Gone: place it anew."""
    data = about(current, block) | {"call": push.call, "why": ended.why}
    current.note("push.refused", data, block_id=block.id, push_id=push.id)
    if ended.why == "gone":
        await lose(current, block)
    else:
        await block_refused(current, block, push, ended.why)
    if ended.why == "taken" and not await _shrunk(current, block):
        await offers.shut(current.connection, block.listing_id, block.span, current.now)
        await schedule.probe_around(current.connection, block.listing_id, block.span, current.now)


async def _shrunk(current: Turn, block: Block) -> bool:
    """A pool may have no table of this size left, but a smaller one: try for the next smaller unit's."""
    outlet = current.premises.outlets.get(block.listing_id)
    sizes = [current.premises.units[unit].seats for unit in outlet.unit_ids] if outlet else []
    smaller = [seats for seats in sizes if block.party is not None and seats < block.party]
    if not smaller:
        return False
    await block_store.shrink(current.changes, block.id, max(smaller), current.now)
    return True


async def _booking_push_ended(current: Turn, answer: Answer, verdict: Done | Ended) -> None:
    """A guest's booking changes by observation only: ask for a read of it."""
    account, push = answer.account, answer.push
    if isinstance(verdict, Ended) and verdict.why == "overtaken":
        await cancel_withheld(current, push, answer.result.detail or "")
        return
    done = isinstance(verdict, Done)
    kind = "booking.cancel_done" if done else "booking.cancel_refused"
    current.note(kind, {"account": account.name}, booking_id=push.booking_id, push_id=push.id)
    if isinstance(verdict, Ended) and verdict.why in ("rejected", "given_up"):
        await cancel_refused(current, push, account.name, verdict.why)
    told = done and push.was != "unknown"  # by the answer itself, not by a read that found nothing
    row = await _read_again(current, push, CANCELLED if told else "read_again")
    if row is not None:
        await hear(current.parts, current.connection, [row])


async def _read_again(current: Turn, push: Claimed, why: str) -> Incoming | None:
    """The wish to read a booking again after we called its channel about it."""
    row = await booking_store.row_by_id(current.connection, push.booking_id or 0)
    if row is None:
        return None
    return Incoming(
        account_id=row["account_id"],
        via="operator",
        ref=row["external_id"],
        raw_type=why,
        received_at=current.now,
    )
