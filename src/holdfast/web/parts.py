"""What the web process works with, handed in by the composition root."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import asyncpg
from aiohttp import web
from pydantic import SecretStr

from holdfast.clock import Clock
from holdfast.kind import WebhookProof
from holdfast.metrics import Metrics
from holdfast.store.once import Once
from holdfast.sync.arrange import Arrangement, Effects
from holdfast.sync.operate import DirectBooking
from holdfast.sync.remedy import Settling, Wish
from holdfast.sync.replay import Preview, Reread, Rereading
from holdfast.sync.revive import Handled, PushWish
from holdfast.sync.steer import SteerWish
from holdfast.web.intake import Limits
from holdfast.web.oidc import OidcSettings


class Receiver(Protocol):
    """Takes webhooks in."""

    async def accept(self, account: str, headers: Mapping[str, str], body: bytes) -> None:
        """Return once the delivery is committed.

        Raises UnknownAccount, Forged, Stale, Malformed, Overloaded.
        """
        ...


class Operator(Protocol):
    """Does what people ask for."""

    async def book(
        self, wish: DirectBooking, actor: str = "operator", once: Once | None = None
    ) -> int:
        """The new booking's id; with `once`, of the first that asked so. Raises WishRefused, KeyReused."""
        ...

    async def cancel(self, booking_id: int, reason: str, actor: str = "operator") -> bool:
        """True: cancelled; False: asked of the channel, not confirmed yet.

        Raises BookingUnknown, WishRefused.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """`channels` tells each account's channel. While nobody is known and there are no `api_tokens`, only this machine is served."""

    pool: asyncpg.Pool
    receiver: Receiver
    operator: Operator
    settle: Callable[[int, Wish], Awaitable[Settling]]
    """Decides a conflict. Raises ConflictUnknown, WishRefused, Stale."""
    read_sides: Callable[[int], Awaitable[None]]
    """Has both sides of a conflict read again, if they were not just now."""
    read_again: Callable[[Reread], Awaitable[Rereading]]
    """Reads again what events were about."""
    preview: Callable[[int], Awaitable[Preview]]
    """What reading again what an event was about would change. Raises EventUnknown."""
    handle: Callable[[PushWish], Awaitable[Handled]]
    """Revives or drops dead pushes."""
    steer: Callable[[SteerWish], Awaitable[None]]
    """Pauses an account, lets it go on, has it read. Raises NotSteered."""
    rehearse: Callable[[Arrangement, str], Awaitable[Effects]]
    """What it would change if this person did it. Raises WishRefused, BookingUnknown."""
    arrange: Callable[[Arrangement, str, str], Awaitable[int]]
    """Does it for this person if it changes what was seen; the booking. Raises like `rehearse`, and NotAsShown."""
    clock: Clock
    metrics: Metrics
    channels: Mapping[str, str]
    proofs: Mapping[str, WebhookProof]
    """By what each channel's webhooks are verified."""
    api_tokens: tuple[SecretStr, ...] = ()
    oidc: OidcSettings | None = None
    """Where people may sign in, beside here."""
    limits: Limits = field(default_factory=Limits)
    others_ready: Callable[[], Awaitable[Mapping[str, bool]]] | None = None
    """Servers that we can do without for a while, such as Redis: name -> does it answer."""


PARTS = web.AppKey("parts", WebParts)
