"""The worker process: what it starts, in which order it stops."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from random import SystemRandom

import structlog

from holdfast.herald import open_redis
from holdfast.metrics import metrics_app
from holdfast.processes import Surroundings, in_background, settle_in, traced
from holdfast.serving import STOP_SECONDS, listening, stoppable, until_told_to_stop
from holdfast.settings import Settings
from holdfast.starting import ensure_servers, surroundings
from holdfast.steady import SteadyWorker
from holdfast.store import schedule
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.parts import Lane
from holdfast.wiring import Wiring, keep_fresh
from holdfast.worker import Drainer, beat
from holdfast.worker_lock import alive

log = structlog.get_logger()

SIGN_OFF_SECONDS = 1.0


@asynccontextmanager
async def running_worker(
    around: Surroundings, metrics_at: tuple[str, int] | None = None
) -> AsyncIterator[Drainer]:
    """Everything that observes, decides and delivers, until the block ends; then what flies may land."""
    drainer: Drainer

    def also(*lanes: Lane) -> None:
        drainer.nudge(*lanes)

    async with around.wiring(also) as (wiring, _redis, _clock), AsyncExitStack() as stack:
        drainer = Drainer(wiring.parts)
        if metrics_at is not None:  # before anything is under way that a taken port would tear down
            app = metrics_app(wiring.parts.metrics)
            await stack.enter_async_context(
                listening(app, *metrics_at, named="HOLDFAST_METRICS_PORT")
            )
        random = SystemRandom()
        steady = SteadyWorker(open_redis(around.redis_url), drainer, random)
        stack.push_async_callback(steady.close)
        name = f"{socket.gethostname()}:{os.getpid()}"
        await stack.enter_async_context(alive(wiring.parts, around.database_url, name))
        stack.push_async_callback(_sign_off, wiring, name)
        beside: dict[str, Coroutine[object, object, None]] = {
            "configuration": keep_fresh(wiring, drainer.nudge),
            "heartbeat": _beating(wiring, steady, name),
            "redis": steady.main(),
            "sweep": drainer.sweep(random),
        }
        for task, work in beside.items():
            await stack.enter_async_context(in_background(work, task))
        stack.push_async_callback(drainer.land, STOP_SECONDS)
        yield drainer


async def _beating(wiring: Wiring, steady: SteadyWorker, name: str) -> None:
    def redis_ok() -> datetime | None:
        return wiring.parts.now() if steady.redis_answers else None

    await beat(wiring.parts, name, redis_ok)


async def _sign_off(wiring: Wiring, name: str) -> None:
    """It stops because it was told to, and is not lost. Whatever the database does, the stop goes on."""
    try:
        async with asyncio.timeout(SIGN_OFF_SECONDS):
            await schedule.sign_off(wiring.parts.pool, name, wiring.parts.now())
    except DATABASE_TROUBLE:
        log.debug("not_signed_off")


@stoppable
async def worker(environ: Mapping[str, str]) -> None:
    """Work until told to stop."""
    settings = Settings.from_environ(environ)
    around, traces = surroundings(settings, environ), traced("holdfast-worker", environ)
    await ensure_servers(around)
    metrics = (settings.host, settings.metrics_port) if settings.metrics_port else None
    with traces:
        async with running_worker(around, metrics):
            settle_in()
            log.info("worker_ready")
            await until_told_to_stop()
    log.info("worker_stopped")
