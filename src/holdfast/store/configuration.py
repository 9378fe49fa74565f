"""What is configured, as the database has it: accounts, venues, units, listings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import asyncpg
from pydantic import AfterValidator, JsonValue, TypeAdapter

from holdfast.channel import Contact
from holdfast.inventory.known import Outlet, Unit
from holdfast.store.queries import load as queries

_SQL = queries("configuration")

Noun = Literal["account", "venue", "unit", "listing"]
Record = Mapping[str, JsonValue]
Instant = Annotated[datetime, AfterValidator(lambda instant: instant.astimezone(UTC))]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One account. `settings` are the channel's own keys, secrets as references."""

    id: int
    name: str
    channel: str
    mode: Literal["live", "shadow", "paused"]
    settings: Record
    reads_per_minute: int
    writes_per_minute: int
    poll_seconds: int
    offers_seconds: int
    audit_seconds: int
    horizon_days: int
    active: bool
    left_at: Instant | None = None
    """Since then nothing of it is left. Not `active` and None: it is leaving. The same for the next three."""
    former_names: tuple[str, ...] = ()
    """Its provider may still send webhooks to these."""
    last_webhook_at: Instant | None
    """At the moment of loading."""
    created_at: Instant
    updated_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueRow:
    """One venue. The head of its journal is not here: it is only true under the venue's lock."""

    id: int
    name: str
    timezone: str
    house_contact: Contact
    holds: Literal["rehold", "commit", "none"]
    conflicts: Literal["propose", "auto"]
    trust_offers: bool
    active: bool
    left_at: Instant | None = None
    created_at: Instant
    updated_at: Instant
    configured_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One unit of a venue."""

    id: int
    venue_id: int
    name: str
    seats: int
    setup_minutes: int
    cleanup_minutes: int
    active: bool
    left_at: Instant | None = None

    def unit(self) -> Unit:
        """As the planner sees it."""
        return Unit(
            id=self.id,
            name=self.name,
            seats=self.seats,
            setup=timedelta(minutes=self.setup_minutes),
            cleanup=timedelta(minutes=self.cleanup_minutes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRow:
    """One listing with its units in their order. `settings` are the channel's own keys."""

    id: int
    venue_id: int
    account_id: int
    name: str
    takes: Literal["all", "one"]
    party_size: int
    settings: Record
    unit_ids: tuple[int, ...]
    active: bool
    left_at: Instant | None = None

    def outlet(self, *, releases_holds: bool) -> Outlet:
        """As the planner sees it; whether holds can be given back is its channel's nature."""
        return Outlet(
            id=self.id,
            name=self.name,
            account_id=self.account_id,
            takes=self.takes,
            unit_ids=self.unit_ids,
            releases_holds=releases_holds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All of them by id, as they were at one moment: every id in it leads somewhere."""

    accounts: Mapping[int, AccountRow]
    venues: Mapping[int, VenueRow]
    units: Mapping[int, UnitRow]
    listings: Mapping[int, ListingRow]
    former: Mapping[int, ListingRow]
    """Listings of these venues that are no longer sold: bookings made on them keep their units."""


_BOOK = TypeAdapter(Book)


async def load(connection: asyncpg.Connection | asyncpg.Pool) -> Book:
    """What is in service, and what is leaving."""
    return _BOOK.validate_json(await connection.fetchval(_SQL["book"], False))


async def mark(connection: asyncpg.Connection | asyncpg.Pool) -> str:
    """A short text that is the same as long as the configuration is."""
    told: str = await connection.fetchval(_SQL["mark"])
    return told


async def load_retired_too(connection: asyncpg.Connection) -> Book:
    """The same, and what is gone."""
    return _BOOK.validate_json(await connection.fetchval(_SQL["book"], True))


async def configured(
    connection: asyncpg.Connection, venues: Sequence[str], accounts: Sequence[str], now: datetime
) -> None:
    """These venues, and those that sell through these accounts, are configured otherwise since `now`."""
    await connection.execute(_SQL["configured"], list(venues), list(accounts), now)


async def lock(connection: asyncpg.Connection) -> None:
    """Wait for others who change the configuration; held until the transaction ends."""
    await connection.execute(_SQL["lock"])


_PUT: Mapping[Noun, Sequence[str]] = {
    "account": ("put_accounts",),
    "venue": ("put_venues",),
    "unit": ("put_units",),
    "listing": ("put_listings", "forget_units", "put_listing_units"),
}


async def put(connection: asyncpg.Connection, noun: Noun, records: Sequence[Record]) -> None:
    """Add these or make them like this. Units name their venue, listings their venue, account, units.

    What a record refers to must be there already: accounts and venues go first, then units.
    """
    for query in _PUT[noun]:
        await connection.execute(_SQL[query], json.dumps(records))


async def read_soon(connection: asyncpg.Connection, accounts: Sequence[str], now: datetime) -> None:
    """Make these accounts due to be read."""
    await connection.execute(_SQL["read_soon"], accounts, now)


async def retire(connection: asyncpg.Connection, noun: Noun, records: Sequence[Record]) -> None:
    """Take these out of service; units name their venue."""
    await connection.execute(_SQL[f"retire_{noun}s"], json.dumps(records))


async def rename(connection: asyncpg.Connection, noun: Noun, records: Sequence[Record]) -> None:
    """Call these by their new `name` instead of `old`; units name their venue by its new name."""
    await connection.execute(_SQL[f"rename_{noun}s"], json.dumps(records))
