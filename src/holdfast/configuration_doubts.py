"""What a configuration may mean, and probably does not: told, never refused."""

from collections.abc import Collection, Iterator, Mapping

from pydantic import JsonValue, ValidationError

from holdfast.configuration_model import Configuration
from holdfast.kind import Kind
from holdfast.secret import SecretMissing, SecretRef
from holdfast.store.configuration import Book


def of_file(configuration: Configuration, environ: Mapping[str, str]) -> Iterator[str]:
    """Of what is about to be applied. Secrets are looked for where this process finds them."""
    for venue in configuration.venues:
        sold = {unit for listing in venue.listings for unit in listing.units}
        yield from _unsold(venue.name, {unit.name for unit in venue.units} - sold)
    for account in configuration.accounts:
        for key, ref in _secrets(account.settings):
            try:
                ref.reveal(environ)
            except SecretMissing as error:
                yield f"account {account.name}: {key}: {error} here; web and worker need it"


def of_book(book: Book) -> Iterator[str]:
    """Of what is applied."""
    sold = {unit for listing in book.listings.values() for unit in listing.unit_ids}
    for venue in book.venues.values():
        units = (unit for unit in book.units.values() if unit.venue_id == venue.id)
        yield from _unsold(venue.name, {unit.name for unit in units if unit.id not in sold})


def of_history(
    configuration: Configuration, book: Book, kinds: Mapping[str, Kind]
) -> Iterator[str]:
    """Listings that are something at their provider that goes by another name here, or once did.

    `book` holds what was retired as well. Known by two names, a booking is two bookings that overlap.
    """
    named = {listing.name for venue in configuration.venues for listing in venue.listings}
    before: dict[tuple[str, ...], str] = {}
    for row in book.listings.values():
        account = book.accounts[row.account_id]
        what = _identity(kinds, account.channel, account.settings, row.settings)
        if what is not None and row.name not in named:
            before[what] = f"listing {row.name} of account {account.name}"
    accounts = {account.name: account for account in configuration.accounts}
    for listing in (one for venue in configuration.venues for one in venue.listings):
        owner = accounts[listing.account]
        what = _identity(kinds, owner.channel, owner.settings, listing.settings)
        if what in before:
            yield (
                f"listing {listing.name}: the same at its provider as {before[what]}, whose bookings belong to it: "
                "give listing and account their old names back"
            )


def _identity(
    kinds: Mapping[str, Kind],
    channel: str,
    account: Mapping[str, JsonValue],
    listing: Mapping[str, JsonValue],
) -> tuple[str, ...] | None:
    """None for settings that this release does not understand."""
    kind = kinds.get(channel)
    if kind is None:
        return None
    try:
        settings = kind.account_settings.model_validate(dict(account))
        sold = kind.listing_settings.model_validate(dict(listing))
    except ValidationError:
        return None
    return (channel, *kind.claims(settings, sold)[0].what)


def _unsold(venue: str, units: Collection[str]) -> Iterator[str]:
    if units:
        yield f"venue {venue}: units sold by no listing: {', '.join(sorted(units))}"


def _secrets(settings: Mapping[str, JsonValue]) -> Iterator[tuple[str, SecretRef]]:
    """The references, with the keys they stand under; a list of them rotates."""
    for key, value in settings.items():
        for one in value if isinstance(value, list) else [value]:
            try:
                yield key, SecretRef.model_validate(one)
            except ValidationError:
                continue
