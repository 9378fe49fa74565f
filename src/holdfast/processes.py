"""What the two long-running processes share: what they stand on, what runs beside their work, their traces."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import dataclass

import structlog
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from holdfast.agreement import agreed, keep_agreed
from holdfast.clock import AgreedClock, Clock
from holdfast.herald import Herald, open_redis
from holdfast.settings import SettingsError
from holdfast.steady import ended
from holdfast.sync.parts import Wake
from holdfast.wiring import Base, Wiring, wired

log = structlog.get_logger()

TRACED_BY = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER")
"""OpenTelemetry's own variables, of which one is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where the servers are, what this machine's clock is, where secrets are looked up."""

    database_url: str
    redis_url: str
    clock: Clock
    environ: Mapping[str, str]

    @asynccontextmanager
    async def wiring(
        self, also: Wake | None = None
    ) -> AsyncIterator[tuple[Wiring, ArqRedis, AgreedClock]]:
        """The connected parts, by the database's clock; `also`, a worker's, hears every wake-up of this process's own."""
        clock = await agreed(self.clock, self.database_url)
        redis = open_redis(self.redis_url)
        herald = Herald(redis, also)
        base = Base(
            database_url=self.database_url,
            redis=redis,
            clock=clock,
            environ=self.environ,
            plans_once=also is not None,
        )
        try:
            async with (
                wired(base, herald.wake) as wiring,
                _kept_agreed(clock, wiring),
                _watched(wiring),
            ):
                yield wiring, redis, clock
        finally:
            await herald.close()
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await redis.aclose(close_connection_pool=True)


def _kept_agreed(clock: AgreedClock, wiring: Wiring) -> AbstractAsyncContextManager[None]:
    work = keep_agreed(clock, wiring.parts.pool, wiring.parts.metrics)
    return in_background(work, "clock")


def _watched(wiring: Wiring) -> AbstractAsyncContextManager[None]:
    return in_background(wiring.watch.keep_looking(wiring.parts.pool, wiring.parts.wake), "store")


def settle_in() -> None:
    """What is there when a process is ready stays until it ends: the garbage collector need not look at it again.

    It would hold everything else up for some 80 ms whenever it does, which is each second under load.
    """
    gc.collect()
    gc.freeze()


def traced(service: str, environ: Mapping[str, str]) -> AbstractContextManager[None]:
    """Around a whole process: its traces, where OpenTelemetry's variables ask for them. Raises SettingsError."""
    wanted = traced_by(environ)
    if wanted is None:
        return nullcontext()
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        raise SettingsError(["OTEL_TRACES_EXPORTER: expected otlp or none"])
    try:
        from holdfast import tracing
    except ImportError as error:
        raise SettingsError([f"{wanted}: needs the extra otel, install holdfast[otel]"]) from error
    return tracing.tracing(service, tracing.sending())


def traced_by(environ: Mapping[str, str]) -> str | None:
    """The variable that asks for traces."""
    if environ.get("OTEL_TRACES_EXPORTER") == "none":
        return None
    return next((name for name in TRACED_BY if environ.get(name)), None)


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
