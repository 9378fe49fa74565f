"""What accounts need against what their contracts allow: the one place that puts settings, budget and load together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
from pydantic import TypeAdapter, ValidationError

from holdfast import channel
from holdfast.budget import Pace
from holdfast.configuration_model import Account, Configuration, Listing
from holdfast.configuration_plan import Plan
from holdfast.inventory.sums import Rate, Sum
from holdfast.inventory.timetable import Load, load_of
from holdfast.kind import Kind, discover
from holdfast.store import readings
from holdfast.store.configuration import AccountRow, Book


def of_plan(plan: Plan, wanted: Configuration) -> Iterator[str]:
    """The sums of each account that a plan changes, by settings alone: they are said before it is applied."""
    touched = {
        c.thing.name for c in plan.changes if c.thing.noun == "account" and c.verb != "removed"
    }
    touched |= {str(c.record["account"]) for c in plan.changes if c.thing.noun == "listing"}
    kinds = discover()
    for account in wanted.accounts:
        kind = kinds.get(account.channel)
        if account.name in touched and kind is not None:
            yield from said(account.name, of_file(account, wanted, kind))


def said(name: str, found: Sum) -> Iterator[str]:
    """One account's, each line with its name."""
    for line in found.lines:
        yield f"{name}: {line}"
    for doubt in found.doubts:
        yield f"warning: {name}: {doubt}"


def of_file(account: Account, wanted: Configuration, kind: Kind) -> Sum:
    """What an account of a configuration needs."""
    sold = [
        (venue.timezone, listing)
        for venue in wanted.venues
        for listing in venue.listings
        if listing.account == account.name
    ]
    venues = sum(any(one.account == account.name for one in v.listings) for v in wanted.venues)
    load = _load(kind, [_of_file(kind, zone, listing) for zone, listing in sold], account)
    return _sum(account, kind, venues, load)


async def of_book(
    connection: asyncpg.Connection | asyncpg.Pool, book: Book, now: datetime
) -> dict[str, Sum]:
    """What the accounts in service need, by name: as settings tell, or as reading cost where it was read."""
    kinds, found = discover(), {}
    for row in book.accounts.values():
        kind = kinds.get(row.channel)
        told = None if kind is None else _of_row(row, book, kind)
        if told is not None:
            paid = await readings.costs(connection, row.id)
            found[row.name] = replace(told, load=load_of(paid, now)) if paid else told
    return found


def _of_file(kind: Kind, zone: str, listing: Listing) -> channel.Listing:
    return channel.Listing(
        name=listing.name,
        zone=ZoneInfo(zone),
        party_size=listing.party_size,
        settings=TypeAdapter(kind.listing_settings).validate_python(dict(listing.settings)),
    )


def _of_row(row: AccountRow, book: Book, kind: Kind) -> Sum | None:
    """None: its settings are another release's."""
    rows = [listing for listing in book.listings.values() if listing.account_id == row.id]
    try:
        listings = [
            channel.Listing(
                name=listing.name,
                zone=ZoneInfo(book.venues[listing.venue_id].timezone),
                party_size=listing.party_size,
                settings=TypeAdapter(kind.listing_settings).validate_python(listing.settings),
            )
            for listing in rows
        ]
    except ValidationError:
        return None
    venues = len({listing.venue_id for listing in rows})
    return _sum(row, kind, venues, _load(kind, listings, row))


def _load(kind: Kind, listings: Sequence[channel.Listing], account: Account | AccountRow) -> Load:
    return kind.reads_of(listings, timedelta(days=account.horizon_days))


def _sum(account: Account | AccountRow, kind: Kind, venues: int, load: Load) -> Sum:
    return Sum(
        reads=_rate(account.reads_per_minute),
        writes=_rate(account.writes_per_minute),
        poll_seconds=account.poll_seconds,
        offers_seconds=account.offers_seconds,
        horizon_days=account.horizon_days,
        hold_seconds=kind.hold_seconds,
        venues=venues,
        load=load,
    )


def _rate(per_minute: int) -> Rate:
    return Rate(contract=per_minute, steady=Pace(per_minute=per_minute).steady)
