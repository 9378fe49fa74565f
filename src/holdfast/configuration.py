"""Reads holdfast.toml: the shared keys by our own models, the rest by those of the channel they are for."""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from holdfast.configuration_claims import Sold, claimed_twice
from holdfast.configuration_document import (
    TOO_DEEP,
    USUAL_PARTY,
    WHOLE_NUMBERS,
    Entry,
    cross_checked,
    largest_party,
    monsters,
    names,
    repeated,
)
from holdfast.configuration_model import Account, Configuration, Listing
from holdfast.configuration_problem import Complaint, ConfigurationError, explain, shown
from holdfast.kind import Claim
from holdfast.strictness import FROM_THE_FILE

__all__ = ["Configuration", "ConfigurationError", "Vocabulary", "parse", "read"]


class Vocabulary(Protocol):
    """What a channel adds to the file: the part of `holdfast.kind.Kind` that is needed to read it."""

    @property
    def account_settings(self) -> type[BaseModel]: ...

    @property
    def listing_settings(self) -> type[BaseModel]: ...

    def claims(self, account: BaseModel, listing: BaseModel) -> Sequence[Claim]: ...


def read(path: Path, kinds: Mapping[str, Vocabulary]) -> Configuration:
    """The configuration in the file, for the channels there are. Raises ConfigurationError."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigurationError(str(path), [((), f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(str(path), [((), f"expected UTF-8: {error.reason}")]) from error
    return parse(text, str(path), kinds)


def parse(text: str, source: str, kinds: Mapping[str, Vocabulary]) -> Configuration:
    """The configuration in `text`; `source` is what problems call it. Raises ConfigurationError."""
    document = Entry(table=_toml(text, source))
    if monstrous := list(monsters(document.table)):
        raise ConfigurationError(source, monstrous)
    complaints = [*cross_checked(document), *_channels_checked(document, kinds)]
    prepared = _prepared(document)
    try:
        configuration = Configuration.model_validate(prepared)
    except ValidationError as error:
        complaints += explain(error, Configuration, prepared)
        raise ConfigurationError(source, complaints) from None  # pydantic's own text shows values
    if complaints:
        raise ConfigurationError(source, complaints)
    return configuration


def _toml(text: str, source: str) -> dict[str, object]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        lines = text.split("\n")
        end = f"at the end: line {len(lines)}, column {len(lines[-1]) + 1}"
        reason = str(error).replace("at end of document", end)
        raise ConfigurationError(source, [((), f"expected TOML: {reason}")]) from None
    except RecursionError:
        raise ConfigurationError(source, [((), TOO_DEEP)]) from None
    except ValueError:  # the parser's own words would repeat what it met
        raise ConfigurationError(
            source, [((), f"{WHOLE_NUMBERS} and dates that there are")]
        ) from None
    return table


_ACCOUNT_KEYS = frozenset(Account.model_fields) - {"settings"}
_LISTING_KEYS = frozenset(Listing.model_fields) - {"settings"}


def _prepared(document: Entry) -> dict[str, object]:
    """The document as our own models expect it: a channel's keys below `settings`."""
    copied = Entry(table=deepcopy(document.table))
    for account in copied.accounts:
        _set_apart(account.table, _ACCOUNT_KEYS)
    for listing in copied.listings:
        _set_apart(listing.table, _LISTING_KEYS)
        seats = largest_party(listing) or USUAL_PARTY
        listing.table.setdefault("party_size", min(USUAL_PARTY, seats))
    return copied.table


def _set_apart(table: dict[str, object], shared: Collection[str]) -> None:
    own = {key: table.pop(key) for key in list(table) if key not in shared}
    table["settings"] = to_jsonable_python(own, inf_nan_mode="strings")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    """An account's channel, and its own keys as the channel's model reads them; None: they are wrong."""

    channel: str
    kind: Vocabulary
    settings: BaseModel | None


def _channels_checked(document: Entry, kinds: Mapping[str, Vocabulary]) -> Iterator[Complaint]:
    """What the channels say about their own keys."""
    shops: dict[str, _Shop] = {}
    for account in document.accounts:
        channel = account.text("channel")
        if channel is not None and channel in kinds:
            settings, complaints = _own(account, kinds[channel].account_settings, _ACCOUNT_KEYS)
            shop = _Shop(channel=channel, kind=kinds[channel], settings=settings)
            shops[account.text("name") or ""] = shop
            yield from complaints
        elif channel is not None:
            there = ", ".join(sorted(kinds)) or "none"
            text = f"expected one of the channels there are ({there}), got {shown(channel)}"
            yield (*account.path, "channel"), text
    for name in repeated(names(document.accounts)):
        shops.pop(name, None)  # which of them a listing means cannot be told
    yield from _listings_checked(document, shops)


def _listings_checked(document: Entry, shops: Mapping[str, _Shop]) -> Iterator[Complaint]:
    sold: list[Sold] = []
    for listing in document.listings:
        shop = shops.get(listing.text("account") or "")
        if shop is None:
            continue
        settings, complaints = _own(listing, shop.kind.listing_settings, _LISTING_KEYS)
        yield from complaints
        if settings is not None and shop.settings is not None:
            claims = shop.kind.claims(shop.settings, settings)
            sold.append(Sold(entry=listing, channel=shop.channel, claims=claims))
    yield from claimed_twice(sold)


def _own(
    entry: Entry, model: type[BaseModel], shared: Collection[str]
) -> tuple[BaseModel | None, list[Complaint]]:
    """The keys that only the channel knows, as its model reads them."""
    own = {key: value for key, value in entry.table.items() if key not in shared}
    try:
        return model.model_validate(own, extra="forbid", context=FROM_THE_FILE), []
    except ValidationError as error:
        found = explain(error, model, own, also_known=shared)
        return None, [((*entry.path, *path), text) for path, text in found]
