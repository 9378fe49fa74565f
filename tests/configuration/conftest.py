"""A small valid configuration on two made-up channels, and ways to spoil it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import asyncpg
import pytest
from pydantic import BaseModel, BeforeValidator, model_validator

from holdfast.configuration import Configuration, ConfigurationError, Vocabulary, parse
from holdfast.kind import Claim
from holdfast.secret import SecretRef

Change = tuple[str, str]

VALID = """\
[[accounts]]
name = "rooms-main"
channel = "roomhub"
key = { env = "ROOMHUB_KEY" }

[[accounts]]
name = "tables-main"
channel = "tablehub"
mode = "shadow"
reads_per_minute = 240
writes_per_minute = 30
poll_seconds = 5
offers_seconds = 61
audit_seconds = 901
horizon_days = 3
hooks = [{ file = "/run/secrets/hook" }, { env = "OLD_HOOK" }]

[[venues]]
name = "glasshouse"
timezone = "Europe/Paris"
house_contact = { name = "Holdfast", email = "house@glasshouse.example", phone = "+33123456789" }

[[venues.units]]
name = "salon"
seats = 12
setup_minutes = 5
cleanup_minutes = 15

[[venues.units]]
name = "bar"
seats = 1

[[venues.listings]]
name = "salon-rooms"
account = "rooms-main"
units = ["salon"]
takes = "all"
space = "one"

[[venues.listings]]
name = "salon-tables"
account = "tables-main"
units = ["salon"]
takes = "all"
party_size = 4
turn = { 2 = 90, 8 = 120 }

[[venues.listings]]
name = "bar-rooms"
account = "rooms-main"
units = ["bar"]
takes = "all"
space = "two"
"""


class RoomAccount(BaseModel):
    key: SecretRef
    address: str = "https://rooms.example"


class RoomListing(BaseModel):
    space: str
    floor: int = 1
    venue: str | None = None


def _several(value: object) -> object:
    return value if isinstance(value, list) else [value]


class TableAccount(BaseModel):
    hooks: Annotated[tuple[SecretRef, ...], BeforeValidator(_several)]
    auth: str = "bearer"
    spare: SecretRef | tuple[SecretRef, ...] = ()

    @model_validator(mode="after")
    def _known_auth(self) -> Self:
        if self.auth == "basic":
            raise ValueError("auth = basic needs a user")
        return self


class TableListing(BaseModel):
    turn: int | dict[int, int]


@dataclass(frozen=True)
class Channel:
    """A listing of it is all that its own keys say; a `space` is one set of units, whatever the floor."""

    account_settings: type[BaseModel]
    listing_settings: type[BaseModel]

    def claims(self, account: BaseModel, listing: BaseModel) -> Sequence[Claim]:
        server = str(account.model_dump().get("address"))
        identity = Claim(what=(server, repr(listing)), key="space", rule="one thing is one listing")
        space = listing.model_dump().get("space")
        if space is None:
            return (identity,)
        return (identity, Claim(what=(server, space), key="space", rule="one space", shared=True))


@pytest.fixture
def kinds() -> Mapping[str, Vocabulary]:
    return {
        "roomhub": Channel(RoomAccount, RoomListing),
        "tablehub": Channel(TableAccount, TableListing),
    }


@pytest.fixture
def edited() -> Callable[..., str]:
    """The valid file after changes, each of which must find its place exactly once."""

    def edit(*changes: Change) -> str:
        text = VALID
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the file"
            text = text.replace(old, new)
        return text

    return edit


@pytest.fixture
def configured(
    edited: Callable[..., str], kinds: Mapping[str, Vocabulary]
) -> Callable[..., Configuration]:
    """The configuration in the valid file after changes."""
    return lambda *changes: parse(edited(*changes), "holdfast.toml", kinds)


@pytest.fixture
def problems(
    edited: Callable[..., str], kinds: Mapping[str, Vocabulary]
) -> Callable[..., list[str]]:
    """What is said of the valid file after changes that make it invalid, one line a problem."""

    def find(*changes: Change) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            parse(edited(*changes), "holdfast.toml", kinds)
        assert str(caught.value).splitlines() == [str(p) for p in caught.value.problems]
        return str(caught.value).splitlines()

    return find


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()
