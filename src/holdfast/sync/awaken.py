"""awaken: an account that turned live sends what is wanted now; what it recorded in the shadow is not replayed."""

from holdfast.store import shadow
from holdfast.store.shadow import InShadow
from holdfast.sync.parts import Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import turn

PORTION = 200
"""Calls that one turn derives anew: of thousands, the turn would outlast what the database lets a transaction take."""


async def awaken(parts: Parts) -> int:
    """Derive anew what accounts that left the shadow have to send, what starts first first; returns for how many venues.

    What is left over waits for the next look: meanwhile the first portion goes out.
    """
    live = [account.id for account in parts.accounts.values() if account.mode == "live"]
    async with parts.pool.acquire() as connection:
        found = await shadow.waiting(connection, live)
    for one in found:
        await _awaken(parts, one)
    return len(found)


async def _awaken(parts: Parts, found: InShadow) -> None:
    """A cancellation that was asked for meanwhile is not sent: whoever wants it still asks again."""
    if found.venue_id not in parts.premises:  # nothing is wanted there any more
        async with parts.pool.acquire() as connection:
            await shadow.leave(connection, found, PORTION, parts.now())
        return
    async with turn(parts, found.venue_id, actor="operator") as current:
        left = await shadow.leave(current.connection, found, PORTION, current.now)
        data = {
            "account": parts.accounts[found.account_id].name,
            "blocks": sum(span is not None for span in left),
            "cancels": sum(span is None for span in left),
            "left": max(0, found.amount - len(left)),
        }
        current.note("account.live", data)
        current.touch(*left)
        await replan(current)
