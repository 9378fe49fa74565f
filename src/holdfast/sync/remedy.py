"""remedy: carry out what was chosen for a conflict; it is settled only when every channel has confirmed it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Literal

import asyncpg

from holdfast.inventory.ending import POLICY
from holdfast.inventory.remedy import Act, Action, Call, Case, likeness, remedies
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import conflicts
from holdfast.store.cases import cases
from holdfast.store.changes import unjournaled
from holdfast.store.conflicts import Conflict, Decision
from holdfast.store.decisions import Cause
from holdfast.store.ranges import to_span
from holdfast.sync.alarm import shut
from holdfast.sync.concerns import close, reopen
from holdfast.sync.operate import WishRefused, ask_channel, cancel_direct
from holdfast.sync.parts import OutOfService, Parts
from holdfast.sync.replan import replan
from holdfast.sync.sides import older_sides
from holdfast.sync.turn import Turn, turn

State = Literal["under_way", "settled", "snoozed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """What became of an act. `under_way`: channels were asked and must confirm. `calls` as they were shown."""

    conflict_id: int
    act: Act
    state: State
    calls: Sequence[Call] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants done, and why. `minutes`: how long to snooze."""

    act: str
    actor: str
    reason: str
    minutes: int = 10


class ConflictUnknown(Exception):
    """There is no conflict of this id."""


class Stale(Exception):
    """Something else was decided meanwhile; the text says what."""


async def choose(source: asyncpg.Connection | asyncpg.Pool, conflict_id: int, act: str) -> Action:
    """What an act would do now; nothing is done. What was decided already is shown as it was.

    Raises ConflictUnknown, WishRefused, Stale like `act`.
    """
    known = await conflicts.by_id(source, conflict_id)
    if known is None:
        raise ConflictUnknown(conflict_id)
    repeated = _repeated(known, act)
    if repeated is not None:
        return Action(act=repeated.act, text=_already(known), calls=tuple(repeated.calls))
    return _chosen((await cases(source, [conflict_id]))[conflict_id], act)


def _chosen(case: Case, act: str) -> Action:
    possible = remedies(case)
    for action in possible:
        if action.act == act:
            return action
    raise WishRefused("action", f"one of {', '.join(action.act for action in possible)}")


async def act(parts: Parts, conflict_id: int, wish: Wish) -> Settling:
    """Decide a conflict. The same act twice is one decision.

    Raises ConflictUnknown; WishRefused where the act is not among its remedies; Stale when another
    one is under way or the conflict is settled.
    """
    async with parts.pool.acquire() as connection:
        known = await conflicts.by_id(connection, conflict_id)
    if known is None:
        raise ConflictUnknown(conflict_id)
    if known.venue_id is None:
        return await _without_venue(parts, known, wish)
    await _refuse_old(parts, known, wish)
    try:
        async with turn(parts, known.venue_id, actor=wish.actor) as current:
            conflict = await conflicts.by_id(current.connection, conflict_id)
            return await _decide(current, conflict or known, wish)
    except OutOfService as error:
        raise Stale(str(error)) from error


async def _refuse_old(parts: Parts, conflict: Conflict, wish: Wish) -> None:
    """A person ends no guest's booking on what was read minutes ago. The policy looks for itself. Raises Stale."""
    if wish.actor == POLICY or _repeated(conflict, wish.act) is not None:
        return
    async with parts.pool.acquire() as connection:
        case = (await cases(connection, [conflict.id]))[conflict.id]
    old = await older_sides(parts, case) if _chosen(case, wish.act).cancels else ""
    if old:
        raise Stale(old)


async def _decide(current: Turn, conflict: Conflict, wish: Wish) -> Settling:
    repeated = _repeated(conflict, wish.act)
    if repeated is not None:
        return repeated
    case = (await cases(current.connection, [conflict.id]))[conflict.id]
    action = _chosen(case, wish.act)
    if action.act == "snooze":
        return await _snooze(current, conflict, wish)
    pushes = await _ask(current, case, action, wish.reason)
    decision = _decision(case, action, wish, pushes)
    await conflicts.decide(current.changes, conflict.id, decision, current.now)
    _note(current, conflict, wish, action)
    await _by_our_own_word(current, conflict, action, wish.reason)
    return await _settling(current, conflict, action)


def _repeated(conflict: Conflict, act: str) -> Settling | None:
    """The decision that there is already, if it is the same. Raises Stale for another one."""
    decision = conflict.decision
    if decision is None and conflict.closed_at is None:
        return None
    if decision is None or decision.act != act:
        raise Stale(_already(conflict))
    return Settling(
        conflict_id=conflict.id,
        act=decision.act,
        state="under_way" if conflict.closed_at is None else "settled",
        calls=decision.calls,
    )


def _already(conflict: Conflict) -> str:
    decided = conflict.decision
    if conflict.closed_at is None and decided is not None:
        return f"{decided.act} by {decided.actor} is under way"
    return f"it is settled: {conflict.resolution}"


async def _snooze(current: Turn, conflict: Conflict, wish: Wish) -> Settling:
    """It rests, and the policy does nothing by itself any more."""
    until = current.now + timedelta(minutes=wish.minutes)
    await conflicts.snooze(current.changes, conflict.id, until)
    data = {"conflict": conflict.id, "until": until.isoformat(), "reason": wish.reason}
    if conflict.auto_at is not None:
        data["stopped"] = "auto"
    current.note("conflict.snoozed", data, booking_id=conflict.booking_id)
    return Settling(conflict_id=conflict.id, act="snooze", state="snoozed")


async def _ask(current: Turn, case: Case, action: Action, reason: str) -> list[int]:
    """Want the cancels of bookings that a channel keeps; returns the pushes."""
    asked = []
    sides = [side.booking.id for side in case.sides]
    stays = tuple(number for number in sides if number not in action.cancels)
    cause = Cause(conflict=case.id, act=action.act, stays=stays)
    for booking_id in action.cancels:
        row = await booking_store.row_by_id(current.connection, booking_id)
        if row is not None and row["account_id"] is not None:
            asked.append(await ask_channel(current, row, reason, cause))
    return asked


def _decision(case: Case, action: Action, wish: Wish, pushes: Sequence[int]) -> Decision:
    kept = {str(side.booking.id): likeness(side.booking) for side in case.sides}
    return Decision(
        act=action.act,
        actor=wish.actor,
        reason=wish.reason,
        calls=action.calls,
        cancels=action.cancels,
        moves=action.moves,
        pushes=pushes,
        kept=kept if action.act in ("keep_both", "accept") else {},
    )


def _note(current: Turn, conflict: Conflict, wish: Wish, action: Action) -> None:
    data = {
        "conflict": conflict.id,
        "kind": conflict.kind,
        "act": action.act,
        "reason": wish.reason,
        "calls": [asdict(call) for call in action.calls],
    }
    current.note("conflict.decided", data, booking_id=conflict.booking_id)


async def _by_our_own_word(current: Turn, conflict: Conflict, action: Action, reason: str) -> None:
    """What no channel must confirm: direct bookings end and move, blocks are wanted again."""
    for booking_id in action.cancels:
        row = await booking_store.row_by_id(current.connection, booking_id)
        if row is not None and row["account_id"] is None:
            await cancel_direct(current, row, reason)
    if action.moves is not None:
        await _move(current, *action.moves)
    if action.act == "retry" and conflict.block_id is not None:
        span = await block_store.ask_again(current.changes, conflict.block_id, current.now)
        current.touch(span)
        await replan(current)


async def _move(current: Turn, booking_id: int, unit_id: int) -> None:
    span = await booking_store.reseat(current.changes, booking_id, unit_id, current.now)
    data = {"channel": "direct", "units": [current.premises.units[unit_id].name]}
    current.note("booking.moved", data, booking_id=booking_id)
    current.freed.add(booking_id)
    current.touch(span)
    await replan(current)


async def _settling(current: Turn, conflict: Conflict, action: Action) -> Settling:
    """Closed where nobody must confirm; reopened where our own word did not help."""
    if action.act in ("keep_both", "accept"):
        await _close(current, conflict, action)
    now = await conflicts.by_id(current.connection, conflict.id)
    decision = now.decision if now else None
    state: State = "settled" if now is None or now.closed_at is not None else "under_way"
    ours = action.moves is not None or bool(action.cancels)
    if state == "under_way" and ours and decision is not None and not decision.pushes:
        why = {"why": "the overlap is still there"}
        await reopen(current, conflict.id, conflict.booking_id, why)
    return Settling(conflict_id=conflict.id, act=action.act, state=state, calls=action.calls)


async def _close(current: Turn, conflict: Conflict, action: Action) -> None:
    """A cancel that was refused is no question any more once both are to stay."""
    over = {conflict.id: conflict.kind}
    if action.act == "keep_both":
        for booking_id in (conflict.booking_id, *conflict.against_ids):
            kinds = ("cancel_refused", "both_edited")
            over |= await conflicts.about(current.connection, booking_id or 0, kinds)
    await close(current, over, action.text, conflict.booking_id)
    row = await booking_store.row_by_id(current.connection, conflict.booking_id or 0)
    if action.act == "keep_both" and row is not None and row["during"] is not None:
        current.touch(to_span(row["during"]))  # it may overlap a third one, too
        await replan(current)


async def _without_venue(parts: Parts, conflict: Conflict, wish: Wish) -> Settling:
    """What maps to no venue has no journal; it can rest or be left as it is."""
    async with parts.pool.acquire() as connection, connection.transaction():
        repeated = _repeated(conflict, wish.act)
        if repeated is not None:
            return repeated
        action = await choose(connection, conflict.id, wish.act)
        now = parts.now()
        if action.act == "snooze":
            until = now + timedelta(minutes=wish.minutes)
            await conflicts.snooze(unjournaled(connection), conflict.id, until)
            return Settling(conflict_id=conflict.id, act="snooze", state="snoozed")
        decision = Decision(act=action.act, actor=wish.actor, reason=wish.reason)
        await conflicts.decide(unjournaled(connection), conflict.id, decision, now)
        await shut(unjournaled(connection), parts.metrics, [conflict.id], now, action.text)
    return Settling(conflict_id=conflict.id, act=action.act, state="settled")
