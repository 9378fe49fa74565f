"""Calls that were recorded and not to be sent, of accounts that have left the shadow since."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store.queries import load
from holdfast.store.ranges import to_span

_SQL = load("shadow")


class InShadow(NamedTuple):
    """Calls of an account at a venue that were recorded and not to be sent."""

    venue_id: int
    account_id: int
    amount: int


async def waiting(connection: asyncpg.Connection, account_ids: Sequence[int]) -> list[InShadow]:
    """Of these accounts."""
    rows = await connection.fetch(_SQL["waiting"], list(account_ids))
    return [InShadow(*row) for row in rows]


async def leave(
    connection: asyncpg.Connection, found: InShadow, limit: int, now: datetime
) -> list[Span | None]:
    """Supersede so many of what was recorded; returns the time of each block, None for each guest's booking."""
    whose = (found.venue_id, found.account_id)
    rows = await connection.fetch(_SQL["leave"], *whose, now, limit)
    return [to_span(row["during"]) if row["during"] is not None else None for row in rows]
