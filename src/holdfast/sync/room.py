"""room: whether a pool has a unit left for what its channel offers."""

from datetime import timedelta

import asyncpg

from holdfast.inventory.exposure import without_a_free_unit
from holdfast.inventory.known import Outlet
from holdfast.inventory.model import Span
from holdfast.store import bookings as booking_store
from holdfast.store import seats
from holdfast.sync.parts import Premises

AROUND = timedelta(days=1)
"""Setup and cleanup reach beyond a booking's own time."""


async def is_full(
    connection: asyncpg.Connection, premises: Premises, outlet: Outlet, span: Span
) -> bool:
    """Whether none of its units is free for all of a span: an offer of it is one too many.

    Then some block that should keep it from being sold does not stand; as long as a unit is left, an
    offer says nothing about our blocks.
    """
    around = span.padded(AROUND, AROUND)
    bookings = await booking_store.occupying_in(connection, premises.id, around)
    sitting = await seats.sitting(connection, [booking.id for booking in bookings])
    where = (bookings, premises.ever, premises.units, sitting)
    return bool(without_a_free_unit(outlet, [span], *where))
