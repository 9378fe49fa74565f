"""Rounds: which lanes have something due, and how each is worked off. A wake-up and the sweep do the very same.

A lane is one step for one account, so that a channel that is slow or out of budget holds up nobody else.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from holdfast.channel import HOLD_MARGIN
from holdfast.store import agenda, readings
from holdfast.sync.absorb import BATCH, absorb
from holdfast.sync.awaken import awaken
from holdfast.sync.deliver import AT_ONCE, deliver, recover
from holdfast.sync.grace import PATIENCE, grace
from holdfast.sync.lapse import lapse
from holdfast.sync.leave import leave
from holdfast.sync.parts import Account, Lane, Parts, Step
from holdfast.sync.poll import read_background, read_bookings, read_near_offers, read_probed
from holdfast.sync.readings import ensure_seeded

STEPS: Mapping[Step, Callable[[Parts, Account], Awaitable[int]]] = {
    "absorb": absorb,
    "deliver": deliver,
    "bookings": read_bookings,
    "probes": read_probed,
    "offers": read_near_offers,
    "background": read_background,
}

FULL: Mapping[Step, int] = {"absorb": BATCH, "deliver": AT_ONCE}
"""So many does a round take; whoever took fewer took all that was due, or all that the budget let him."""

ENOUGH = 50
"""Rounds in one go; who is behind goes on with the next nudge."""


async def due_lanes(parts: Parts) -> list[Lane]:
    """What time has ended is noticed first; then, the lanes in which something waits."""
    due = await _look(parts)
    if due.clock:
        await lapse(parts)
        await grace(parts)
        await recover(parts)
        await awaken(parts)
        due = await _look(parts)  # what the clock said may be work
    if await leave(parts):
        due = await _look(parts)
    lanes: list[Lane] = [("absorb", account) for account in due.heard]
    lanes += [("deliver", account) for account in due.wanted]
    return [lane for lane in [*lanes, *await _readings(parts)] if served(parts, lane)]


async def _readings(parts: Parts) -> list[Lane]:
    await ensure_seeded(parts)
    async with parts.pool.acquire() as connection:
        due = await readings.lanes(connection, parts.now(), list(parts.accounts))
    return [(lane, account) for lane, account in due]


def served(parts: Parts, lane: Lane) -> bool:
    """Whether it is of an account that this process knows, and that does such things."""
    step, account_id = lane
    account = parts.accounts.get(account_id)
    return account is not None and (step != "deliver" or account.mode == "live")


async def _look(parts: Parts) -> agenda.Due:
    async with parts.pool.acquire() as connection:
        return await agenda.look(connection, parts.now(), _live(parts))


def _live(parts: Parts) -> list[int]:
    return [account.id for account in parts.accounts.values() if account.mode == "live"]


async def work_off(
    parts: Parts, lane: Lane, go_on: Callable[[bool], bool] = lambda _full: True
) -> int:
    """Work a lane off until nothing in it is due or its budget is spent; returns how much was done.

    No round is begun once `go_on` says no; it is told whether the one before was full, as none was before the first.
    """
    step, account_id = lane
    total, full = 0, True
    for _ in range(ENOUGH):
        if not go_on(full):
            break
        account = parts.accounts.get(account_id)
        done = await STEPS[step](parts, account) if account is not None else 0
        total += done
        if not done:
            break
        full = done >= FULL.get(step, 1)
    return total


async def settle_down(parts: Parts) -> None:
    """Do whatever is due, readings included, until nothing is; for tests and tools that wait for quiet."""
    for _ in range(ENOUGH):
        if not any([await work_off(parts, lane) for lane in await due_lanes(parts)]):
            return


async def next_due(parts: Parts) -> datetime | None:
    """When there is something to do again."""
    scope = agenda.Scope(
        live=_live(parts),
        accounts=list(parts.accounts),
        venues=list(parts.premises),
        patience=PATIENCE,
        margin=HOLD_MARGIN,
    )
    async with parts.pool.acquire() as connection:
        return await agenda.next_due(connection, parts.now(), scope)
