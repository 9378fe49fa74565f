"""losses: a block that somebody at the venue takes away is placed again once; after that, people are asked."""

from datetime import datetime

from holdfast.inventory.known import MOST_LOSSES, Block
from holdfast.store import blocks as block_store
from holdfast.store import seats
from holdfast.sync.parts import Parts
from holdfast.sync.replan import replan
from holdfast.sync.turn import Turn, turn


class BlockUnknown(Exception):
    """There is no block of this id that somebody took away."""


def was_taken_away(block: Block, read_at: datetime) -> bool:
    """Whether a wanted block that is gone cannot have gone by itself: a hold may have lapsed."""
    lasting = block.state == "booked" or (
        block.expires_at is not None and read_at < block.expires_at
    )
    return block.wants != "nothing" and lasting


async def tell(current: Turn, block: Block) -> None:
    """Count the loss and open a conflict: the first time to tell, from then on to ask."""
    losses = await block_store.lost(current.connection, block.id, current.now)
    outlet = current.premises.outlets.get(block.listing_id)
    evidence: dict[str, object] = {
        **about(current, block),
        "ref": block.external_id,
        "losses": losses,
        "asks": losses >= MOST_LOSSES,
    }
    conflict = seats.NewConflict(
        venue_id=current.premises.id,
        kind="block_lost",
        opened_at=current.now,
        block_id=block.id,
        against=block.because,
        unit_ids=outlet.unit_ids if outlet else (),
        evidence=evidence,
    )
    if await seats.open_conflict(current.connection, conflict):
        current.parts.metrics.conflicts_detected.of(
            kind="block_lost", source="other", target="other"
        ).inc()
    current.note("conflict.opened", {"kind": "block_lost", **evidence}, block_id=block.id)


async def stands_again(current: Turn, block: Block) -> None:
    """It is there again: who was told need not be asked."""
    if block.losses and await block_store.end_losses(
        current.connection, block.id, current.now, "placed again"
    ):
        current.note("conflict.closed", {"kind": "block_lost"}, block_id=block.id)


async def retry_block(parts: Parts, block_id: int, actor: str) -> None:
    """A person wants a block placed again that was taken away. Raises BlockUnknown.

    The conflict about it is closed when the channel has confirmed.
    """
    async with parts.pool.acquire() as connection:
        venue_id = await block_store.venue_of(connection, block_id)
    if venue_id is None:
        raise BlockUnknown(block_id)
    async with turn(parts, venue_id, actor) as current:
        block = await block_store.by_id(current.connection, block_id)
        if not block.given_up or block.closed:
            raise BlockUnknown(block_id)
        await block_store.forgive(current.connection, block_id, current.now)
        current.note("block.retry_asked", about(current, block), block_id=block_id)
        current.touch(block.span)
        await replan(current)


def about(current: Turn, block: Block) -> dict[str, object]:
    """A block in the journal's words."""
    outlet = current.premises.outlets.get(block.listing_id)
    data: dict[str, object] = {
        "listing": outlet.name if outlet else None,
        "start": block.span.start.isoformat(),
        "end": block.span.end.isoformat(),
    }
    if outlet and outlet.pool and 1 <= block.lane <= len(outlet.unit_ids):
        data["unit"] = current.premises.units[outlet.unit_ids[block.lane - 1]].name
    return data
