"""Where bookings live: one web process, one worker, a simulator of each provider, Postgres that keeps its word, Redis."""

import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg

from holdfast.channel import Capabilities
from holdfast.clock import SystemClock
from holdfast.embedded import embedded_servers
from holdfast.example import example_configuration, example_worlds
from holdfast.soak.faults import SIDES
from holdfast.soak.gather import waiting, witness
from holdfast.soak.house import SECRETS, address, set_up, simulator, write_configuration
from holdfast.soak.program import HERE, Program, free_port, holdfast, started, until
from holdfast.soak.rig import READY, read_once
from holdfast.soak.side import Side, met
from holdfast.soak.traits import traits
from holdfast.sync.parts import wake_nobody
from holdfast.wiring import Base, wired

SELDOM = 86_400
"""Seconds: nothing is read but what a webhook tells of."""

LOOK = 0.05
"""Seconds between two looks whether all is done."""

_KINDS = {"cancel": "release"}
"""Nobody here but us cancels through the API, and always a block."""

NUMBERED = 1
"""Of the variants that a soak draws from, one in which each event has an id of its own. Without one, a copy that
arrives after its booking began to be read must be read again: nobody knows that it tells nothing new."""

_CALLS = re.compile(
    r'^holdfast_channel_requests_total\{channel="(\w+)",operation="(\w+)",outcome="\w+"\} (\S+)$',
    re.M,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """All that runs, calm, everything read once. `store`: a session for questions."""

    url: str
    store: asyncpg.Connection
    sides: Mapping[str, Side]
    metrics: str
    able: Mapping[str, Capabilities]
    """By provider."""

    async def rest(self) -> None:
        """Until every webhook was taken, every copy of it, and nothing waits."""

        async def quiet() -> bool:
            told = [
                one for side in self.sides.values() for one in await side.ask("GET", "/webhooks")
            ]
            taken = all(len(one["accepted"]) == one["attempts"] > 0 for one in told)
            return taken and not await waiting(self.store)

        await until(quiet, "nothing waits", look=LOOK)

    async def calls(self) -> Counter[tuple[str, str]]:
        """How many calls the worker ever sent, by channel and kind."""
        async with aiohttp.ClientSession() as session, session.get(self.metrics) as answer:
            text = await answer.text()
        found: Counter[tuple[str, str]] = Counter()
        for channel, operation, many in _CALLS.findall(text):
            found[channel, _KINDS.get(operation, operation)] += int(float(many))
        return found


@asynccontextmanager
async def street(folder: Path, horizon_days: int) -> AsyncIterator[Street]:
    """Without a rate budget that anything waits for, and without polls after the first."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(embedded_servers(folder))
        web, metrics = free_port(), free_port()
        providers = {name: _simulator(folder, name, f"http://{HERE}:{web}") for name in SIDES}
        await stack.enter_async_context(started(*providers.values()))
        sides = {name: await _met(stack, name, one) for name, one in providers.items()}
        urls = {name: side.url for name, side in sides.items()}
        write_configuration(folder, urls, example_configuration, _pace(horizon_days))
        settings = {
            **SECRETS,
            "HOLDFAST_DATABASE_URL": servers.database_url,
            "HOLDFAST_REDIS_URL": servers.redis_url,
        }
        await set_up(folder, settings)
        ours = {
            "web": holdfast(folder, "web", **settings, HOLDFAST_PORT=str(web)),
            "worker": holdfast(folder, "worker", **settings, HOLDFAST_METRICS_PORT=str(metrics)),
        }
        await stack.enter_async_context(started(*ours.values()))
        for name, program in ours.items():
            await program.says(READY[name])
        await until(lambda: read_once(servers.database_url), "everything was read once", look=0.5)
        store = await witness(servers.database_url)
        stack.push_async_callback(store.close)
        yield Street(
            url=servers.database_url,
            store=store,
            sides=sides,
            metrics=f"http://{HERE}:{metrics}/metrics",
            able=await _able(servers.database_url),
        )


async def _able(url: str) -> dict[str, Capabilities]:
    environ = {**os.environ, **SECRETS}
    base = Base(database_url=url, redis=None, clock=SystemClock(), environ=environ)
    async with wired(base, wake_nobody) as wiring:
        accounts = wiring.parts.accounts.values()
        return {one.channel_name: one.channel.capabilities for one in accounts}


def _pace(horizon_days: int) -> str:
    return (
        'mode = "live"\nreads_per_minute = 100000\nwrites_per_minute = 100000\n'
        f"poll_seconds = {SELDOM}\noffers_seconds = {SELDOM}\naudit_seconds = {SELDOM}\n"
        f"horizon_days = {horizon_days}\n"
    )


def _simulator(folder: Path, name: str, web_url: str) -> Program:
    world = folder / f"{name}.json"
    world.write_text(json.dumps(example_worlds()[name]))
    return simulator(folder, name, web_url, "--world", str(world))


async def _met(stack: AsyncExitStack, name: str, program: Program) -> Side:
    side = await stack.enter_async_context(met(name, await address(program)))
    await side.ask("PUT", "/switches", traits()[name].chosen(NUMBERED))
    return side
