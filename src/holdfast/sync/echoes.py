"""Echoes: what a channel shows of our own blocks updates the block; it never becomes a booking."""

from datetime import datetime
from typing import Literal

from holdfast.inventory.known import Block, Outlet, There
from holdfast.inventory.marker import ORPHAN
from holdfast.inventory.model import FIRM, OCCUPYING, Absent, Seen, Span
from holdfast.inventory.plan import Wish
from holdfast.metrics import Metrics
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import conflicts, offers
from holdfast.store.blocks import Stood
from holdfast.store.changes import ChangeSet
from holdfast.sync.alarm import shut
from holdfast.sync.concerns import block_stands, orphan_over
from holdfast.sync.losses import about, tell, was_taken_away
from holdfast.sync.parts import Account
from holdfast.sync.turn import Turn

MOST_ORPHANS = 8
"""So many of ours may be found on one span at once; whoever is left is met by the next read."""

Outcome = Literal["applied", "noop", "stale", "echo", "deferred", "unmapped"]


async def echo(current: Turn, account: Account, block: Block, seen: Seen | Absent) -> Outcome:
    """What a channel shows of one of our own blocks. It never becomes a booking.

    While a call about the block is under way the call's own answer decides, and news read before the
    block last changed is old.
    """
    if block.flying or seen.read_at < block.changed_at:
        return "stale"
    there = isinstance(seen, Seen) and seen.status in OCCUPYING
    if block.external_id == seen.external_id and block.state != "absent" and not there:
        if was_taken_away(block, seen.read_at):
            await tell(current, block)
        await lose(current, block)
        return "applied"
    if there and isinstance(seen, Seen) and _stands_elsewhere(block, seen):
        if was_taken_away(block, seen.read_at):
            await tell(current, block)
        await lose(current, block)
        return await adopt_orphan(current, account, seen)
    if there and isinstance(seen, Seen) and block.external_id != seen.external_id:
        if _is_this_very_one(block, seen):
            return await _found_standing(current, block, seen)
        return await adopt_orphan(current, account, seen)
    return "echo"


async def turn_out(
    changes: ChangeSet, metrics: Metrics, which: tuple[int, str], now: datetime
) -> tuple[int, Span | None] | None:
    """What we placed ourselves was taken for a guest's: it is none from now on. Returns its number and its time.

    `which` is its account and its id there. A block may be met first without its marker, before its id is known.
    """
    found = await booking_store.turn_out(changes, which, now)
    if found is None:
        return None
    open_ones = await conflicts.about(changes.connection, found[0], ["unmapped"])
    await shut(changes, metrics, open_ones, now, "it is a block of ours")
    return found


def _is_this_very_one(block: Block, seen: Seen) -> bool:
    """Booked where it is wanted, under its own mark, though we believe that it is not: our store is older than that."""
    wanted = not block.closed and block.wants != "nothing" and block.state != "booked"
    return (
        wanted and seen.marker == block.marker and seen.status in FIRM and seen.span == block.span
    )


async def _found_standing(current: Turn, block: Block, seen: Seen) -> Outcome:
    stood = await _stands(current, block.id, seen)
    await shut_under(current, block)
    await block_stands(current, stood)
    current.note("block.found", about(current, block), block_id=block.id)
    current.touch(block.span)
    return "applied"


def _stands_elsewhere(block: Block, seen: Seen) -> bool:
    """Somebody moved it: where it should stand it does not."""
    same = block.external_id == seen.external_id and block.state != "absent"
    return same and seen.span is not None and seen.span != block.span


async def shut_under(current: Turn, block: Block) -> bool:
    """Its time is off sale now; a pool goes on selling its other units. True: some of it was on sale."""
    outlet = current.premises.outlets.get(block.listing_id)
    if outlet is not None and outlet.pool:
        return False
    return await offers.shut(current.connection, block.listing_id, block.span, current.now)


async def lose(current: Turn, block: Block, why: str = "lost") -> None:
    """It is not at its channel any more: what stood on its time is sold again, and planned for anew."""
    await block_store.gone(current.changes, block.id, current.now)
    await offers.reopen(current.connection, block.listing_id, block.span, current.now)
    current.calling |= await block_store.hurry_over(current.connection, block, current.now)
    await orphan_over(current, block.id, "it is gone at the channel")
    kind = "block.released" if block.wants == "nothing" and why == "lost" else f"block.{why}"
    current.note(kind, about(current, block), block_id=block.id)
    current.touch(block.span)


async def adopt_orphan(current: Turn, account: Account, seen: Seen) -> Outcome:
    """A live booking with our marker that no block of ours knows: take it over, so that it is released."""
    outlet = current.parts.outlet(current.premises.id, seen.listing)
    if outlet is None or seen.span is None or seen.status not in OCCUPYING:
        return "echo"
    block_id = await _beside(current, account, outlet, seen.span)
    if block_id is None:
        return "echo"
    await _stands(current, block_id, seen)
    current.note("block.orphan_found", {"listing": outlet.name}, block_id=block_id)
    current.touch(seen.span)
    return "applied"


async def _beside(current: Turn, account: Account, outlet: Outlet, span: Span) -> int | None:
    """A block of its own for it, whatever of ours stands there already: in a lane that no pool has."""
    home = (current.premises.id, account.id)
    for lane in range(0, -MOST_ORPHANS, -1):
        wish = Wish(
            listing_id=outlet.id, span=span, wants="nothing", until=None, because=(), lane=lane
        )
        marker = f"{ORPHAN}{current.parts.random.getrandbits(60):x}"
        found = await block_store.insert(current.changes, home, wish, marker, current.now)
        if found is not None:
            return found
    return None


async def _stands(current: Turn, block_id: int, seen: Seen) -> Stood:
    state: There = "held" if seen.status in ("held", "pending") else "booked"
    there = (seen.external_id, seen.held_until)
    return await block_store.stands(current.changes, block_id, state, there, current.now)
