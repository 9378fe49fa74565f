"""What is known of a room on a day: its seats, and when channels ever offered it. Read only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("cautions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One or more units. `opens` None: it is not known when channels offer them that day."""

    names: Sequence[str]
    seats: int
    opens: datetime | None
    shuts: datetime | None


async def room(
    pool: asyncpg.Pool, venue: str, units: Sequence[str], listing: str | None, day: Span
) -> Room:
    """The units of these names, or those that the listing sells; without any, no name and no seat."""
    (found,) = await fetched(
        pool, Room, _SQL["room"], venue, list(units), listing, day.start, day.end
    )
    return found
