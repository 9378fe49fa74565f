"""The configuration as validated values: what is connected, what exists, what is sold where. No I/O."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from holdfast.zones import ZoneName

Mode = Literal["live", "shadow", "paused"]

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ADDRESS = re.compile(r"[^@\s+]+@[^@\s.]+(?:\.[^@\s.]+)+")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or len(text) > 63:
        raise ValueError("expected lower-case letters, digits and single hyphens, 63 at most")
    return text


def _email(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError(
            "expected an e-mail address without a plus tag (Holdfast's own mark is put there)"
        )
    return text


def _phone(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError("expected an international number such as +33123456789")
    return text


Name = Annotated[
    str,
    Field(description="a name of lower-case letters, digits and hyphens"),
    AfterValidator(_name),
]
Former = Annotated[
    str | None,
    Field(description="the name that it had before"),
    AfterValidator(lambda name: name if name is None else _name(name)),
]
"""The row keeps its number and history. The line may stay after it was applied."""
Count = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[int, Field(ge=1, le=604_800)]
Minutes = Annotated[int, Field(ge=0, le=1_440)]
Settings = Mapping[str, JsonValue]


class Table(BaseModel):
    """A table of the file. Its types are TOML's own: nothing is converted, nothing else may be in it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Account(Table):
    """One set of credentials on one channel."""

    name: Name
    renamed_from: Former = None
    channel: str = Field(description="the name of a channel")
    mode: Mode = "live"
    reads_per_minute: Count = 60
    writes_per_minute: Count = 20
    poll_seconds: Seconds = 60
    offers_seconds: Seconds = 300
    audit_seconds: Seconds = 900
    horizon_days: Annotated[int, Field(ge=1, le=730)] = 30
    settings: Settings = Field(default_factory=dict)
    """The channel's own keys as they are in the file; secrets as references only."""


class HouseContact(Table):
    """Who Holdfast's blocks are booked for."""

    name: Annotated[str, Field(min_length=1, description="a name")]
    email: Annotated[str, Field(description="an e-mail address"), AfterValidator(_email)]
    phone: Annotated[str, Field(description="a telephone number"), AfterValidator(_phone)]


class Unit(Table):
    """The smallest thing that can be sold once at a time."""

    name: Name
    renamed_from: Former = None
    seats: Annotated[Count, Field(description="how many people it seats")]
    setup_minutes: Minutes = 0
    cleanup_minutes: Minutes = 0


class Listing(Table):
    """What one account sells."""

    name: Name
    renamed_from: Former = None
    account: str = Field(description="the name of an account")
    units: Annotated[
        tuple[str, ...],
        Field(strict=False, min_length=1, description="names of units of this venue"),
    ]
    """In this order a pool's units are given to bookings, among those that fit equally well."""
    takes: Annotated[Literal["all", "one"], Field(description="all or one")]
    """Whether a booking takes all of its units (a room, a buy-out) or one that fits (a pool)."""
    party_size: Count
    """The party that offers are asked for; blocks are placed for it, those of a pool for a unit's seats."""
    settings: Settings = Field(default_factory=dict)
    """The channel's own keys as they are in the file."""


class Venue(Table):
    """A place, with its units and what is sold of them."""

    name: Name
    renamed_from: Former = None
    timezone: ZoneName
    house_contact: HouseContact = Field(description="a table with name, email and phone")
    holds: Literal["rehold", "commit", "none"] = "rehold"
    conflicts: Literal["propose", "auto"] = "propose"
    trust_offers: bool = False
    """Time that a channel sells no more, for reasons unknown, is closed on the others."""
    units: Annotated[tuple[Unit, ...], Field(strict=False)] = ()
    listings: Annotated[tuple[Listing, ...], Field(strict=False)] = ()


class Configuration(Table):
    """All of holdfast.toml. Never empty: a file cut short must not put everything out of service."""

    accounts: Annotated[
        tuple[Account, ...],
        Field(strict=False, min_length=1, description="at least one [[accounts]] table"),
    ]
    venues: Annotated[
        tuple[Venue, ...],
        Field(strict=False, min_length=1, description="at least one [[venues]] table"),
    ]
