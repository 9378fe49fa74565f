"""The list of venues, and what one of them has that is on no unit. Read only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg

from holdfast.inventory.wall import today
from holdfast.store.day import VenueRow
from holdfast.store.queries import load
from holdfast.store.typed import fetched

_SQL = load("venues")


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueToday:
    """A venue with the figures of its own today. `exposed`: bookings whose time is still on sale somewhere."""

    id: int
    name: str
    timezone: str
    booked: int
    held: int
    conflicts: int
    exposed: int
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A booking whose venue nobody knows, and the conflict about it."""

    conflict: int
    booking: int
    account: str | None
    starts_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mode:
    name: str
    mode: str


async def by_name(pool: asyncpg.Pool, name: str) -> VenueRow | None:
    """None: there is none in use."""
    found = await fetched(pool, VenueRow, _SQL["by_name"], name)
    return found[0] if found else None


async def page(
    pool: asyncpg.Pool, names: Sequence[str] | None, after: str | None, now: datetime, limit: int
) -> list[VenueToday]:
    """By name, behind `after`; of `names` only, None: of all."""
    found = await fetched(pool, VenueRow, _SQL["names"], names, after, limit)
    days = [today(now, ZoneInfo(venue.timezone)) for venue in found]
    ids = [venue.id for venue in found]
    starts, ends = [day.start for day in days], [day.end for day in days]
    return await fetched(pool, VenueToday, _SQL["page"], ids, starts, ends)


async def unitless(pool: asyncpg.Pool, venue_id: int) -> list[str]:
    """Listings that sell no unit in use."""
    return [row.name for row in await fetched(pool, _Named, _SQL["unitless"], venue_id)]


async def unmapped(pool: asyncpg.Pool) -> list[Unmapped]:
    """Newest first, 20 at most."""
    return await fetched(pool, Unmapped, _SQL["unmapped"])


async def modes(pool: asyncpg.Pool, venue_id: int) -> dict[str, str]:
    """By listing, whether its account is live, in shadow, or paused."""
    return {row.name: row.mode for row in await fetched(pool, _Mode, _SQL["modes"], venue_id)}


async def accounts(pool: asyncpg.Pool, venue_id: int) -> list[str]:
    """By name, those in use on which a venue is sold."""
    return [row.name for row in await fetched(pool, _Named, _SQL["accounts"], venue_id)]
