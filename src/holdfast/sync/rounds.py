"""A round: every step once, in the order of a booking's path. A wake-up and the sweep run the very same."""

from datetime import datetime

from holdfast.store import inbox, pushes, schedule
from holdfast.sync.absorb import absorb
from holdfast.sync.deliver import deliver
from holdfast.sync.lapse import lapse, next_lapse
from holdfast.sync.parts import Parts
from holdfast.sync.poll import poll

ENOUGH = 50
"""Rounds in one go; whoever is behind goes on with the next nudge, so that nobody starves."""


async def hurry(parts: Parts) -> bool:
    """What must not wait: deadlines, news, calls; True: something was done, there may be more."""
    done = await lapse(parts)
    done += await absorb(parts)
    done += await deliver(parts)
    return done > 0


async def drain(parts: Parts) -> None:
    """Do whatever is due until nothing is, readings of whole channels excepted."""
    for _ in range(ENOUGH):
        if not await hurry(parts):
            return


async def settle_down(parts: Parts) -> None:
    """Do whatever is due, readings included, until nothing is; for tests and tools that wait for quiet."""
    for _ in range(ENOUGH):
        read = await poll(parts)
        if not await hurry(parts) and not read:
            return


async def next_due(parts: Parts) -> datetime | None:
    """When there is something to do again."""
    live = [account.id for account in parts.accounts.values() if account.mode == "live"]
    async with parts.pool.acquire() as connection:
        due = [
            await inbox.next_due(connection),
            await pushes.next_due(connection, live),
            await schedule.next_due(connection, list(parts.accounts)),
        ]
    due.append(await next_lapse(parts))
    return min((at for at in due if at is not None), default=None)
