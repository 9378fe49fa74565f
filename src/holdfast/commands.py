"""What the commands do, once the command line is parsed."""

import json
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import click
import structlog
from pydantic import SecretStr

from holdfast import configuration, configuration_apply
from holdfast.clock import SystemClock
from holdfast.complaints import Unusable
from holdfast.kind import SimulatorOptions, WebhookTarget, discover
from holdfast.logs import set_up_logs
from holdfast.processes import (
    Place,
    Surroundings,
    listening,
    running_web,
    running_worker,
    until_told_to_stop,
)
from holdfast.settings import Settings, SettingsError, database_of
from holdfast.store import bookings
from holdfast.store import migrate as migrations

log = structlog.get_logger()

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether to ask before a plan is applied, or only to show it."""

    ask: bool
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Which simulator to run, and where."""

    channel: str
    host: str
    port: int
    seed: int
    world: Path | None
    webhooks_to: str | None


async def migrate(environ: Mapping[str, str], check: bool) -> None:
    """Apply what is missing, or only say it. Raises Unusable when `check` finds something."""
    url = database_of(Settings.from_environ(environ))
    if check:
        missing = await migrations.pending(url)
        if missing:
            raise Unusable(f"missing: {', '.join(missing)}. Run `holdfast migrate`")
        click.echo("The database is up to date.")
        return
    done = await migrations.migrate(url)
    click.echo("\n".join(f"applied {name}" for name in done) or "The database is up to date.")


async def apply(environ: Mapping[str, str], config: Path | None, consent: Consent) -> None:
    """Show the plan and make it so."""
    settings = Settings.from_environ(environ)
    wanted = configuration.read(config or settings.config, discover())
    connection = await asyncpg.connect(database_of(settings))
    try:
        plan = await configuration_apply.plan(connection, wanted)
        click.echo(str(plan) or "Nothing to change.")
        if not plan or consent.dry_run:
            return
        if consent.ask and not click.confirm("Apply this?"):
            click.echo("Nothing was changed.")
            return
        done = await configuration_apply.apply(connection, wanted, SystemClock().now())
        click.echo(f"Applied {len(done.changes)} changes.")
    finally:
        await connection.close()


async def forget(environ: Mapping[str, str], booking_id: int) -> None:
    """Erase a guest. Raises Unusable when there is no such booking."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        if await bookings.row_by_id(connection, booking_id) is None:
            raise Unusable(f"there is no booking {booking_id}")
        await bookings.erase_guest(connection, booking_id, SystemClock().now())
        click.echo(f"Whoever made booking {booking_id} is forgotten.")
    finally:
        await connection.close()


async def web(environ: Mapping[str, str]) -> None:
    """Serve until told to stop."""
    settings = Settings.from_environ(environ)
    around = _surroundings(settings, environ)
    place = Place(
        host=settings.host,
        port=settings.port,
        metrics_port=settings.metrics_port,
        api_tokens=settings.api_tokens,
    )
    async with running_web(around, place) as port:
        log.info("web_ready", host=settings.host, port=port)
        await until_told_to_stop()
    log.info("web_stopped")


async def worker(environ: Mapping[str, str]) -> None:
    """Work until told to stop."""
    settings = Settings.from_environ(environ)
    around = _surroundings(settings, environ)
    metrics = (settings.host, settings.metrics_port) if settings.metrics_port else None
    async with running_worker(around, metrics):
        log.info("worker_ready")
        await until_told_to_stop()
    log.info("worker_stopped")


async def simulate(environ: Mapping[str, str], wanted: Simulation) -> None:
    """Play one provider until told to stop."""
    kinds = discover()
    if wanted.channel not in kinds:
        raise Unusable(f"{wanted.channel}: expected one of {', '.join(sorted(kinds))}")
    if wanted.host not in LOOPBACK:
        raise Unusable(f"--host: a simulator is for this machine only, got {wanted.host}")
    world = json.loads(wanted.world.read_text(encoding="utf-8")) if wanted.world else None
    app = kinds[wanted.channel].simulate(
        SimulatorOptions(
            clock=SystemClock(),
            seed=wanted.seed,
            world=world,
            webhook=_target(environ, wanted.webhooks_to),
        )
    )
    async with listening(app, wanted.host, wanted.port) as port:
        click.echo(f"{wanted.channel} simulator at http://{wanted.host}:{port} (Ctrl-C to stop)")
        await until_told_to_stop()


def _target(environ: Mapping[str, str], url: str | None) -> WebhookTarget | None:
    if url is None:
        return None
    secret = environ.get("HOLDFAST_SIMULATOR_SECRET", "")
    if not secret:
        raise SettingsError(["HOLDFAST_SIMULATOR_SECRET: expected the webhooks' secret"])
    return WebhookTarget(url=url, secret=SecretStr(secret).get_secret_value())


def _surroundings(settings: Settings, environ: Mapping[str, str]) -> Surroundings:
    clock = SystemClock()
    set_up_logs(sys.stderr, clock)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if settings.redis_url is None:
        raise SettingsError(["HOLDFAST_REDIS_URL: expected the address of a Redis server"])
    return Surroundings(
        database_url=database_of(settings),
        redis_url=settings.redis_url,
        clock=clock,
        environ=environ,
    )
