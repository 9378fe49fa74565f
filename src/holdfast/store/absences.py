"""Absences: how often in a row a channel did not find a booking as we know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.absence import Doubt, Kind
from holdfast.store.queries import load

_SQL = load("absences")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """A doubt, and the booking that it is about; None: it is not known."""

    doubt: Doubt
    booking_id: int | None
    venue_id: int | None


async def doubt(
    connection: asyncpg.Connection,
    what: tuple[int, str, Kind],
    read_at: datetime,
    said_at: datetime | None,
) -> Doubted:
    """Count one more read, begun at `read_at`. `what` is the account, the channel's id, and what was told of it.

    `said_at`: when its end was announced, if it was.
    """
    row = await connection.fetchrow(_SQL["doubt"], *what, read_at)
    found = Doubt(
        kind=what[2],
        since=row["since"],
        read_at=row["read_at"],
        reads=row["reads"],
        known=row["known"],
        held_until=row["held_until"],
        said_at=said_at,
        shown_at=row["shown_at"],
        lists_began_at=row["lists_began_at"],
    )
    return Doubted(doubt=found, booking_id=row["booking_id"], venue_id=row["venue_id"])


async def settled(connection: asyncpg.Connection, account_id: int, refs: Sequence[str]) -> None:
    """These were concluded on."""
    await connection.execute(_SQL["settled"], account_id, list(refs))


async def forget(connection: asyncpg.Connection, before: datetime) -> None:
    """Drop what was last asked after before then."""
    await connection.execute(_SQL["forget"], before)
