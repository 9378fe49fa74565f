"""revive: a push that was given up is asked once more, or dropped for good, each with its reason in the journal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from holdfast.store import again, breakers, decisions, pushes
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store.again import Dead
from holdfast.sync.operate import CANCELLABLE, ask_channel
from holdfast.sync.parts import Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import Turn, turn

NOT_DEAD = "it is not given up, or not any more"
ASKED_SINCE = "the same was asked again since"
NOT_WANTED = "nothing of it is wanted any more"
OUT_OF_SERVICE = "its venue is not in service"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushWish:
    """Which dead pushes to revive or to drop, who wants it, and why."""

    act: Literal["revive", "drop"]
    push_ids: Sequence[int]
    actor: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Handled:
    """By push, the one that asks for the same now (itself, where it was dropped), or why nothing was done."""

    done: dict[int, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)


async def handle(parts: Parts, wish: PushWish) -> Handled:
    """Revive or drop them, venue by venue, each venue in one turn."""
    handled = Handled()
    async with parts.pool.acquire() as connection:
        found = await again.dead(connection, wish.push_ids)
    for venue_id, ids in _by_venue(found).items():
        if venue_id not in parts.premises:
            handled.refused |= dict.fromkeys(ids, OUT_OF_SERVICE)
            continue
        async with turn(parts, venue_id, wish.actor) as current:
            still = await again.dead(current.connection, ids)  # under the lock it may be another's
            act = _revive if wish.act == "revive" else _drop
            await act(current, still, wish.reason, handled)
    left = set(wish.push_ids) - set(handled.done) - set(handled.refused)
    handled.refused |= dict.fromkeys(sorted(left), NOT_DEAD)
    return handled


def _by_venue(found: Iterable[Dead]) -> Mapping[int, Sequence[int]]:
    ids: dict[int, list[int]] = {}
    for push in found:
        ids.setdefault(push.venue_id, []).append(push.id)
    return ids


async def _drop(current: Turn, found: Sequence[Dead], reason: str, handled: Handled) -> None:
    for push in found:
        await again.dropped(current.connection, push.id, current.now)
        _note(current, "push.dropped", push, {"reason": reason})
        handled.done[push.id] = push.id


async def _revive(current: Turn, found: Sequence[Dead], reason: str, handled: Handled) -> None:
    """Blocks are planned anew, for which the old refusal counts no more; a cancel is asked for again."""
    for push in found:
        if push.newer:
            handled.refused[push.id] = ASKED_SINCE
        elif push.block_id is not None:
            current.touch(await block_store.ask_again(current.changes, push.block_id, current.now))
        else:
            await _cancel_again(current, push, reason, handled)
    await replan(current)
    asked = [push for push in found if push.id not in {**handled.done, **handled.refused}]
    blocks = [push.block_id for push in asked if push.block_id is not None]
    latest = await pushes.open_of_blocks(current.connection, blocks)
    for push in asked:
        following = latest[push.block_id or 0]
        if following.id > push.id:
            await _revived(current, push, following.id, (reason, handled))
        else:
            handled.refused[push.id] = NOT_WANTED


async def _cancel_again(current: Turn, push: Dead, reason: str, handled: Handled) -> None:
    row = await booking_store.row_by_id(current.connection, push.booking_id or 0)
    if row is None or row["status"] not in CANCELLABLE:
        handled.refused[push.id] = NOT_WANTED
        return
    cause = await decisions.cause(current.connection, push.id)
    following = await ask_channel(current, row, reason, cause)
    await _revived(current, push, following, (reason, handled))


async def _revived(current: Turn, push: Dead, following: int, why: tuple[str, Handled]) -> None:
    reason, handled = why
    await again.revived(current.connection, push.id)
    await breakers.hurry(current.connection, push.account_id, "out", current.now)
    _note(current, "push.revived", push, {"reason": reason, "again": following})
    handled.done[push.id] = following


def _note(current: Turn, kind: str, push: Dead, data: Mapping[str, object]) -> None:
    about = {"booking_id": push.booking_id, "block_id": push.block_id, "push_id": push.id}
    current.note(kind, {"call": push.call, "account": push.account, **data}, **about)
