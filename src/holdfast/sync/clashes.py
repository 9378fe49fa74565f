"""Clashes as a person sees them: double bookings are opened with their evidence, and closed when they are over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from holdfast.inventory.allocate import Clash, Trouble
from holdfast.inventory.evidence import evidence, in_order
from holdfast.inventory.known import Booking
from holdfast.inventory.policy import GRACE, LeftToAPerson, announced
from holdfast.inventory.remedy import likeness
from holdfast.store import conflicts, seats
from holdfast.store.cases import cases, practice
from holdfast.sync.alarm import alarm
from holdfast.sync.concerns import close
from holdfast.sync.turn import Turn

ENDS: Mapping[Trouble, str] = {
    "double_booking": "no longer overlaps",
    "too_small": "a unit fits it now",
    "same_booking": "it is known once",
}


async def note_clashes(
    turn: Turn,
    bookings: Sequence[Booking],
    standing: Mapping[str, Mapping[int, int]],
    clashes: Iterable[Clash],
) -> None:
    """A clash is a fact that a person should see; it is over when the booking has its units or is gone.

    What somebody left as it is is none, until one of the bookings changes. `standing` are the open conflicts
    of all bookings that this may concern, by kind: booking → conflict.
    """
    several = list(clashes)
    for kind in get_args(Trouble):
        found = {clash.booking_id: clash for clash in several if clash.kind == kind}
        await _note(turn, bookings, standing.get(kind, {}), (kind, found))


async def _note(
    turn: Turn,
    bookings: Sequence[Booking],
    standing: Mapping[int, int],
    what: tuple[Trouble, Mapping[int, Clash]],
) -> None:
    """`standing` says which bookings have an open conflict of the kind."""
    kind, found = what
    found = await _unintended(turn, bookings, what)
    for booking_id, conflict_id in standing.items():
        clash = found.get(booking_id)
        if clash is not None and clash.against:
            await conflicts.renew(turn.changes, conflict_id, clash.against, clash.unit_ids)
    new = [clash for booking_id, clash in found.items() if booking_id not in standing]
    for clash in new:
        await _open(turn, clash)
    for booking_id in sorted(standing.keys() - found.keys()):
        await close(turn, {standing[booking_id]: kind}, ENDS[kind], booking_id)


async def _unintended(
    turn: Turn, bookings: Sequence[Booking], what: tuple[Trouble, Mapping[int, Clash]]
) -> Mapping[int, Clash]:
    """Without what somebody left as it is, all bookings being as they were then.

    To keep two hides no third: where it came later and has the units, the clash is with that one.
    """
    kind, found = what
    if not found:
        return found
    now = {str(booking.id): likeness(booking) for booking in bookings}
    kept = await conflicts.kept(turn.connection, list(found), kind)
    valid = [set(one) for one in kept if all(now.get(b) == like for b, like in one.items())]
    left = {number: _left_of(clash, valid) for number, clash in found.items()}
    return {number: clash for number, clash in left.items() if clash is not None}


def _left_of(clash: Clash, kept: Sequence[set[str]]) -> Clash | None:
    """What of it nobody intends; None: nothing."""
    if not kept:
        return clash
    mine = str(clash.booking_id)
    if not clash.against:
        return None if _is_kept({mine}, kept) else clash
    open_ones = [o for o in clash.against if not _is_kept({mine, str(o)}, kept)]
    if open_ones:
        return clash
    beside = tuple(o for o in clash.beside if not _is_kept({mine, str(o)}, kept))
    return replace(clash, against=beside, beside=()) if beside else None


def _is_kept(pair: set[str], kept: Sequence[set[str]]) -> bool:
    return any(pair <= one for one in kept)


async def _open(turn: Turn, clash: Clash) -> None:
    told = await _evidence(turn, clash)
    conflict = seats.NewConflict(
        venue_id=turn.premises.id,
        kind=clash.kind,
        opened_at=turn.now,
        booking_id=clash.booking_id,
        against=clash.against,
        unit_ids=clash.unit_ids,
        evidence={
            "heard_at": turn.heard_at.isoformat(),
            "actor": turn.actor,
            "decided_by": clash.decided_by,
            **told,
        },
    )
    names = [turn.premises.units[unit].name for unit in clash.unit_ids]
    await alarm(turn, conflict, {"units": names, "against": list(clash.against)})
    if clash.kind == "double_booking" and turn.premises.conflicts == "auto":
        await _announce(turn, clash.booking_id)


async def _evidence(turn: Turn, clash: Clash) -> dict[str, object]:
    seen = await conflicts.witnesses(turn.connection, [clash.booking_id, *clash.against])
    loser, holders = seen[clash.booking_id], [seen[b] for b in clash.against if b in seen]
    if not holders:
        return evidence(holders, loser, None)
    first, second = in_order(holders[0], loser)
    closing = await conflicts.closing(turn.connection, first.id, second.id)
    sold = await conflicts.sold_there(turn.connection, first.id, second.id)
    return evidence(holders, loser, closing, sold_there=sold)


async def _announce(turn: Turn, booking_id: int) -> None:
    """The policy acts after the grace time, where it may act at all."""
    (conflict_id,) = await conflicts.about(turn.connection, booking_id, ["double_booking"])
    case = (await cases(turn.connection, [conflict_id]))[conflict_id]
    around = await practice(turn.connection, turn.premises.id, case, turn.now)
    action = announced(case, around, turn.now)
    if isinstance(action, LeftToAPerson):
        left = {"conflict": conflict_id, "why": action.why}
        turn.note("conflict.left_to_a_person", left, booking_id=booking_id)
        return
    at = turn.now + GRACE
    await conflicts.set_auto(turn.changes, conflict_id, at)
    data = {"conflict": conflict_id, "act": action.act, "at": at.isoformat()}
    turn.note("conflict.auto_announced", data, booking_id=booking_id)
