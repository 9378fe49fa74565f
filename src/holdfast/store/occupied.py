"""Time that channels sell no more although we know nobody there, as the last read of each listing said."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg

from holdfast.inventory.model import Span
from holdfast.inventory.occupied import Taken
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span

_SQL = load("occupied")


async def grid(
    connection: asyncpg.Connection, listing_id: int, window: Span, read_at: datetime
) -> tuple[list[Span], list[Span]]:
    """The known offers of a listing that start in the window, and those of them that are sold."""
    rows = await connection.fetch(_SQL["grid"], listing_id, window.start, window.end, read_at)
    offers = [(Span(start=row["starts_at"], end=row["ends_at"]), row["open"]) for row in rows]
    return [span for span, _ in offers], [span for span, is_open in offers if is_open]


async def taken_here(
    connection: asyncpg.Connection, listing_id: int, venue_id: int, stretch: Span
) -> list[Taken]:
    """What we know to stand at a listing's channel on its units, setup and cleanup included."""
    rows = await connection.fetch(_SQL["taken_here"], listing_id, venue_id, to_range(stretch))
    return [
        Taken(
            slot=to_span(row["slot"]),
            span=Span(start=row["starts_at"], end=row["ends_at"]),
            beside=row["listing_id"] != listing_id,
        )
        for row in rows
    ]


async def replace(
    connection: asyncpg.Connection,
    listing_id: int,
    window: Span,
    found: Sequence[Span],
    at: tuple[datetime, datetime],
) -> list[Span]:
    """Take over what a read of the window found; `at` is when it began, and now. Returns what changed.

    Time that was known to be occupied before, in part at least, keeps its beginning.
    """
    read_at, now = at
    rows = await connection.fetch(_SQL["of_listing"], listing_id, to_range(window))
    before = {to_span(row["during"]): row["since"] for row in rows}
    since = [
        min((s for old, s in before.items() if old.overlaps(span)), default=read_at)
        for span in found
    ]
    await connection.execute(_SQL["forget"], listing_id, to_range(window), now)
    ranges = [to_range(span) for span in found]
    await connection.execute(_SQL["add"], listing_id, ranges, since, read_at)
    return sorted(set(found) ^ set(before))


async def of_venue(
    connection: asyncpg.Connection, venue_id: int, stretch: Span
) -> Mapping[int, list[Span]]:
    """What is occupied at a venue within a stretch, by listing."""
    found: dict[int, list[Span]] = {}
    for row in await connection.fetch(_SQL["of_venue"], venue_id, to_range(stretch)):
        found.setdefault(row["listing_id"], []).append(to_span(row["during"]))
    return found
