"""Whether the journals tell all that became of bookings, allocations, blocks and conflicts. No I/O."""

from collections.abc import Iterable

from holdfast.soak.evidence import Evidence


def replay(found: Evidence) -> Iterable[str]:
    """What the journals' after-images make, folded in order, is what the store has."""
    return found.unlike
