"""What is known around a stretch of time, for whoever asks why it is or is not sellable. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from holdfast.inventory.case import Errand, Offered, Stranger
from holdfast.inventory.model import Span
from holdfast.store.queries import load
from holdfast.store.ranges import to_range, to_span

_SQL = load("explain")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRow:
    """How a listing's account stands; `read_at`: when all its offers were last read, up to `read_until`."""

    id: int
    account: str
    mode: str
    braked: bool
    paused: Sequence[str]
    read_at: datetime | None
    read_until: datetime | None
    offers_due: datetime | None
    bookings_due: datetime | None
    probe_due: datetime | None


async def shops(
    connection: asyncpg.Connection, listing_ids: Sequence[int], span: Span
) -> dict[int, ShopRow]:
    """By listing."""
    rows = await connection.fetch(_SQL["shops"], list(listing_ids), to_range(span))
    return {row["id"]: ShopRow(**dict(row)) for row in rows}


async def offers(
    connection: asyncpg.Connection, listing_ids: Sequence[int], span: Span
) -> dict[int, list[Offered]]:
    """By listing, those that overlap the span, open or not."""
    rows = await connection.fetch(_SQL["offers"], list(listing_ids), span.start, span.end)
    found: dict[int, list[Offered]] = {listing: [] for listing in listing_ids}
    for row in rows:
        there = Span(start=row["starts_at"], end=row["ends_at"])
        offer = Offered(span=there, open=row["open"], read_at=row["read_at"])
        found[row["listing_id"]].append(offer)
    return found


async def strangers(connection: asyncpg.Connection, venue_id: int, span: Span) -> list[Stranger]:
    """Time of a venue's listings within the span that is sold no more, and nobody knows why."""
    rows = await connection.fetch(_SQL["strangers"], venue_id, to_range(span))
    return [Stranger(**{**row, "span": to_span(row["span"])}) for row in rows]


async def errands(connection: asyncpg.Connection, block_ids: Sequence[int]) -> dict[int, Errand]:
    """By block, the call that is not done."""
    rows = await connection.fetch(_SQL["errands"], list(block_ids))
    names = Errand.__dataclass_fields__
    return {row["block_id"]: Errand(**{name: row[name] for name in names}) for row in rows}


async def conflicts(
    connection: asyncpg.Connection, booking_ids: Sequence[int]
) -> dict[int, datetime]:
    """Which of these bookings could not get their units, and since when that is known."""
    rows = await connection.fetch(_SQL["conflicts"], list(booking_ids))
    return {row["booking_id"]: row["since"] for row in rows}
