"""The ground of planning: what it rests on in a venue besides bookings and blocks, in one question."""

from collections.abc import Collection, Mapping
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
    horizons: Mapping[int, datetime]
    """By account, up to when its offers were read completely; who is missing never was."""
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
        horizons=dict(row["horizons"]),
        paused=frozenset(row["paused"]),
        refused=row["refused"],
    )
