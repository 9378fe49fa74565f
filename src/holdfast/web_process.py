"""The web process: what it starts, in which order it stops."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import structlog
from arq.connections import ArqRedis
from pydantic import SecretStr

from holdfast.address import is_loopback
from holdfast.agreement import is_right
from holdfast.clock import AgreedClock
from holdfast.complaints import Unusable
from holdfast.kind import discover
from holdfast.metrics import metrics_app
from holdfast.processes import Surroundings, in_background, settle_in, traced, traced_by
from holdfast.redis_watch import trouble_of, watched
from holdfast.serving import IDLE_SECONDS, First, listening, stoppable, until_told_to_stop
from holdfast.settings import Settings, SettingsError
from holdfast.starting import ensure_servers, surroundings
from holdfast.store import people
from holdfast.sync.arrange import arrange, rehearse
from holdfast.sync.operate import Operator
from holdfast.sync.receive import Receiver, named
from holdfast.sync.remedy import act
from holdfast.sync.replay import preview, read_again
from holdfast.sync.revive import handle
from holdfast.sync.sides import read_sides
from holdfast.sync.steer import steered
from holdfast.web.app import build_web
from holdfast.web.hooks import first
from holdfast.web.intake import Limits
from holdfast.web.oidc import OidcSettings, is_installed
from holdfast.web.parts import WebParts
from holdfast.wiring import Wiring, keep_fresh

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a process listens. `metrics_port` None: metrics are served with everything else, or not at all."""

    host: str
    port: int | socket.socket
    metrics_port: int | None = None
    api_tokens: tuple[SecretStr, ...] = ()
    oidc: OidcSettings | None = None
    limits: Limits = field(default_factory=Limits)
    idle_seconds: float = IDLE_SECONDS


@asynccontextmanager
async def running_web(around: Surroundings, place: Place) -> AsyncIterator[int]:
    """Webhooks, API and dashboard, until the block ends; gives the port."""
    async with around.wiring() as (wiring, redis, clock), AsyncExitStack() as stack:
        receiver = Receiver(wiring.parts)
        channels: dict[str, str] = {}
        parts = WebParts(
            pool=wiring.parts.pool,
            receiver=receiver,
            operator=Operator(wiring.parts),
            settle=partial(act, wiring.parts),
            read_sides=partial(read_sides, wiring.parts),
            read_again=partial(read_again, wiring.parts),
            preview=partial(preview, wiring.parts),
            handle=partial(handle, wiring.parts),
            steer=partial(steered, wiring.parts),
            rehearse=partial(rehearse, wiring.parts),
            arrange=partial(arrange, wiring.parts),
            clock=clock,
            metrics=wiring.parts.metrics,
            channels=channels,
            proofs={name: kind.webhook_proof for name, kind in discover().items()},
            api_tokens=place.api_tokens,
            oidc=place.oidc,
            limits=place.limits,
            others_ready=_others_ready(redis, clock),
        )
        stack.push_async_callback(receiver.close)
        _name_channels(wiring, channels)
        await stack.enter_async_context(in_background(_follow(wiring, channels), "configuration"))
        port = await stack.enter_async_context(_opened(parts, place, way_in(around.environ)))
        await stack.enter_async_context(in_background(watched(redis), "redis"))
        yield port


@asynccontextmanager
async def _opened(parts: WebParts, place: Place, way: First | None) -> AsyncIterator[int]:
    """The sockets; gives the port of the pages. Raises CannotListen."""
    named = "HOLDFAST_PORT, or --port of `holdfast up`"
    async with AsyncExitStack() as stack:
        if place.metrics_port is not None:
            app, port = metrics_app(parts.metrics), place.metrics_port
            await stack.enter_async_context(
                listening(app, place.host, port, named="HOLDFAST_METRICS_PORT")
            )
        pages, seconds = build_web(parts), place.idle_seconds
        yield await stack.enter_async_context(
            listening(pages, place.host, place.port, seconds, way, named)
        )


def way_in(environ: Mapping[str, str]) -> First | None:
    """How webhooks get past the router; None with traces, whose spans a middleware makes."""
    return None if traced_by(environ) else first


def _name_channels(wiring: Wiring, channels: dict[str, str]) -> None:
    channels.clear()
    known = named(wiring.parts.accounts.values())
    channels.update({name: account.channel_name for name, account in known.items()})


async def _follow(wiring: Wiring, channels: dict[str, str]) -> None:
    await keep_fresh(wiring, lambda: _name_channels(wiring, channels))


def _others_ready(
    redis: ArqRedis, clock: AgreedClock
) -> Callable[[], Awaitable[Mapping[str, bool]]]:
    async def ready() -> Mapping[str, bool]:
        well = await trouble_of(redis) is None
        return {"redis": well, "clock": is_right(clock)}

    return ready


@stoppable
async def web(environ: Mapping[str, str]) -> None:
    """Serve until told to stop."""
    settings = Settings.from_environ(environ)
    around, traces = surroundings(settings, environ), traced("holdfast-web", environ)
    await ensure_servers(around)
    await ensure_somebody(settings, around.database_url)
    place = Place(
        host=settings.host,
        port=settings.port,
        metrics_port=settings.metrics_port,
        api_tokens=settings.api_tokens,
        oidc=oidc_of(settings),
        limits=Limits(
            body_bytes=settings.body_bytes,
            body_seconds=settings.body_seconds,
            held_bytes=settings.held_bytes,
        ),
        idle_seconds=settings.idle_seconds,
    )
    with traces:
        async with running_web(around, place) as port:
            settle_in()
            log.info("web_ready", host=settings.host, port=port)
            await until_told_to_stop()
    log.info("web_stopped")


async def ensure_somebody(settings: Settings, url: str) -> None:
    """Refuse to listen to others before anybody can show who he is. Raises Unusable."""
    if is_loopback(settings.host) or settings.api_tokens:
        return
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        if await people.known(pool):
            return
    raise Unusable(
        f"HOLDFAST_HOST is {settings.host}, and nobody could sign in there: first run `holdfast user add NAME"
        " --role admin`, or set HOLDFAST_API_TOKENS"
    )


def oidc_of(settings: Settings) -> OidcSettings | None:
    """Where people sign in beside here; None: nowhere. Raises SettingsError where what it needs is not installed."""
    secret, client = settings.oidc_client_secret, settings.oidc_client_id
    if settings.oidc_issuer is None or secret is None or client is None:
        return None
    if not is_installed():
        raise SettingsError(["HOLDFAST_OIDC_ISSUER: needs the extra oidc, install holdfast[oidc]"])
    return OidcSettings(
        issuer=settings.oidc_issuer,
        client_id=client,
        client_secret=secret,
        public_url=settings.public_url or "",
    )
