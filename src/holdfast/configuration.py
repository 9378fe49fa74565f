"""Reads holdfast.toml: the shared keys by our own models, the rest by those of the channel they are for."""

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from holdfast.configuration_document import (
    TOO_DEEP,
    USUAL_PARTY,
    WHOLE_NUMBERS,
    Entry,
    cross_checked,
    largest_party,
    monsters,
)
from holdfast.configuration_model import Account, Configuration, Listing
from holdfast.configuration_problem import (
    Complaint,
    ConfigurationError,
    explain,
    shown,
    written,
)

__all__ = ["Configuration", "ConfigurationError", "Vocabulary", "parse", "read"]


class Vocabulary(Protocol):
    """What a channel adds to the file: the part of `holdfast.kind.Kind` that is needed to read it."""

    @property
    def account_settings(self) -> type[BaseModel]: ...

    @property
    def listing_settings(self) -> type[BaseModel]: ...


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


def _channels_checked(document: Entry, kinds: Mapping[str, Vocabulary]) -> Iterator[Complaint]:
    """What the channels say about their own keys."""
    kind_of: dict[str, Vocabulary] = {}
    for account in document.accounts:
        channel = account.text("channel")
        if channel is not None and channel in kinds:
            kind_of[account.text("name") or ""] = kinds[channel]
            yield from _own(account, kinds[channel].account_settings, _ACCOUNT_KEYS)[1]
        elif channel is not None:
            there = ", ".join(sorted(kinds)) or "none"
            text = f"expected one of the channels there are ({there}), got {shown(channel)}"
            yield (*account.path, "channel"), text
    yield from _listings_checked(document, kind_of)


def _listings_checked(document: Entry, kind_of: Mapping[str, Vocabulary]) -> Iterator[Complaint]:
    first: dict[tuple[str, str], Entry] = {}
    for listing in document.listings:
        account = listing.text("account") or ""
        if account not in kind_of:
            continue
        settings, complaints = _own(listing, kind_of[account].listing_settings, _LISTING_KEYS)
        yield from complaints
        if settings is not None:
            same = first.setdefault((account, _canonical(settings)), listing)
            if same is not listing:
                there = written(same.path)
                text = f"expected something that account {account} does not sell yet, got the same as {there}"
                yield listing.path, text


def _own(
    entry: Entry, model: type[BaseModel], shared: Collection[str]
) -> tuple[BaseModel | None, list[Complaint]]:
    """The keys that only the channel knows, as its model reads them."""
    own = {key: value for key, value in entry.table.items() if key not in shared}
    try:
        return model.model_validate(own, extra="forbid"), []
    except ValidationError as error:
        found = explain(error, model, own, also_known=shared)
        return None, [((*entry.path, *path), text) for path, text in found]


def _canonical(settings: BaseModel) -> str:
    return json.dumps(settings.model_dump(mode="json"), sort_keys=True)
