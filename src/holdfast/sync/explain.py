"""explain: load everything that is known around a unit's time, at one moment, and let the rules speak."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from holdfast.inventory.case import Case, Explanation, Shop
from holdfast.inventory.explain import explain
from holdfast.inventory.freshness import Judged
from holdfast.inventory.known import Block, Outlet
from holdfast.inventory.model import Span
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import configuration, freshness, seats
from holdfast.store import explain as store
from holdfast.store.configuration import Book, ListingRow, UnitRow, VenueRow
from holdfast.store.explain import ShopRow

AHEAD = timedelta(days=14)
"""How far the next free time is looked for."""

BEFORE = timedelta(days=1)
"""Bookings that ended so long ago have no cleanup left to do."""


class NoSuchUnit(Exception):
    """There is no such unit, or several; the text says which there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One unit of one venue."""

    venue: VenueRow
    unit: UnitRow

    @property
    def zone(self) -> ZoneInfo:
        """The clock on the venue's wall."""
        return ZoneInfo(self.venue.timezone)


def find(book: Book, unit: str, venue: str | None) -> Where:
    """The unit of this name; names are unique within a venue only. Raises NoSuchUnit."""
    venues = {v.id: v for v in book.venues.values() if venue in (None, v.name)}
    if not venues:
        known = ", ".join(sorted(v.name for v in book.venues.values())) or "none"
        raise NoSuchUnit(f"there is no venue {venue}; there is {known}")
    found = [u for u in book.units.values() if u.name == unit and u.venue_id in venues]
    if not found:
        known = ", ".join(sorted(u.name for u in book.units.values() if u.venue_id in venues))
        raise NoSuchUnit(f"there is no unit {unit}; there is {known or 'none'}")
    if len(found) > 1:
        several = ", ".join(sorted(venues[u.venue_id].name for u in found))
        raise NoSuchUnit(f"there is a unit {unit} at {several}: say which venue")
    return Where(venue=venues[found[0].venue_id], unit=found[0])


async def why(
    connection: asyncpg.Connection, book: Book, where: Where, span: Span, now: datetime
) -> Explanation:
    """Why the unit's time is or is not sellable, all of it as of one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return explain(await _case(connection, book, where, (span, now)))


async def of_unit(
    connection: asyncpg.Connection, names: tuple[str | None, str], span: Span, now: datetime
) -> Explanation:
    """The same by the names of venue and unit. Raises NoSuchUnit."""
    book = await configuration.load(connection)
    return await why(connection, book, find(book, names[1], names[0]), span, now)


async def _case(
    connection: asyncpg.Connection, book: Book, where: Where, when: tuple[Span, datetime]
) -> Case:
    span, now = when
    outlets = _outlets(book.listings, where.venue.id)
    around = Span(start=span.start - BEFORE, end=max(span.end, now) + AHEAD)
    bookings = await booking_store.occupying_in(connection, where.venue.id, around)
    return Case(
        venue=where.venue.name,
        zone=where.zone,
        unit=where.unit.unit(),
        span=span,
        now=now,
        bookings=bookings,
        seats=await seats.sitting(connection, [b.id for b in bookings]),
        conflicts=await store.conflicts(connection, [b.id for b in bookings]),
        outlets={**_outlets(book.former, where.venue.id), **outlets},
        units={u.id: u.unit() for u in book.units.values() if u.venue_id == where.venue.id},
        shops=await _shops(connection, where, when, outlets),
        accounts={o.id: book.accounts[o.account_id].name for o in outlets.values()},
        known_until=around.end,
        strangers=await store.strangers(connection, where.venue.id, around),
        trusted=where.venue.trust_offers,
    )


async def _shops(
    connection: asyncpg.Connection,
    where: Where,
    when: tuple[Span, datetime],
    outlets: Mapping[int, Outlet],
) -> list[Shop]:
    span, now = when
    selling = [o.id for o in outlets.values() if where.unit.id in o.unit_ids]
    rows = await store.shops(connection, selling, span)
    states = await freshness.states(connection, now)
    offers = await store.offers(connection, selling, span)
    blocks = await block_store.live_in(connection, where.venue.id, span)
    errands = await store.errands(connection, [block.id for block in blocks])
    return [
        Shop(
            outlet=outlets[listing],
            account=row.account,
            mode=row.mode,
            braked=row.braked,
            read_at=row.read_at,
            read_until=row.read_until,
            offers=offers[listing],
            blocks=_of(listing, blocks),
            errands=errands,
            reads_due=_due(row),
            paused=frozenset(row.paused),
            doubt=_doubt(row.account, states),
        )
        for listing, row in sorted(rows.items())
    ]


def _doubt(account: str, states: Mapping[str, Judged]) -> str:
    """Why an account is not fresh, by the rule of all screens."""
    state = states.get(account)
    if state is None:
        return f"{account} is not in use"
    return "" if state.fresh else f"{account} is {state.state}, {state.reason}"


def _of(listing_id: int, blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if block.listing_id == listing_id]


def _due(row: ShopRow) -> dict[str, datetime]:
    due = {
        "bookings": row.bookings_due,
        "offers": row.offers_due,
        "offers at that time": row.probe_due,
    }
    return {task: at for task, at in due.items() if at is not None}


def _outlets(rows: Mapping[int, ListingRow], venue_id: int) -> dict[int, Outlet]:
    """Without what their channels can do: whoever explains sends nothing."""
    return {r.id: r.outlet(releases_holds=False) for r in rows.values() if r.venue_id == venue_id}
