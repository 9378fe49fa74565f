"""losses: a block that somebody at the venue takes away is placed again once; after that, people are asked."""

from datetime import datetime

from holdfast.inventory.known import MOST_LOSSES, Block
from holdfast.store import blocks as block_store
from holdfast.sync.alarm import alarm_about
from holdfast.sync.turn import Turn


def was_taken_away(block: Block, read_at: datetime) -> bool:
    """Whether a wanted block that is gone cannot have gone by itself: a hold may have lapsed."""
    lasting = block.state == "booked" or (
        block.expires_at is not None and read_at < block.expires_at
    )
    return block.wants != "nothing" and lasting


async def tell(current: Turn, block: Block) -> None:
    """Count the loss and open a conflict: the first time to tell, from then on to ask."""
    losses = await block_store.lost(current.changes, block.id, current.now)
    outlet = current.premises.ever.get(block.listing_id)
    account = current.parts.accounts.get(outlet.account_id) if outlet else None
    channel = account.channel_name if account else "other"
    current.parts.metrics.block_lapses.of(channel=channel, reason="lost").inc()
    evidence: dict[str, object] = {
        **about(current, block),
        "ref": block.external_id,
        "losses": losses,
        "asks": losses >= MOST_LOSSES,
    }
    await alarm_about(current, "block_lost", block, evidence)


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
