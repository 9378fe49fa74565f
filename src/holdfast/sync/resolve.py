"""resolve: find out by reading what became of a call whose answer was lost; nothing is ever sent twice on a guess."""

from datetime import datetime, timedelta

from holdfast.channel import HOLD_MARGIN, Channel, ChannelError, Placed
from holdfast.inventory.backoff import pause
from holdfast.inventory.known import Block
from holdfast.inventory.model import FIRM, OCCUPYING, Absent, Offer, Seen, Span
from holdfast.store.pushes import Claimed, Try
from holdfast.sync.outcome import Again, Done, Ended, FindOut, Verdict, failure_of
from holdfast.sync.parts import Account, OutOfService, Parts
from holdfast.sync.room import is_full

READS_NEEDED = 2
"""So often must a read show nothing before a lost call counts as not done."""

BETWEEN_READS = 2.0
"""Seconds; providers may show a change a moment after they made it."""

BETWEEN_LOOKS = 20.0
"""Seconds, while only time can tell what became of a call."""

AFTER_A_DEATH = 5.0
"""The same after the worker that made it died: its provider may be at work on it, and mostly is not."""


async def resolve(
    parts: Parts, account: Account, push: Claimed, block: Block | None, external_id: str | None
) -> tuple[Verdict, Try]:
    """Read the channel and say what the lost call came to. Never raises ChannelError."""
    try:
        if block is None or push.call == "release":
            verdict = await _ended(account.channel, push, external_id)
        else:
            verdict = await _stands(parts, account, push, block)
    except OutOfService as error:
        result = Try(outcome="unknown", failure=failure_of(error), detail=str(error))
        return Ended(why="rejected"), result
    except ChannelError as error:
        # by how often it was taken up: looks count as well as calls
        seconds = pause("unknown", push.epoch - 1, parts.random.random())
        failure = failure_of(error)
        return FindOut(seconds=seconds or 1.0), Try(
            outcome="unknown", failure=failure, detail=str(error)
        )
    outcome = {Done: "done", FindOut: "unknown"}.get(type(verdict), "not_done")
    return verdict, Try(outcome=outcome, detail="settled by reading the channel")


async def _ended(channel: Channel, push: Claimed, external_id: str | None) -> Verdict:
    """A release or a cancel is done when the booking is gone or no longer occupies."""
    if external_id is None:
        return Done()
    seen = await channel.fetch(external_id, None)
    if isinstance(seen, Absent) or seen.status not in OCCUPYING:
        return Done()
    return _in_vain(push)


async def _stands(parts: Parts, account: Account, push: Claimed, block: Block) -> Verdict:
    listing = account.listing_for(block)
    contact = parts.venue(push.venue_id).contact(block.marker)
    since = push.first_sent_at or push.wished_at
    found = await account.channel.find(listing, Offer(span=block.span), contact, since)
    ours = [seen for seen in found if seen.marker == block.marker and seen.status in OCCUPYING]
    booked = [seen for seen in ours if seen.status in FIRM]
    if booked or (ours and push.call == "place"):
        return Done(placed=_placed((booked or ours)[0], account.channel, since))
    if push.call == "commit":
        return await _uncommitted(parts, account.channel, push, block)
    if not account.channel.capabilities.reads_holds:
        return await _unreadable_hold(parts, account, push, block)
    return _absent(parts, push, block)


def _placed(seen: Seen, channel: Channel, since: datetime) -> Placed:
    booked = seen.status in FIRM
    life = channel.capabilities.hold_seconds
    lapse = seen.held_until or (since + timedelta(seconds=life) if life else None)
    expires = None if booked or lapse is None else lapse - HOLD_MARGIN
    return Placed(external_id=seen.external_id, booked=booked, expires_at=expires)


async def _uncommitted(parts: Parts, channel: Channel, push: Claimed, block: Block) -> Verdict:
    """The commit left no booking: is the hold still there to commit again?"""
    if channel.capabilities.reads_holds and block.external_id is not None:
        seen = await channel.fetch(block.external_id, None)
        if isinstance(seen, Absent) or seen.status not in OCCUPYING:
            return Ended(why="gone")
    return _absent(parts, push, block)


async def _unreadable_hold(parts: Parts, account: Account, push: Claimed, block: Block) -> Verdict:
    """A hold that cannot be read shows only by the offer's absence.

    Not offered: it is held, most likely by us, under an id that we shall never learn; it lapses in time.
    Offered by a pool that has a unit left: whether ours stands cannot be told, and nothing is sold twice.
    Then we look again until ours has lapsed for certain, or the pool is full and still sells.
    """
    span, since = block.span, push.first_sent_at or push.wished_at
    window = Span(start=span.start, end=span.start + timedelta(minutes=1))
    sheet = await account.channel.offers(account.listing_for(block), window)
    life = timedelta(seconds=account.channel.capabilities.hold_seconds or 0.0)
    lapsed = since + life + HOLD_MARGIN
    if any(offer.span.start == span.start for offer in sheet.offers):
        if not await _may_stand_beside(parts, push, block):
            return _absent(parts, push, block)
        left = (lapsed - parts.now()).total_seconds()
        return FindOut(seconds=min(left, BETWEEN_LOOKS)) if left > 0 else Ended(why="gone")
    if not sheet.complete:
        return FindOut(seconds=BETWEEN_READS)
    return Done(placed=Placed(external_id="", booked=False, expires_at=lapsed))


async def _may_stand_beside(parts: Parts, push: Claimed, block: Block) -> bool:
    """Whether the same time may be on sale although the block stands: a pool sells its other units."""
    premises = parts.venue(push.venue_id)
    outlet = premises.outlets.get(block.listing_id)
    if outlet is None or not outlet.pool:
        return False
    async with parts.pool.acquire() as connection:
        return not await is_full(connection, premises, outlet, block.span)


def _absent(parts: Parts, push: Claimed, block: Block) -> Verdict:
    """What could be done twice waits until a call of a worker that died can no longer arrive."""
    verdict = _in_vain(push)
    if push.absent_from is None or not isinstance(verdict, Again):
        return verdict
    if push.call == "place" and _is_sold_whole(parts, push, block):
        return verdict
    left = (push.absent_from - parts.now()).total_seconds()
    return FindOut(seconds=min(left, AFTER_A_DEATH)) if left > 0 else verdict


def _is_sold_whole(parts: Parts, push: Claimed, block: Block) -> bool:
    """Whether its provider refuses the same time a second time, so that asking twice places it once."""
    outlet = parts.venue(push.venue_id).outlets.get(block.listing_id)
    return outlet is not None and not outlet.pool


def _in_vain(push: Claimed) -> Verdict:
    if push.absent_reads + 1 < READS_NEEDED:
        return FindOut(seconds=BETWEEN_READS)
    return Again(seconds=0.0, failure="not_sent")
