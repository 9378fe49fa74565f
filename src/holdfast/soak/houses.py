"""Reads venues with a pool from our store, as their checker wants them."""

from collections import defaultdict
from collections.abc import Mapping

import asyncpg

from holdfast.inventory.model import Span
from holdfast.soak.pools import House, Key, Sold
from holdfast.store import configuration
from holdfast.store.configuration import Book, ListingRow
from holdfast.store.queries import load
from holdfast.store.ranges import to_span

_SQL = load("gather", "holdfast.soak")


async def houses(connection: asyncpg.Connection) -> list[House]:
    """Every venue in service that sells a pool, with who has what of it."""
    book = await configuration.load(connection)
    pooled = {row.venue_id for row in book.listings.values() if row.takes == "one"}
    granted = await _granted(connection)
    rows = await connection.fetch(_SQL["losers"])
    losers = frozenset((row["channel"], row["external_id"]) for row in rows)
    unnamed = await _unnamed(connection)
    kept = frozenset(
        (row["channel"], row["external_id"]) for row in await connection.fetch(_SQL["kept"])
    )
    return [
        House(
            units={u.id: u.unit() for u in book.units.values() if u.venue_id == venue},
            listings=[_sold(book, row) for row in book.listings.values() if row.venue_id == venue],
            granted=granted,
            losers=losers,
            unnamed=unnamed,
            kept=kept,
        )
        for venue in sorted(pooled)
    ]


async def _granted(connection: asyncpg.Connection) -> Mapping[Key, Mapping[int, Span]]:
    found: dict[Key, dict[int, Span]] = defaultdict(dict)
    for row in await connection.fetch(_SQL["given"]):
        key = row["channel"], row["external_id"]
        found[key][row["unit_id"]] = to_span(row["during"])
    return dict(found)


async def _unnamed(connection: asyncpg.Connection) -> Mapping[tuple[str, str], list[Span]]:
    found: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for row in await connection.fetch(_SQL["unnamed"]):
        found[row["channel"], place_of(row["name"], row["channel"])].append(to_span(row["during"]))
    return dict(found)


def _sold(book: Book, row: ListingRow) -> Sold:
    channel = book.accounts[row.account_id].channel
    outlet = row.outlet(releases_holds=True)  # nothing here depends on it
    return Sold(channel=channel, place=place_of(row.name, channel), outlet=outlet)


def place_of(listing: str, channel: str) -> str:
    """The examples name each listing after its place and its channel."""
    return listing.removesuffix(f"-{channel}")
