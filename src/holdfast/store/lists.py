"""The read model of the lists of bookings and blocks: a page of them, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from holdfast.inventory.model import Status
from holdfast.store.reading import BlockRow, BookingRow, rows

SHORT = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Which bookings or blocks are asked for: of a venue, overlapping `[since, until)`; None: any.

    `within` are the venues that whoever asks may see; None: all.
    """

    venue: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    within: Sequence[str] | None = None

    @property
    def short(self) -> bool:
        """Whether so little lies in it that it is looked up by time; else the newest of years are walked through."""
        if self.since is None or self.until is None:
            return False
        return self.until - self.since <= SHORT


async def bookings_page(
    pool: asyncpg.Pool,
    stretch: Stretch,
    statuses: Sequence[Status] | None,
    before: int | None,
    limit: int,
) -> list[BookingRow]:
    """Newest first, with ids below `before`."""
    wanted = (stretch.venue, stretch.since, stretch.until, statuses, before, limit, stretch.within)
    query = "bookings_within" if stretch.short else "bookings_page"
    return await rows(pool, BookingRow, query, *wanted)


async def blocks_page(
    pool: asyncpg.Pool, stretch: Stretch, over: bool, before: int | None, limit: int
) -> list[BlockRow]:
    """Newest first; with those that are `over` if wanted."""
    wanted = (stretch.venue, stretch.since, stretch.until, over, before, limit, stretch.within)
    return await rows(pool, BlockRow, "blocks_page", *wanted)
