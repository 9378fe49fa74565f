"""The ground of planning: what it rests on in a venue besides bookings and blocks, in one question."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from holdfast.inventory.model import Span
from holdfast.store.queries import load

_SQL = load("ground")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """See each field."""

    longest: timedelta
    """The longest offer: how far a change can reach. An hour where none is known."""
    looks: Mapping[int, Sequence[Span]]
    """By listing, the times whose offers were read completely; what is missing never was."""
    paused: Collection[int]
    """Accounts to which nothing is sent now."""
    refused: bool
    """Something that we wanted to place was refused lately."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A venue, with its listings and their accounts, by id."""

    venue_id: int
    listing_ids: Collection[int]
    account_ids: Collection[int]


async def ground(
    connection: asyncpg.Connection, where: Where, stretch: Span, lately: datetime
) -> Ground:
    """`stretch` is where the longest offer is looked for; `lately` is since then."""
    row = await connection.fetchrow(
        _SQL["ground"],
        where.venue_id,
        list(where.listing_ids),
        stretch.start,
        stretch.end,
        list(where.account_ids),
        lately,
    )
    return Ground(
        longest=row["longest"],
        looks=_by_listing(row["looks"]),
        paused=frozenset(row["paused"]),
        refused=row["refused"],
    )


def _by_listing(looks: Sequence[tuple[int, datetime, datetime]]) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    for listing_id, start, end in looks:
        found.setdefault(listing_id, []).append(Span(start=start, end=end))
    return found
