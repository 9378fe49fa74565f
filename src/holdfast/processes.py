"""The two long-running processes: what each starts, in which order it stops."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import SystemRandom

import structlog
from aiohttp import web
from arq.connections import ArqRedis
from pydantic import SecretStr
from redis.exceptions import RedisError

from holdfast.agreement import agreed, is_right, keep_agreed
from holdfast.clock import AgreedClock, Clock
from holdfast.herald import Herald, open_redis
from holdfast.kind import discover
from holdfast.metrics import metrics_app
from holdfast.settings import SettingsError
from holdfast.steady import SteadyWorker, ended
from holdfast.sync.arrange import arrange, rehearse
from holdfast.sync.operate import Operator
from holdfast.sync.receive import Receiver
from holdfast.sync.remedy import act
from holdfast.sync.replay import preview, read_again
from holdfast.sync.revive import handle
from holdfast.sync.steer import steered
from holdfast.web.app import build_web
from holdfast.web.intake import Limits
from holdfast.web.oidc import OidcSettings
from holdfast.web.parts import WebParts
from holdfast.wiring import Base, Wiring, keep_fresh, wired
from holdfast.worker import Drainer, beat

log = structlog.get_logger()

STOP_SECONDS = 8.0
"""How long a stop waits for what is under way, below a supervisor's kill grace."""

TRACED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER")
"""OpenTelemetry's own variables, of which one is enough."""

IDLE_SECONDS = 75.0
"""Longer than a reverse proxy keeps an idle connection, or requests are lost between the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where the servers are, what this machine's clock is, where secrets are looked up."""

    database_url: str
    redis_url: str
    clock: Clock
    environ: Mapping[str, str]

    @asynccontextmanager
    async def wiring(
        self, also: Callable[[], None] | None = None
    ) -> AsyncIterator[tuple[Wiring, ArqRedis, AgreedClock]]:
        """The connected parts, by the database's clock; `also` is called at every wake-up of this process's own."""
        clock = await agreed(self.clock, self.database_url)
        redis = open_redis(self.redis_url)
        herald = Herald(redis, also)
        base = Base(database_url=self.database_url, redis=redis, clock=clock, environ=self.environ)
        try:
            async with wired(base, herald.wake) as wiring, _kept_agreed(clock, wiring):
                yield wiring, redis, clock
        finally:
            await herald.close()
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await redis.aclose(close_connection_pool=True)


def _kept_agreed(clock: AgreedClock, wiring: Wiring) -> AbstractAsyncContextManager[None]:
    work = keep_agreed(clock, wiring.parts.pool, wiring.parts.metrics)
    return in_background(work, "clock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a process listens. `metrics_port` None: metrics are served with everything else, or not at all."""

    host: str
    port: int
    metrics_port: int | None = None
    api_tokens: tuple[SecretStr, ...] = ()
    oidc: OidcSettings | None = None
    limits: Limits = field(default_factory=Limits)
    idle_seconds: float = IDLE_SECONDS


def traced(service: str, environ: Mapping[str, str]) -> AbstractContextManager[None]:
    """Around a whole process: its traces, where OpenTelemetry's variables ask for them. Raises SettingsError."""
    wanted = next((name for name in TRACED_BY if environ.get(name)), None)
    if wanted is None or environ.get("OTEL_TRACES_EXPORTER") == "none":
        return nullcontext()
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        raise SettingsError(["OTEL_TRACES_EXPORTER: expected otlp or none"])
    try:
        from holdfast import tracing
    except ImportError as error:
        raise SettingsError([f"{wanted}: needs the extra otel, install holdfast[otel]"]) from error
    return tracing.tracing(service, tracing.sending())


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[int]:
    """Serve until the block ends; gives the port (0 asks for a free one). Raises OSError if it is taken.

    Whoever is silent, or busy with the head of a request, for `idle_seconds` is hung up on.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=STOP_SECONDS,
        keepalive_timeout=idle_seconds,
        auto_decompress=False,  # what is thrown away must not be unpacked before
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, reuse_address=True)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


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
        if place.metrics_port is not None:
            await stack.enter_async_context(
                listening(metrics_app(parts.metrics), place.host, place.metrics_port)
            )
        yield await stack.enter_async_context(
            listening(build_web(parts), place.host, place.port, place.idle_seconds)
        )


def _name_channels(wiring: Wiring, channels: dict[str, str]) -> None:
    channels.clear()
    channels.update({a.name: a.channel_name for a in wiring.parts.accounts.values()})


async def _follow(wiring: Wiring, channels: dict[str, str]) -> None:
    await keep_fresh(wiring, lambda: _name_channels(wiring, channels))


def _others_ready(
    redis: ArqRedis, clock: AgreedClock
) -> Callable[[], Awaitable[Mapping[str, bool]]]:
    async def ready() -> Mapping[str, bool]:
        try:
            answers = bool(await redis.ping())
        except (RedisError, OSError, TimeoutError):
            answers = False
        return {"redis": answers, "clock": is_right(clock)}

    return ready


@asynccontextmanager
async def running_worker(
    around: Surroundings, metrics_at: tuple[str, int] | None = None
) -> AsyncIterator[Drainer]:
    """Everything that observes, decides and delivers, until the block ends; then what flies may land."""
    nudged = asyncio.Event()
    async with around.wiring(nudged.set) as (wiring, _redis, _clock), AsyncExitStack() as stack:
        drainer = Drainer(wiring.parts, nudged)
        random = SystemRandom()
        steady = SteadyWorker(open_redis(around.redis_url), drainer, random)
        stack.push_async_callback(steady.close)
        beside: dict[str, Coroutine[object, object, None]] = {
            "configuration": keep_fresh(wiring, drainer.nudge),
            "heartbeat": _beating(wiring, steady),
            "redis": steady.main(),
            "poll": drainer.read(random),
            "sweep": drainer.sweep(random),
        }
        for name, work in beside.items():
            await stack.enter_async_context(in_background(work, name))
        stack.push_async_callback(drainer.land, STOP_SECONDS)
        if metrics_at is not None:
            app = metrics_app(wiring.parts.metrics)
            await stack.enter_async_context(listening(app, *metrics_at))
        yield drainer


async def _beating(wiring: Wiring, steady: SteadyWorker) -> None:
    name = f"{socket.gethostname()}:{os.getpid()}"

    def redis_ok() -> datetime | None:
        return wiring.parts.now() if steady.redis_answers else None

    await beat(wiring.parts, name, redis_ok)


@asynccontextmanager
async def in_background(work: Coroutine[object, object, None], name: str) -> AsyncIterator[None]:
    """Run it beside the block; if it ends or fails, the process must not go on as if all were well."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_stop_if_dead)
    try:
        yield
    finally:
        task.remove_done_callback(_stop_if_dead)
        await ended(task)


def _stop_if_dead(task: asyncio.Task[None]) -> None:
    if task.cancelled():
        return
    log.critical("task_died", task=task.get_name(), exc_info=task.exception())
    signal.raise_signal(signal.SIGTERM)


async def until_told_to_stop() -> None:
    """Return at SIGTERM or SIGINT."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()
