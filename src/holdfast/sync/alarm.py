"""alarm: open a conflict for a person to see, in one way for all kinds: kept once, counted, in the journal."""

from collections.abc import Collection, Mapping
from datetime import datetime

from holdfast.inventory.known import Block
from holdfast.metrics import Metrics
from holdfast.store import seats
from holdfast.store.changes import ChangeSet
from holdfast.store.seats import NewConflict, Opened
from holdfast.sync.turn import Turn


async def alarm(turn: Turn, conflict: NewConflict, data: Mapping[str, object]) -> None:
    """Open it, unless it is open already."""
    opened = await seats.open_conflict(turn.changes, conflict)
    if opened is None:
        return
    count(turn.parts.metrics, conflict.kind, opened)
    turn.note(
        "conflict.opened",
        {"kind": conflict.kind, **data},
        booking_id=conflict.booking_id,
        block_id=conflict.block_id,
    )


async def alarm_about(turn: Turn, kind: str, block: Block, evidence: Mapping[str, object]) -> None:
    """Open one about a block of ours: it concerns all the units of its listing."""
    outlet = turn.premises.outlets.get(block.listing_id)
    conflict = NewConflict(
        venue_id=turn.premises.id,
        kind=kind,
        opened_at=turn.now,
        block_id=block.id,
        against=block.because,
        unit_ids=outlet.unit_ids if outlet else (),
        evidence=evidence,
    )
    await alarm(turn, conflict, evidence)


OVER = "its time is over"


async def shut(
    changes: ChangeSet,
    metrics: Metrics,
    ids: Collection[int],
    now: datetime,
    resolution: str,
) -> None:
    """Close these, and count by whom they were settled."""
    for closed in await seats.close_conflicts(changes, ids, now, resolution):
        actor = "policy" if closed.decided_by == "policy" else "operator"
        undecided = "expired" if resolution == OVER else "by_itself"
        by = actor if closed.decided_by else undecided
        metrics.conflicts_resolved.of(kind=closed.kind, resolution=by).inc()


def count(metrics: Metrics, kind: str, opened: Opened) -> None:
    """From the channel that took the time first to the one where it went wrong; both may be the same."""
    target = opened.target or "other"
    source = opened.source or target
    metrics.conflicts_detected.of(kind=kind, source=source, target=target).inc()
