"""awaken: an account that turned live sends what is wanted now; what it recorded in the shadow is not replayed."""

from holdfast.store import pushes
from holdfast.sync.parts import Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import turn


async def awaken(parts: Parts) -> int:
    """Derive anew what accounts that left the shadow have to send; returns for how many venues."""
    live = [account.id for account in parts.accounts.values() if account.mode == "live"]
    async with parts.pool.acquire() as connection:
        found = await pushes.in_shadow(connection, live)
    for venue_id, account_id in found:
        await _awaken(parts, venue_id, account_id)
    return len(found)


async def _awaken(parts: Parts, venue_id: int, account_id: int) -> None:
    """A cancellation that was asked for meanwhile is not sent: whoever wants it still asks again."""
    async with turn(parts, venue_id, actor="operator") as current:
        left = await pushes.leave_shadow(current.connection, venue_id, account_id, current.now)
        data = {
            "account": parts.accounts[account_id].name,
            "blocks": sum(span is not None for span in left),
            "cancels": sum(span is None for span in left),
        }
        current.note("account.live", data)
        current.touch(*left)
        await replan(current)
