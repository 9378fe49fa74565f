"""Whether an account's listings are what the provider sells: asked before going live, and by `holdfast doctor`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter, ValidationError

from holdfast.channel import ChannelError, Listing
from holdfast.clock import Clock
from holdfast.configuration_model import Configuration
from holdfast.exchange import Transport
from holdfast.kind import Connection, Kind, Objection, discover
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
    """Look at each listing once at its provider; nothing is written there.

    What keeps it from that, at the provider or in settings of another release, is `unknown`, never an exception.
    """
    found: list[Objection] = []
    async with open_session(connections=1) as session:
        try:
            kind = discover()[asked.channel]
            connection = _connection(asked, kind, HttpTransport(session), clock, environ)
            async for objection in kind.inspect(connection):
                found.append(objection)
        except (ChannelError, SecretMissing) as error:
            return Checked(objections=found, unknown=str(error))
        except (ValidationError, ZoneInfoNotFoundError, KeyError):
            return Checked(objections=found, unknown="its settings are of another release")
    return Checked(objections=found)


def _connection(
    asked: Asked, kind: Kind, transport: Transport, clock: Clock, environ: Mapping[str, str]
) -> Connection:
    listings = [
        Listing(
            name=sold.name,
            zone=ZoneInfo(sold.timezone),
            party_size=sold.party_size,
            settings=TypeAdapter(kind.listing_settings).validate_python(sold.settings),
        )
        for sold in asked.listings
    ]
    return Connection(
        account=asked.account,
        settings=TypeAdapter(kind.account_settings).validate_python(asked.settings),
        listings=listings,
        transport=transport,
        clock=clock,
        environ=environ,
    )
