"""alarm: open a conflict for a person to see, in one way for all kinds: kept once, counted, in the journal."""

from collections.abc import Mapping

from holdfast.metrics import Metrics
from holdfast.store import seats
from holdfast.store.seats import NewConflict, Opened
from holdfast.sync.turn import Turn


async def alarm(
    turn: Turn, conflict: NewConflict, data: Mapping[str, object], channel: str | None = None
) -> None:
    """Open it, unless it is open already. `channel` is where it is, if no booking or block says so."""
    opened = await seats.open_conflict(turn.connection, conflict)
    if opened is None:
        return
    count(turn.parts.metrics, conflict.kind, opened, channel)
    turn.note(
        "conflict.opened",
        {"kind": conflict.kind, **data},
        booking_id=conflict.booking_id,
        block_id=conflict.block_id,
    )


def count(metrics: Metrics, kind: str, opened: Opened, channel: str | None = None) -> None:
    """From the channel that took the time first to the one where it went wrong; both may be the same."""
    target = opened.target or channel or "other"
    source = opened.source or target
    metrics.conflicts_detected.of(kind=kind, source=source, target=target).inc()
