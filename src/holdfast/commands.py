"""What the commands do, once the command line is parsed."""

import json
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import click
import structlog
from pydantic import SecretStr

from holdfast import configuration, configuration_apply, rehearsal
from holdfast.clock import Clock, SettableClock, SystemClock
from holdfast.complaints import Unusable
from holdfast.configuration_plan import Plan
from holdfast.kind import SimulatorOptions, WebhookTarget, discover
from holdfast.logs import set_up_logs
from holdfast.processes import (
    Place,
    Surroundings,
    listening,
    running_web,
    running_worker,
    traced,
    until_told_to_stop,
)
from holdfast.recorded import put_on_record
from holdfast.settings import Settings, SettingsError, database_of
from holdfast.store import ahead, bookings, people, schedule
from holdfast.store import migrate as migrations
from holdfast.web.identity import is_loopback
from holdfast.web.intake import Limits
from holdfast.web.oidc import OidcSettings, is_installed

log = structlog.get_logger()

SYSTEM = SystemClock()
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether to ask before a plan is applied, or only to show it. `given`: nothing need be asked."""

    ask: bool
    dry_run: bool
    given: bool = False


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
    try:
        done = await migrations.migrate(url)
    except migrations.Busy as busy:
        raise Unusable(str(busy)) from busy
    click.echo("\n".join(f"applied {name}" for name in done) or "The database is up to date.")


async def apply(
    environ: Mapping[str, str], config: Path | None, consent: Consent, clock: Clock = SYSTEM
) -> None:
    """Show the plan and make it so."""
    settings = Settings.from_environ(environ)
    wanted = configuration.read(config or settings.config, discover())
    connection = await asyncpg.connect(database_of(settings))
    try:
        plan = await configuration_apply.plan(connection, wanted)
        click.echo(str(plan) or "Nothing to change.")
        going = await _going_out(connection, plan, clock.now())
        if not plan or consent.dry_run:
            return
        if not agreed(consent, going):
            click.echo("Nothing was changed.")
            return
        async with put_on_record(connection, "apply", "configuration", ""):
            done = await configuration_apply.apply(connection, wanted, clock.now())
        click.echo(f"Applied {len(done.changes)} changes.")
    finally:
        await connection.close()


async def _going_out(connection: asyncpg.Connection, plan: Plan, now: datetime) -> int:
    """Show what the accounts that turn live would send at once; returns how much that is."""
    names = [change.thing.name for change in plan.changes if change.goes_live]
    if not names:
        return 0
    lines = rehearsal.rehearse(await ahead.calls(connection, names), now)
    click.echo(f"Going live: {', '.join(names)}. {rehearsal.summary(lines)}.")
    for line in rehearsal.first_of(lines):
        click.echo(f"    {line}")
    if lines:
        click.echo("They are derived anew from what is booked by then.")
    return len(rehearsal.at_once(lines))


def agreed(consent: Consent, going: int) -> bool:
    """To send calls, their number must be typed: nobody says that by habit. Raises Unusable."""
    if consent.given:
        return True
    if going and not consent.ask:
        raise Unusable(
            f"this would send {going} calls at once: say so on a terminal, or with --yes"
        )
    if going:
        typed: str = click.prompt("Type their number to go live", default="", show_default=False)
        return typed.strip() == str(going)
    return not consent.ask or click.confirm("Apply this?")


async def plan(
    environ: Mapping[str, str], accounts: Sequence[str], as_json: bool, clock: Clock = SYSTEM
) -> None:
    """Show what accounts in shadow, or paused, or those named, would send now. Raises Unusable."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        modes = await ahead.modes(connection, accounts)
        lines = rehearsal.rehearse(await ahead.calls(connection, accounts), clock.now())
    finally:
        await connection.close()
    if unknown := sorted(set(accounts) - modes.keys()):
        raise Unusable(f"there is no account {', '.join(unknown)}")
    for line in _as_json(lines) if as_json else rehearsal.told(modes, lines):
        click.echo(line)


def _as_json(lines: Sequence[rehearsal.Line]) -> list[str]:
    return [json.dumps(line.as_json()) for line in lines]


async def forget(environ: Mapping[str, str], booking_id: int) -> None:
    """Erase a guest. Raises Unusable when there is no such booking."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        if await bookings.row_by_id(connection, booking_id) is None:
            raise Unusable(f"there is no booking {booking_id}")
        now = await schedule.database_now(connection)
        async with put_on_record(connection, "forget", f"booking {booking_id}", ""):
            await bookings.erase_guest(connection, booking_id, now)
        click.echo(f"Whoever made booking {booking_id} is forgotten.")
    finally:
        await connection.close()


async def web(environ: Mapping[str, str]) -> None:
    """Serve until told to stop."""
    settings = Settings.from_environ(environ)
    around, traces = _surroundings(settings, environ), traced("holdfast-web", environ)
    await _ensure_schema(around.database_url)
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


async def worker(environ: Mapping[str, str]) -> None:
    """Work until told to stop."""
    settings = Settings.from_environ(environ)
    around, traces = _surroundings(settings, environ), traced("holdfast-worker", environ)
    await _ensure_schema(around.database_url)
    metrics = (settings.host, settings.metrics_port) if settings.metrics_port else None
    with traces:
        async with running_worker(around, metrics):
            log.info("worker_ready")
            await until_told_to_stop()
    log.info("worker_stopped")


async def _ensure_schema(url: str) -> None:
    """Refuse a database that is older than this program; a newer one is made so that we can go on with it.

    What is named `post` is applied when the release before is gone, and may still be missing.
    """
    missing = [name for name in await migrations.pending(url) if "_post_" not in name]
    if missing:
        raise Unusable(
            f"the database is too old, missing: {', '.join(missing)}. Run `holdfast migrate`"
        )


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
            clock=SettableClock(SystemClock()),
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
