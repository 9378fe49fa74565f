"""What listings are at their providers, whatever they are called here: one thing is one listing, also over time. No I/O.

Known by two names, every guest's booking is two bookings that overlap each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, JsonValue, ValidationError

from holdfast.configuration import Vocabulary
from holdfast.configuration_model import Account, Configuration, Listing
from holdfast.configuration_plan import PlanRefused
from holdfast.store.configuration import Book, ListingRow

Kinds = Mapping[str, Vocabulary]
Identity = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sold:
    """A listing of the file, with the account that sells it."""

    listing: Listing
    account: Account


def refuse_second_names(book: Book, configuration: Configuration, kinds: Kinds) -> None:
    """No listing may be what another one is that the file does not have any more; `book` has all that ever was, by the
    names of now. Raises PlanRefused.
    """
    sold = list(_sold(configuration))
    named = {one.listing.name for one in sold}
    before: dict[Identity, ListingRow] = {}
    for row in book.listings.values():
        what = _of_row(book, row, kinds)
        if what is not None and row.name not in named:
            before.setdefault(what, row)
    there = {row.name: _of_row(book, row, kinds) for row in book.listings.values() if row.active}
    refusals = [
        _second_name(book, one, before[what], configuration)
        for one, what in ((one, _of_file(one, kinds)) for one in sold)
        if what is not None and what in before
        if there.get(one.listing.name)
        != what  # else it is so already, and nothing is to be refused
        if _is_meant(before[what], one, book, configuration)
    ]
    if refusals:
        raise PlanRefused("\n".join(refusals))


def moved(book: Book, configuration: Configuration, kinds: Kinds) -> list[str]:
    """The listings that keep their name and would be something else at their provider, by their own keys: a provider may
    get another address.
    """
    wanted = {one.listing.name: one for one in _sold(configuration)}
    found = []
    for row in book.listings.values():
        one = wanted.get(row.name)
        if one is None:
            continue
        account, new = one.account, _of_file(one, kinds)
        old = _identity(kinds, account.channel, account.settings, row.settings)
        if new is not None and old is not None and new != old:
            found.append(row.name)
    return found


def _sold(configuration: Configuration) -> Iterator[_Sold]:
    accounts = {account.name: account for account in configuration.accounts}
    for venue in configuration.venues:
        for listing in venue.listings:
            yield _Sold(listing=listing, account=accounts[listing.account])


def _is_meant(row: ListingRow, one: _Sold, book: Book, configuration: Configuration) -> bool:
    """Once nothing of it is left, what one account sold may be sold by another one beside it."""
    old = book.accounts[row.account_id].name
    both = {account.name for account in configuration.accounts} >= {old, one.account.name}
    return row.left_at is None or not both or old == one.account.name


def _second_name(book: Book, one: _Sold, row: ListingRow, configuration: Configuration) -> str:
    old, name = book.accounts[row.account_id].name, one.listing.name
    state = "retired" if row.left_at is not None else "leaving"
    kept = old in {account.name for account in configuration.accounts}
    also = "" if kept else f' and renamed_from = "{old}" at account {one.account.name}'
    ways = [f'give the old name back, or say renamed_from = "{row.name}" there{also}']
    if kept and old != one.account.name:
        ways = [f"let account {old} go on selling it"]
    if row.left_at is None:
        ways.append("or wait until it is gone")
    return (
        f"listing {name}: at its provider it is what listing {row.name} of account {old} is ({state}), whose bookings "
        f"would be known twice: {', '.join(ways)}"
    )


def _of_row(book: Book, row: ListingRow, kinds: Kinds) -> Identity | None:
    account = book.accounts[row.account_id]
    return _identity(kinds, account.channel, account.settings, row.settings)


def _of_file(one: _Sold, kinds: Kinds) -> Identity | None:
    return _identity(kinds, one.account.channel, one.account.settings, one.listing.settings)


def _identity(
    kinds: Kinds,
    channel: str,
    account: Mapping[str, JsonValue],
    listing: Mapping[str, JsonValue],
) -> Identity | None:
    """None for settings that this release does not understand."""
    kind = kinds.get(channel)
    if kind is None:
        return None
    settings, sold = _read(kind.account_settings, account), _read(kind.listing_settings, listing)
    if settings is None or sold is None:
        return None
    return (channel, *kind.claims(settings, sold)[0].what)


def _read(model: type[BaseModel], told: Mapping[str, JsonValue]) -> BaseModel | None:
    try:
        return model.model_validate(dict(told))
    except ValidationError:
        return None


def in_place(names: Sequence[str]) -> str:
    """Why listings with anything alive may not become something else under their names."""
    return "\n".join(
        f"listing {name}: it would be something else at its provider, and has bookings or blocks of ours where it is: "
        "give the new one a name of its own, then the old one leaves when nothing of it is left"
        for name in names
    )
