"""Whether an account's listings are what the provider sells: asked before going live, and by `holdfast doctor`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from holdfast.channel import ChannelError, Listing
from holdfast.clock import Clock
from holdfast.configuration_model import Configuration
from holdfast.kind import Connection, Objection, discover
from holdfast.secret import SecretMissing
from holdfast.store.configuration import Book
from holdfast.transport import HttpTransport, open_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A listing as it is kept: its channel's own keys are not read yet."""

    name: str
    timezone: str
    party_size: int
    settings: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An account, and its listings."""

    account: str
    channel: str
    settings: Mapping[str, object]
    listings: Sequence[Sold]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found. `unknown`: why it could not be found out, or not to its end; None: every listing was looked at."""

    objections: Sequence[Objection]
    unknown: str | None = None


def applied(book: Book, account: str) -> Asked:
    """The account as it is applied. Raises LookupError where there is none of this name."""
    row = next((one for one in book.accounts.values() if one.name == account), None)
    if row is None:
        raise LookupError(account)
    listings = [
        Sold(
            name=listing.name,
            timezone=book.venues[listing.venue_id].timezone,
            party_size=listing.party_size,
            settings=listing.settings,
        )
        for listing in book.listings.values()
        if listing.account_id == row.id
    ]
    return Asked(account=row.name, channel=row.channel, settings=row.settings, listings=listings)


def wanted(configuration: Configuration, account: str) -> Asked:
    """The account as a file says it shall be. Raises LookupError where there is none of this name."""
    table = next((one for one in configuration.accounts if one.name == account), None)
    if table is None:
        raise LookupError(account)
    listings = [
        Sold(
            name=listing.name,
            timezone=venue.timezone,
            party_size=listing.party_size,
            settings=listing.settings,
        )
        for venue in configuration.venues
        for listing in venue.listings
        if listing.account == account
    ]
    return Asked(
        account=table.name, channel=table.channel, settings=table.settings, listings=listings
    )


async def check(asked: Asked, environ: Mapping[str, str], clock: Clock) -> Checked:
    """Look at each listing once at its provider; nothing is written there. Never raises for what the provider does."""
    kind, found = discover()[asked.channel], list[Objection]()
    async with open_session(connections=1) as session:
        listings = [
            Listing(
                name=sold.name,
                zone=ZoneInfo(sold.timezone),
                party_size=sold.party_size,
                settings=TypeAdapter(kind.listing_settings).validate_python(sold.settings),
            )
            for sold in asked.listings
        ]
        connection = Connection(
            account=asked.account,
            settings=TypeAdapter(kind.account_settings).validate_python(asked.settings),
            listings=listings,
            transport=HttpTransport(session),
            clock=clock,
            environ=environ,
        )
        try:
            async for objection in kind.inspect(connection):
                found.append(objection)
        except (ChannelError, SecretMissing) as error:
            return Checked(objections=found, unknown=str(error))
    return Checked(objections=found)
