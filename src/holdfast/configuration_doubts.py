"""What a configuration may mean, and probably does not: told, never refused."""

from collections.abc import Collection, Iterator, Mapping

from pydantic import JsonValue, ValidationError

from holdfast.configuration_model import Configuration
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
        units = (u for u in book.units.values() if u.venue_id == venue.id and u.active)
        yield from _unsold(venue.name, {unit.name for unit in units if unit.id not in sold})


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
