"""`holdfast up`: everything on one machine, with nothing installed, loopback only."""

import asyncio
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from shlex import quote
from time import perf_counter
from zoneinfo import ZoneInfo

import aiohttp
import asyncpg
import click
from redis.asyncio import Redis

from holdfast import configuration, configuration_apply
from holdfast.clock import SystemClock
from holdfast.complaints import Unusable
from holdfast.embedded import Servers, embedded_servers
from holdfast.example import EXAMPLE_SECRETS, WEBHOOK_SECRETS, both_examples, example_worlds
from holdfast.guests import Guests
from holdfast.kind import SimulatorOptions, WebhookTarget, discover
from holdfast.logs import set_up_logs
from holdfast.narrator import Narrator
from holdfast.processes import Surroundings, in_background
from holdfast.serving import listening, stoppable, until_told_to_stop
from holdfast.settings import Settings, ensure_port
from holdfast.store.migrate import migrate
from holdfast.supported import of_postgres, of_redis
from holdfast.web_process import Place, running_web
from holdfast.wiring import Wiring
from holdfast.worker_process import running_worker

HERE = "127.0.0.1"
SIMULATORS_FROM = 9101
GUEST_SEED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How `up` is to run. `rate` 0: no guests. `seconds`: stop by itself after so long.

    The simulators begin empty each time. With `keep` our store does not: to it, all that earlier runs
    left is then gone from the channels at once, which is what the brake is for.
    """

    port: int | None
    rate: float
    keep: bool
    data: Path
    seconds: float | None


@stoppable
async def up(environ: Mapping[str, str], options: Options) -> None:
    """Start it all, tell what happens, stop it all."""
    began = perf_counter()
    settings = _settled(environ, options)
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(_servers(settings, options))
        await migrate(servers.database_url)
        door = stack.enter_context(closing(_front_door(options.port, settings.port)))
        port = int(door.getsockname()[1])
        clock, keys = SystemClock(), _keys()
        sides = await _simulators(stack, clock, port, keys)
        await _apply(servers.database_url, sides, clock)
        around = Surroundings(
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            clock=clock,
            environ={**environ, **keys},
        )
        await stack.enter_async_context(running_web(around, Place(host=HERE, port=door)))
        wiring, _, _ = await stack.enter_async_context(around.wiring())
        narrator = await _narrator(wiring, servers.database_url)
        env = None if settings.database_url else _for_commands(options.data, around)
        _welcome(port, sides, env, perf_counter() - began)
        await stack.enter_async_context(running_worker(around))
        await stack.enter_async_context(in_background(narrator.tell(), "narrator"))
        if options.rate > 0:
            await _let_in_guests(stack, sides, options.rate)
        await _until_the_end(options.seconds)
        await narrator.weigh()
    click.echo("\n" + "\n".join(narrator.summary()))


def _settled(environ: Mapping[str, str], options: Options) -> Settings:
    """What is wrong with them is told before anything is started."""
    settings = Settings.from_environ(environ)
    ensure_port("--port", options.port or 0)
    _log_to(options.data)
    return settings


def _for_commands(folder: Path, around: Surroundings) -> Path:
    """A file to be sourced, so that other commands find these servers; for this user only, as it has secrets."""
    file = folder / "env"
    told = {
        "HOLDFAST_DATABASE_URL": around.database_url,
        "HOLDFAST_REDIS_URL": around.redis_url,
        **{name: around.environ[name] for name in (*EXAMPLE_SECRETS, *WEBHOOK_SECRETS.values())},
    }
    file.touch(mode=0o600)
    file.write_text("".join(f"export {name}={quote(value)}\n" for name, value in told.items()))
    return file


def _log_to(folder: Path) -> None:
    """The screen belongs to what happens; what the program has to say about itself goes to a file. Raises Unusable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / "holdfast.log").open("a", encoding="utf-8")
    except OSError as error:
        raise Unusable(f"--data: {folder} cannot be written to ({error.strerror})") from error
    set_up_logs(file, SystemClock())


@asynccontextmanager
async def _servers(settings: Settings, options: Options) -> AsyncIterator[Servers]:
    if (settings.database_url is None) != (settings.redis_url is None):
        raise Unusable("set both HOLDFAST_DATABASE_URL and HOLDFAST_REDIS_URL, or neither")
    if settings.database_url is not None and settings.redis_url is not None:
        await _judge(settings.database_url, settings.redis_url)
        yield Servers(database_url=settings.database_url, redis_url=settings.redis_url)
        return
    async with embedded_servers(options.data, fresh=not options.keep) as servers:
        yield servers


async def _judge(database_url: str, redis_url: str) -> None:
    """Remark on servers of yours that are newer than known. Raises Unusable for one that is too old."""
    async with Redis.from_url(redis_url) as redis:
        remarks = [await of_postgres(database_url), await of_redis(redis)]
    for remark in filter(None, remarks):
        click.echo(f"! {remark}", err=True)


def _keys() -> dict[str, str]:
    return EXAMPLE_SECRETS | {name: secrets.token_hex(16) for name in WEBHOOK_SECRETS.values()}


async def _simulators(
    stack: AsyncExitStack, clock: SystemClock, web_port: int, keys: Mapping[str, str]
) -> dict[str, str]:
    """Start every channel's simulator; gives their addresses."""
    sides: dict[str, str] = {}
    worlds = example_worlds()
    for number, (name, kind) in enumerate(sorted(discover().items())):
        hook = WebhookTarget(
            url=f"http://{HERE}:{web_port}/hooks/{name}-main", secret=keys[WEBHOOK_SECRETS[name]]
        )
        app = kind.simulate(SimulatorOptions(clock=clock, webhook=hook, world=worlds[name]))
        door = stack.enter_context(closing(_door(None, SIMULATORS_FROM + number)))
        port = await stack.enter_async_context(listening(app, HERE, door))
        sides[name] = f"http://{HERE}:{port}"
    return sides


def _front_door(asked: int | None, usual: int) -> socket.socket:
    """The dashboard's, which people look for where it usually is. Raises Unusable."""
    door = _door(asked, usual)
    port = door.getsockname()[1]
    if port not in (asked, usual):
        click.echo(f"Port {usual} is taken: the dashboard is at {port}.")
    return door


def _door(asked: int | None, usual: int) -> socket.socket:
    """Listens from now on, or another `up` takes the port before we do: where asked, else where usual, else anywhere.

    Raises Unusable.
    """
    if asked is not None:
        try:
            return socket.create_server((HERE, asked))
        except OSError as error:
            raise Unusable(f"--port: port {asked} is in use") from error
    for port in (usual, 0):
        with suppress(OSError):
            return socket.create_server((HERE, port))
    raise Unusable(f"there is no free port on {HERE}")


async def _apply(database_url: str, sides: Mapping[str, str], clock: SystemClock) -> None:
    wanted = configuration.parse(both_examples(sides), "the example", discover())
    connection = await asyncpg.connect(database_url)
    try:
        await configuration_apply.apply(connection, wanted, clock.now())
    finally:
        await connection.close()


async def _narrator(wiring: Wiring, database_url: str) -> Narrator:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("select id, timezone from venues")
    finally:
        await connection.close()
    narrator = Narrator(wiring.parts, {row["id"]: ZoneInfo(row["timezone"]) for row in rows})
    await narrator.skip_the_past()
    return narrator


async def _let_in_guests(stack: AsyncExitStack, sides: Mapping[str, str], rate: float) -> None:
    session = await stack.enter_async_context(
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
    )
    crowd = Guests(session, sides, Random(GUEST_SEED), rate)  # noqa: S311 - guests are no secret
    await stack.enter_async_context(in_background(crowd.live(), "guests"))


def _welcome(port: int, sides: Mapping[str, str], env: Path | None, seconds: float) -> None:
    embedded = "embedded" if env else "yours"
    commands = (
        [f"  Commands    source {quote(str(env))}, then holdfast conflicts, explain, audit ..."]
        if env
        else []
    )
    simulators = "   ".join(f"{name} {url}" for name, url in sides.items())
    click.echo(
        "\n".join(
            (
                click.style("holdfast, loopback only, not for production", bold=True),
                f"  Dashboard   http://{HERE}:{port}/",
                f"  API         http://{HERE}:{port}/api/v1/bookings   (description: /openapi.json)",
                f"  Webhooks    http://{HERE}:{port}/hooks/{{{','.join(f'{n}-main' for n in sides)}}}",
                f"  Simulators  {simulators}",
                f"  Metrics     http://{HERE}:{port}/metrics      Postgres, Redis: {embedded}",
                *commands,
                f"Ready in {seconds:.1f} s. Ctrl-C to stop.  (<- heard   -> done at the other channel   !! look)",
                "",
            )
        )
    )
    sys.stdout.flush()


async def _until_the_end(seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await until_told_to_stop()
    except TimeoutError:
        return
