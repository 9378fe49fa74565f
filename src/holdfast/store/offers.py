"""Offers: what each listing sells at its channel, as last read or as we know since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store.queries import load
from holdfast.store.ranges import columns

_SQL = load("offers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What one listing is known to sell."""

    open: list[Span] = field(default_factory=list)
    """Now, whatever of ours stands there."""
    withdrawn: list[Span] = field(default_factory=list)
    """But for our blocks."""

    @property
    def sellable(self) -> list[Span]:
        """Both."""
        return [*self.open, *self.withdrawn]


async def known_in(
    connection: asyncpg.Connection, listing_ids: Sequence[int], stretch: Span
) -> Mapping[int, Known]:
    """What these listings sell within a stretch or would sell but for our blocks, by listing."""
    rows = await connection.fetch(_SQL["known_in"], list(listing_ids), stretch.start, stretch.end)
    known = {listing: Known() for listing in listing_ids}
    for row in rows:
        one = known[row["listing_id"]]
        shelf = one.open if row["open"] else one.withdrawn
        shelf.append(Span(start=row["starts_at"], end=row["ends_at"]))
    return known


async def grid(
    connection: asyncpg.Connection, listing_ids: Sequence[int], days: Span
) -> Mapping[int, Sequence[Span]]:
    """When offers of these listings begin on the days that were read, sold or not."""
    rows = await connection.fetch(_SQL["grid"], list(listing_ids), days.start, days.end)
    found: dict[int, list[Span]] = {listing: [] for listing in listing_ids}
    for row in rows:
        found[row["listing_id"]].append(Span(start=row["starts_at"], end=row["ends_at"]))
    return found


async def save(
    connection: asyncpg.Connection,
    listing_id: int,
    offers: Sequence[Span],
    read_at: datetime,
) -> list[Span]:
    """These are sold, by a read begun at `read_at`; returns those that no newer fact contradicts."""
    rows = await connection.fetch(_SQL["save_open"], listing_id, *columns(sorted(offers)), read_at)
    return [Span(start=row["starts_at"], end=row["ends_at"]) for row in rows]


async def close_absent(
    connection: asyncpg.Connection,
    listing_id: int,
    window: Span,
    offers: Sequence[Span],
    read_at: datetime,
) -> None:
    """All others that start in the window are not sold: it was read completely."""
    await connection.execute(
        _SQL["save_closed"], listing_id, window.start, window.end, *columns(offers), read_at
    )


async def shut(connection: asyncpg.Connection, listing_id: int, span: Span, at: datetime) -> bool:
    """Something stands on this time at the channel now. True: some of it was on sale, as far as we knew."""
    sold: bool = await connection.fetchval(_SQL["shut"], listing_id, span.start, span.end, at)
    return sold


async def reopen(connection: asyncpg.Connection, listing_id: int, span: Span, at: datetime) -> bool:
    """What stood on this time is gone: it is taken to be sold again, until a read says otherwise.

    False: the channel was never seen to sell any of it, so nobody knows what it sells now.
    """
    known: int = await connection.fetchval(_SQL["reopen"], listing_id, span.start, span.end, at)
    return known > 0


async def forget_past(connection: asyncpg.Connection, before: datetime) -> None:
    """Drop what can be sold no more."""
    await connection.execute(_SQL["forget_past"], before)
