"""aftermath: what became of a difference that an audit found and repaired."""

from dataclasses import dataclass

import asyncpg

from holdfast.inventory.audit import Finding
from holdfast.inventory.merge import merge
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import brake as brake_store
from holdfast.sync.parts import Account, Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """`how` in a person's words; `left`: the difference is still there and nothing is under way."""

    finding: Finding
    how: str
    left: bool

    def plain(self) -> dict[str, object]:
        """As JSON, without guest data."""
        return {**self.finding.plain(), "became": self.how, "left": self.left}


async def became(parts: Parts, account: Account, venue_id: int, finding: Finding) -> Became:
    """Look again at what we believe now."""
    async with parts.pool.acquire() as connection:
        if finding.kind == "exposure":
            how, left = await _exposed(parts, connection, venue_id, finding)
        elif finding.ours:
            how, left = await _block(connection, account, finding)
        else:
            how, left = await _booking(connection, account, finding)
    return Became(finding=finding, how=how, left=left)


async def _exposed(
    parts: Parts, connection: asyncpg.Connection, venue_id: int, finding: Finding
) -> tuple[str, bool]:
    outlet = parts.outlet(venue_id, finding.listing)
    if finding.span is None or outlet is None:
        return "cannot be closed", True
    blocks = await block_store.live_in(connection, venue_id, finding.span)
    wanted = [b for b in blocks if b.listing_id == outlet.id and b.wants != "nothing"]
    if any(block.given_up for block in wanted):
        return "somebody took our block away: people are asked", True
    if wanted:
        return "being closed", False
    return "cannot be closed: no offer to take", True


async def _block(
    connection: asyncpg.Connection, account: Account, finding: Finding
) -> tuple[str, bool]:
    marker = finding.seen.marker if finding.seen else None
    block = await block_store.by_echo(connection, account.id, finding.ref or "", marker)
    if finding.kind == "missing_there":
        still = block is not None and block.external_id == finding.ref
        return await _gone(connection, account, finding, still=still)
    if block is None or block.external_id != finding.ref:
        return "a person must look: see the conflicts", True
    return ("being released" if block.wants == "nothing" else "updated"), False


async def _booking(
    connection: asyncpg.Connection, account: Account, finding: Finding
) -> tuple[str, bool]:
    known = await booking_store.by_ref(connection, account.id, finding.ref or "")
    if finding.kind == "missing_there":
        still = known is not None and known.occupying
        return await _gone(connection, account, finding, still=still)
    if known is None:
        return "waits: it may be a block of ours", True
    if finding.kind == "missing_here":
        return f"observed as booking #{known.id}", False
    if finding.seen is not None and merge(known, finding.listing, finding.seen).fact is not None:
        return "not updated: newer news is on its way", True
    return f"updated booking #{known.id}", False


async def _gone(
    connection: asyncpg.Connection, account: Account, finding: Finding, *, still: bool
) -> tuple[str, bool]:
    if not still:
        return ("gone; placed again if wanted" if finding.ours else "ended"), False
    if await brake_store.open_refs(connection, account.id, [finding.ref or ""]):
        braked = await brake_store.is_braked(connection, account.id)
        return ("held back by the brake" if braked else "being read by its id"), True
    return "still there when read by its id", True
