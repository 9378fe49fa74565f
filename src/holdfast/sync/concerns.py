"""What needs a person besides double bookings: cancels that were refused, edits that crossed, and their ends."""

from collections.abc import Mapping

from holdfast.inventory.known import Block, Booking, Fact
from holdfast.inventory.marker import is_orphan
from holdfast.inventory.model import OCCUPYING, Status
from holdfast.inventory.remedy import contradicts
from holdfast.store import conflicts, pushes, seats
from holdfast.store.blocks import Stood
from holdfast.store.pushes import Claimed
from holdfast.sync.alarm import alarm, alarm_about, shut
from holdfast.sync.losses import about
from holdfast.sync.turn import Turn

ORPHANS = ("orphan_at_channel", "orphan_block")
"""What stands at a channel with nothing behind it, and cannot be released."""

OF_A_BOOKING = ("unmapped", "cancel_refused", "both_edited", "too_small", "not_found")
"""Kinds that end at the latest with the booking that they are about."""


LEFT: frozenset[Status] = frozenset({"cancelled", "declined", "expired"})
"""How a booking ends before it began."""

FOUND = "its channel shows it again"


async def news_of(turn: Turn, known: Booking | None, fact: Fact, booking_id: int) -> None:
    """A booking changed at its channel: what it was about may be over, or it crossed an act of ours."""
    if known is None:
        return  # nothing is about it yet
    open_ones = await conflicts.about(turn.connection, booking_id, OF_A_BOOKING)
    if fact.status not in OCCUPYING:
        await close(turn, open_ones, "the booking is over", booking_id)
        if known.occupying and fact.status in LEFT:
            await _left_after_all(turn, known)
        return
    mapped = {i: kind for i, kind in open_ones.items() if kind == "unmapped"}
    await close(turn, mapped, "it is mapped now", booking_id)
    found = {i: kind for i, kind in open_ones.items() if kind == "not_found"}
    await close(turn, found, FOUND, booking_id)
    if contradicts(known, fact):
        await _crossed(turn, known, fact)


async def _left_after_all(turn: Turn, known: Booking) -> None:
    """Another guest was cancelled so that this one stays: a person may want to offer the time to that guest again."""
    if known.span is None or known.span.start <= turn.now:
        return
    found = await conflicts.cancelled_for(turn.connection, known.id)
    if found is not None:
        conflict, others = found
        why = "others were cancelled for this booking, and now it is off too"
        await _open(
            turn, "kept_left", known.id, {"why": why, "decided_in": conflict, "cancelled": others}
        )


async def left_us(turn: Turn, account: str, known: Booking, listing: str) -> None:
    """Its channel moved it to a place that no listing of ours has: it takes no time here any more."""
    evidence: dict[str, object] = {
        "account": account,
        "ref": known.external_id,
        "status": known.status,
        "was_on": listing,
        "start": known.span.start.isoformat() if known.span else None,
        "end": known.span.end.isoformat() if known.span else None,
        "why": "its channel moved it to a place that no listing has",
    }
    conflict = seats.NewConflict(
        venue_id=None,
        kind="unmapped",
        opened_at=turn.now,
        booking_id=known.id,
        evidence=evidence,
    )
    await alarm(turn, conflict, {"was_on": listing})


async def close(
    turn: Turn, over: Mapping[int, str], resolution: str, booking_id: int | None
) -> None:
    """Their cause is gone."""
    await shut(turn.changes, turn.parts.metrics, over, turn.now, resolution)
    for kind in over.values():
        turn.note("conflict.closed", {"kind": kind, "why": resolution}, booking_id=booking_id)


async def _crossed(turn: Turn, known: Booking, fact: Fact) -> None:
    """We were about to cancel what is different now: stop, and ask again."""
    stopped = await pushes.stop_of_booking(turn.connection, known.id, turn.now)
    if not stopped:
        return
    why = "the booking changed at its channel after this was decided"
    await reopen_all(turn, known.id, {"why": why})
    evidence: dict[str, object] = {
        "decided_on": _shown(known),
        "shown_now": _shown(fact),
        "pushes": sorted(stopped),
        "may_still_be_done": any(stopped.values()),
    }
    await _open(turn, "both_edited", known.id, evidence)


def _shown(record: Booking | Fact) -> dict[str, object]:
    return {
        "status": record.status,
        "start": record.span.start.isoformat() if record.span else None,
        "end": record.span.end.isoformat() if record.span else None,
        "party": record.party_size,
        "read_at": record.read_at.isoformat(),
    }


async def cancel_refused(turn: Turn, push: Claimed, account: str, why: str) -> None:
    """A cancel came to its end undone: whoever decided it must hear of that."""
    told = await pushes.error(turn.connection, push.id)
    evidence: dict[str, object] = {
        "account": account,
        "call": push.call,
        "push": push.id,
        "tries": push.attempts,
        "why": why,
        "answer": told,
        "at": turn.now.isoformat(),
    }
    if push.booking_id is not None:
        await _open(turn, "cancel_refused", push.booking_id, evidence)
        await reopen_all(turn, push.booking_id, evidence)


async def cancel_withheld(turn: Turn, push: Claimed, why: str) -> None:
    """Nothing was sent: what was decided does not hold any more, and is asked about again."""
    told = {"why": f"nothing was cancelled: {why}", "push": push.id}
    turn.note("booking.cancel_withheld", told, booking_id=push.booking_id, push_id=push.id)
    if push.booking_id is not None:
        await reopen_all(turn, push.booking_id, told)


async def _open(turn: Turn, kind: str, booking_id: int, evidence: Mapping[str, object]) -> None:
    conflict = seats.NewConflict(
        venue_id=turn.premises.id,
        kind=kind,
        opened_at=turn.now,
        booking_id=booking_id,
        evidence=evidence,
    )
    await alarm(turn, conflict, {})


async def reopen_all(turn: Turn, booking_id: int, why: Mapping[str, object]) -> None:
    """Every decision that needs this booking to be cancelled is open again."""
    for conflict_id in await conflicts.resting_on(turn.connection, booking_id):
        await reopen(turn, conflict_id, booking_id, why)


async def reopen(
    turn: Turn, conflict_id: int, booking_id: int | None, why: Mapping[str, object]
) -> None:
    """A decision did not come true: it is taken back, and why is added to the evidence."""
    told = {"at": turn.now.isoformat(), **why}
    if await conflicts.reopen(turn.changes, conflict_id, told):
        data = {"conflict": conflict_id, **told}
        turn.note("conflict.reopened", data, booking_id=booking_id)


async def orphan_over(turn: Turn, block_id: int, why: str) -> None:
    """It does not stand there for nothing any more: nobody needs to be asked about it."""
    left = await conflicts.about_block(turn.connection, block_id, ORPHANS)
    await close(turn, left, why, None)


async def block_stands(turn: Turn, stood: Stood) -> None:
    """It is at its channel: nobody needs to be asked about its loss."""
    await close(turn, dict.fromkeys(stood.lost, "block_lost"), "placed again", None)


async def block_refused(turn: Turn, block: Block, push: Claimed, why: str) -> None:
    """Its channel will not have it, or not give it up: a person must look, again if one did already.

    What is `taken` is sold no more there: nothing is exposed, and there is nothing to ask.
    """
    evidence: dict[str, object] = {
        **about(turn, block),
        "ref": block.external_id,
        "call": push.call,
        "push": push.id,
        "tries": push.attempts,
        "why": why,
        "answer": await pushes.error(turn.connection, push.id),
        "at": turn.now.isoformat(),
    }
    kind = _kind_of_refusal(block, push)
    for conflict_id in await conflicts.about_block(turn.connection, block.id, [kind]):
        await reopen(turn, conflict_id, None, evidence)
    if why == "taken":
        return
    await alarm_about(turn, kind, block, evidence)


def _kind_of_refusal(block: Block, push: Claimed) -> str:
    if push.call != "release":
        return "block_lost"
    return "orphan_at_channel" if is_orphan(block.marker) else "orphan_block"
