"""What a flood runs over: web, workers, both simulators, Postgres and Redis, with nothing in between."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.example import both_examples, example_worlds
from holdfast.soak.faults import SIDES
from holdfast.soak.house import SECRETS, address, set_up, simulator, write_configuration
from holdfast.soak.program import (
    HERE,
    REDIS_READY,
    Program,
    free_port,
    holdfast,
    redis_server,
    started,
    until,
)
from holdfast.soak.rig import READY, Postgres, read_once
from holdfast.soak.side import Side, met
from holdfast.soak.traits import traits

OURS = ("web.1", "web.2", "worker.1", "worker.2")
PACE = """mode = "live"
reads_per_minute = 100000
writes_per_minute = 100000
poll_seconds = 30
offers_seconds = 60
horizon_days = 7
"""
"""Nothing waits for a budget; and webhooks, not polls, are what tells of bookings."""

START_SECONDS = 240.0
"""Nine processes at once, on a machine that may have other things to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """All that runs. `webs`: where each web process answers."""

    postgres: Postgres
    ours: Mapping[str, Program]
    sides: Mapping[str, Side]
    webs: tuple[str, ...]


@asynccontextmanager
async def prepared(folder: Path, webhooks_to: str) -> AsyncIterator[Ground]:
    """Everything up, everything read once; the providers' own webhooks go to `webhooks_to`."""
    async with AsyncExitStack() as stack:
        postgres = Postgres(folder=folder)
        stack.push_async_callback(postgres.stop)
        await postgres.start()
        redis_port = free_port()
        redis = redis_server(folder, redis_port)
        providers = {name: _simulator(folder, name, webhooks_to) for name in SIDES}
        await stack.enter_async_context(started(redis, *providers.values()))
        await redis.says(REDIS_READY)
        sides = {name: await _met(stack, name, program) for name, program in providers.items()}
        ports = {name: free_port() for name in OURS if name.startswith("web")}
        ours = await _ours(folder, sides, (postgres.url, redis_port), ports)
        await stack.enter_async_context(started(*ours.values()))
        for name, program in ours.items():
            await program.says(READY[name.partition(".")[0]], START_SECONDS)
        await until(
            lambda: read_once(postgres.url), "everything was read once", START_SECONDS, look=0.5
        )
        webs = tuple(f"http://{HERE}:{port}" for port in ports.values())
        yield Ground(postgres=postgres, ours=ours, sides=sides, webs=webs)


def _simulator(folder: Path, name: str, webhooks_to: str) -> Program:
    world = folder / f"{name}.json"
    world.write_text(json.dumps(example_worlds()[name]))
    return simulator(folder, name, webhooks_to, "--world", str(world))


async def _met(stack: AsyncExitStack, name: str, program: Program) -> Side:
    side = await stack.enter_async_context(met(name, await address(program)))
    await side.ask("PUT", "/switches", dict(traits()[name].switches))
    return side


async def _ours(
    folder: Path, sides: Mapping[str, Side], servers: tuple[str, int], ports: Mapping[str, int]
) -> dict[str, Program]:
    """Our processes, configured by file and environment alone; the database is migrated."""
    write_configuration(folder, {n: side.url for n, side in sides.items()}, both_examples, PACE)
    database_url, redis_port = servers
    settings = {
        **SECRETS,
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": f"redis://{HERE}:{redis_port}/0",
    }
    await set_up(folder, settings)
    programs = {}
    for name in OURS:
        port = {"HOLDFAST_PORT": str(ports[name])} if name in ports else {}
        kind = name.partition(".")[0]
        programs[name] = holdfast(folder, kind, name=name, **settings, **port)
    return programs
