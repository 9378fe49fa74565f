"""grace: the clock and conflicts. Grace times end, times pass, and confirmations are waited for, not believed."""

from datetime import timedelta

import structlog

from holdfast.inventory.ending import POLICY
from holdfast.inventory.policy import LeftToAPerson, automatic
from holdfast.inventory.remedy import Action
from holdfast.store import conflicts
from holdfast.store.cases import cases, practice
from holdfast.store.changes import unjournaled
from holdfast.store.conflicts import Due, Unseen
from holdfast.store.inbox import Incoming
from holdfast.sync.alarm import OVER, shut
from holdfast.sync.concerns import FOUND, close, reopen
from holdfast.sync.heard import hear
from holdfast.sync.operate import WishRefused
from holdfast.sync.parts import Parts
from holdfast.sync.remedy import Stale, Wish, act
from holdfast.sync.turn import Turn, turn

log = structlog.get_logger()

PATIENCE = timedelta(seconds=15)
"""So long after every call was answered may a channel still show a booking that it has cancelled."""

ENDS = {"over": OVER, "found": FOUND}
"""Why a conflict ends by itself, by what the clock says of it."""

REASON = "the first confirmed stays: policy auto, its grace time is over"


async def grace(parts: Parts) -> int:
    """Do what the clock has to say about conflicts; returns how many were due."""
    async with parts.pool.acquire() as connection:
        due = await conflicts.due(connection, parts.now(), PATIENCE, list(parts.premises))
    for each in due:
        if each.matter in ENDS:
            await _ended(parts, each, ENDS[each.matter])
        elif each.matter == "auto":
            await _auto(parts, each)
        else:
            await _unseen(parts, each)
    return len(due)


async def _ended(parts: Parts, due: Due, why: str) -> None:
    """There is nothing left to settle."""
    if due.venue_id is None:
        async with parts.pool.acquire() as connection:
            await shut(unjournaled(connection), parts.metrics, [due.id], parts.now(), why)
        return
    async with turn(parts, due.venue_id, actor="clock") as current:
        known = await conflicts.by_id(current.connection, due.id)
        if known is not None and known.closed_at is None:
            await close(current, {known.id: known.kind}, why, known.booking_id)


async def _auto(parts: Parts, due: Due) -> None:
    """The policy acts if it still may, and leaves it to a person otherwise."""
    premises = parts.venue(due.venue_id or 0)
    async with parts.pool.acquire() as connection:
        case = (await cases(connection, [due.id]))[due.id]
        around = await practice(connection, premises.id, case, parts.now())
    action = automatic(case, around, parts.now())
    why = action.why if isinstance(action, LeftToAPerson) else "it is no policy any more"
    if premises.conflicts == "auto" and isinstance(action, Action):
        try:
            await act(parts, due.id, Wish(act=action.act, actor=POLICY, reason=REASON))
        except (Stale, WishRefused) as error:
            log.info("policy_too_late", conflict=due.id, reason=str(error))
            why = str(error)
        else:
            return
    async with turn(parts, premises.id, actor=POLICY) as current:
        await conflicts.set_auto(current.changes, due.id, None)
        current.note("conflict.left_to_a_person", {"conflict": due.id, "why": why})


async def _unseen(parts: Parts, due: Due) -> None:
    """Every call was answered, yet the conflict is there: read once more, then ask a person again."""
    async with turn(parts, due.venue_id or 0, actor="clock") as current:
        known = await conflicts.by_id(current.connection, due.id)
        if known is None or known.decision is None or known.closed_at is not None:
            return
        there = await conflicts.unseen(current.connection, due.id)
        late = [b for b in there if b.read_at < b.settled_at + PATIENCE]
        if late:
            rows = [_read(current, booking) for booking in late]
            await hear(current.parts, current.connection, rows)
            return
        refs = ", ".join(booking.external_id for booking in there)
        why = f"every call was answered, but {refs} is still there" if refs else "it still overlaps"
        await reopen(current, due.id, known.booking_id, {"why": why})


def _read(current: Turn, booking: Unseen) -> Incoming:
    return Incoming(
        account_id=booking.account_id,
        via="clock",
        ref=booking.external_id,
        raw_type="confirmation_due",
        received_at=current.now,
    )
