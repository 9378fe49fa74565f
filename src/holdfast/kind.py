"""What a channel's folder exports as `KIND`: its settings, how to connect it, its simulator."""

import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

from aiohttp import web
from pydantic import BaseModel

from holdfast.channel import Channel, Listing
from holdfast.clock import Clock
from holdfast.exchange import Transport
from holdfast.inventory.timetable import Load

WebhookProof = Literal["signature", "token"]
"""By what a webhook shows that it comes from its provider: it is signed, or it carries what was agreed on."""


class SharedToken(Protocol):
    """Where all processes keep an account's access token together. Out of reach, it is empty and keeps nothing."""

    async def kept(self) -> bytes | None:
        """As the channel sealed it; None: there is none, or it cannot be reached."""
        ...

    def turn(self) -> AbstractAsyncContextManager[Callable[[bytes], Awaitable[None]]]:
        """One process at a time asks for a token; gives what keeps the sealed one.

        A turn is waited for no longer than a token request takes; then it is taken all the same.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What a channel needs to talk for one account; made by the composition root."""

    account: str
    settings: BaseModel
    """An instance of the channel's own `account_settings`."""
    listings: Sequence[Listing]
    transport: Transport
    clock: Clock
    environ: Mapping[str, str]
    """Where secret references are looked up. `connect` raises SecretMissing."""
    shared_token: SharedToken | None = None
    """None: a token is this connection's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A webhook as the provider would send it, with what proves it."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Something at the provider that a listing has for itself, or with listings of the very same units."""

    what: tuple[str, ...]
    """The same in every listing that means the same thing, whatever its account is called here."""
    key: str
    """The listing's key that says so."""
    rule: str
    """What is true of it at the provider, and what was expected."""
    shared: bool = False
    """Whether listings of the same units may have it together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a listing cannot be what its settings say, by what its provider answers."""

    listing: str
    key: str
    """What is to be put right: a key of the listing, or the venue's `timezone`."""
    told: str


class Kind(Protocol):
    """What a channel's package exports as `KIND`."""

    @property
    def name(self) -> str: ...

    @property
    def webhook_proof(self) -> WebhookProof: ...

    @property
    def account_settings(self) -> type[BaseModel]:
        """The channel's own keys of an `[[accounts]]` table (the shared ones are taken off before)."""
        ...

    @property
    def listing_settings(self) -> type[BaseModel]:
        """The channel's own keys of a `[[venues.listings]]` table."""
        ...

    def claims(self, account: BaseModel, listing: BaseModel) -> Sequence[Claim]:
        """What the listing is at its provider, and what else it claims there. The first is its identity.

        Both are instances of the channel's own settings. Two listings of one identity are one thing.
        """
        ...

    @property
    def samples(self) -> Sequence[str]:
        """Of what `sample` can tell: created, cancelled ..."""
        ...

    @property
    def hold_seconds(self) -> float | None:
        """How long an unconfirmed hold lives as the provider documents it; None: it knows no holds."""
        ...

    def reads_of(self, listings: Sequence[Listing], horizon: timedelta) -> Load:
        """About how many reads it takes to read everything once, told from settings alone.

        `listings` are all of one account. What an account's past adds is not known before it is read.
        """
        ...

    def connect(self, connection: Connection) -> Channel: ...

    def inspect(self, connection: Connection) -> AsyncIterator[Objection]:
        """Look at each of the connection's listings at the provider; writes nothing.

        Silence about a listing means that nothing speaks against it. A few reads for each listing, as the channel's
        README says. Raises SecretMissing, and ChannelError where the provider does not answer.
        """
        ...

    def sample(self, connection: Connection, what: str, ref: str) -> Sample:
        """A webhook about a booking, proved with the account's own secret. Raises SecretMissing."""
        ...

    def simulate(self, options: "SimulatorOptions") -> web.Application:
        """A simulator of the provider with the common control side (`holdfast.simulation`)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """How a simulator starts."""

    clock: Clock
    seed: int = 7
    world: Mapping[str, object] | None = None
    """Venues, inventory and credentials in the channel's own JSON form; None: its example world."""
    webhook: "WebhookTarget | None" = None
    switches: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """Where a simulator sends its webhooks, and what proves them."""

    url: str
    secret: str = field(repr=False)


def discover() -> dict[str, Kind]:
    """Every channel there is, by name: the folders of `holdfast.channels`."""
    package = importlib.import_module("holdfast.channels")
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    kinds = [importlib.import_module(f"holdfast.channels.{name}").KIND for name in names]
    return {kind.name: kind for kind in kinds}
