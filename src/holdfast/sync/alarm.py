"""alarm: open a conflict for a person to see, in one way for all kinds: kept once, counted, in the journal."""

from collections.abc import Mapping

from holdfast.metrics import Metrics
from holdfast.store import seats
from holdfast.store.seats import NewConflict, Opened
from holdfast.sync.turn import Turn


async def alarm(turn: Turn, conflict: NewConflict, data: Mapping[str, object]) -> None:
    """Open it, unless it is open already."""
    opened = await seats.open_conflict(turn.connection, conflict)
    if opened is None:
        return
    count(turn.parts.metrics, conflict.kind, opened)
    turn.note(
        "conflict.opened",
        {"kind": conflict.kind, **data},
        booking_id=conflict.booking_id,
        block_id=conflict.block_id,
    )


def count(metrics: Metrics, kind: str, opened: Opened) -> None:
    """From the channel that took the time first to the one where it went wrong; both may be the same."""
    target = opened.target or "other"
    source = opened.source or target
    metrics.conflicts_detected.of(kind=kind, source=source, target=target).inc()
