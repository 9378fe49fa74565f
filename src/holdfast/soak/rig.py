"""What a soak runs: two web, three workers, two simulators, Postgres and Redis, and a proxy on every way between."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, urlsplit

import asyncpg

from holdfast.embedded import embedded_postgres
from holdfast.example import both_examples, example_worlds
from holdfast.soak.faults import OURS, SIDES
from holdfast.soak.house import SECRETS, address, set_up, simulator, write_configuration
from holdfast.soak.program import (
    HERE,
    REDIS_READY,
    Missed,
    Program,
    free_port,
    holdfast,
    redis_server,
    started,
    until,
)
from holdfast.soak.proxy import Link, Opener, linked, tcp, unix
from holdfast.soak.side import Side, met
from holdfast.soak.traits import traits

READY = {"web": '"web_ready"', "worker": '"worker_ready"', "redis": REDIS_READY}
WEBS = ("web.1", "web.2")
KEEP_SECONDS = 0.5


@dataclass(kw_only=True)
class Postgres:
    """The embedded one, which may be killed; its address stays."""

    folder: Path
    url: str = ""
    age: int = 0
    """How often it was replaced by an older state of itself."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """Ready when this returns; what a killed one left is cleared away first."""
        await self.stop()
        self.url = await self._stack.enter_async_context(embedded_postgres(self.folder))

    async def stop(self) -> None:
        await self._stack.aclose()
        self._stack = AsyncExitStack()

    def kill(self) -> None:
        """The postmaster, without a goodbye; its children see that and end."""
        os.kill(self.number, signal.SIGKILL)

    async def pids(self) -> list[int]:
        """Of the postmaster, which must be stopped before it starts more of them, and of its children."""
        connection = await asyncpg.connect(self.url, timeout=60)
        try:
            rows = await connection.fetch(
                "select pid from pg_stat_activity where pid <> pg_backend_pid()"
            )
        finally:
            await connection.close(timeout=60)
        return [self.number, *(row["pid"] for row in rows)]

    @property
    def data(self) -> Path:
        """All that it keeps."""
        return self.folder / "postgres"

    @property
    def number(self) -> int:
        """The postmaster's process."""
        told = (self.data / "postmaster.pid").read_text()
        return int(told.splitlines()[0])

    @property
    def socket(self) -> str:
        """The path of its socket."""
        return f"{parse_qs(urlsplit(self.url).query)['host'][0]}/.s.PGSQL.5432"


@dataclass(kw_only=True)
class Rig:
    """All that runs. `down` names what is ended on purpose just now."""

    folder: Path
    postgres: Postgres
    programs: Mapping[str, Program]
    links: Mapping[str, Link]
    sides: Mapping[str, Side]
    redis_port: int
    settings: Mapping[str, str]
    """With which commands of ours are run."""
    webs: Sequence[str]
    """Where each web process answers, past all proxies."""
    down: set[str] = field(default_factory=set)
    ended_alone: list[str] = field(default_factory=list)
    """Processes of ours that ended although nobody told them to, with their last words."""
    began: float = field(default_factory=time.monotonic)

    @property
    def minutes(self) -> float:
        """How long all of it has run."""
        return (time.monotonic() - self.began) / 60

    @property
    def logs(self) -> list[Path]:
        """What our processes wrote."""
        return [self.programs[name].words for name in OURS]

    async def raise_again(self, name: str) -> None:
        """Start what was killed. It need not be ready: what it needs may be down as well."""
        await self.programs[name].start()
        self.down.discard(name)

    async def keep(self) -> None:
        """A supervisor, for ever: whoever ends by himself is started again.

        That is noted, unless he was only starting: without its servers a process of ours says so and ends.
        """
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            for name in OURS:
                program = self.programs[name]
                if program.ended and name not in self.down:
                    if READY[name.partition(".")[0]] in program.said():
                        self.ended_alone.append(f"{name}: {_last_words(program)}")
                    await program.start()


def _last_words(program: Program) -> str:
    code = program.running.returncode
    return f"exit code {code}, {program.said().strip()[-300:]}"


@asynccontextmanager
async def rigged(folder: Path, seed: int) -> AsyncIterator[Rig]:
    """Everything up, everything read once."""
    async with AsyncExitStack() as stack:
        postgres = Postgres(folder=folder)
        stack.push_async_callback(postgres.stop)
        await postgres.start()
        ports = {name: free_port() for name in (*WEBS, "redis")}
        links = await _inner_links(stack, postgres, ports, seed)
        programs = {name: _simulator(folder, name, _url(links["webhooks"]), seed) for name in SIDES}
        programs["redis"] = redis_server(folder, ports["redis"])
        await stack.enter_async_context(started(*programs.values()))
        sides = await _sides(stack, programs, seed)
        links |= await _outer_links(stack, sides, seed)
        settings = _settings(links)
        ours = await _ours(folder, links, (settings, ports), seed)
        await stack.enter_async_context(started(*ours.values()))
        for name, program in ours.items():
            await _ready(name, program)
        rig = Rig(
            folder=folder,
            postgres=postgres,
            programs={**programs, **ours},
            links=links,
            sides=sides,
            redis_port=ports["redis"],
            settings=settings,
            webs=[f"http://{HERE}:{ports[name]}" for name in WEBS],
        )
        await until(lambda: read_once(postgres.url), "everything was read once", look=0.5)
        yield rig


async def _inner_links(
    stack: AsyncExitStack, postgres: Postgres, ports: Mapping[str, int], seed: int
) -> dict[str, Link]:
    """The ways that lead to us and to our servers."""
    openers = {
        "webhooks": [tcp(ports["web.1"]), tcp(ports["web.2"])],
        "to-redis": [tcp(ports["redis"])],
        "to-postgres": [unix(postgres.socket)],
    }
    return {
        name: await stack.enter_async_context(linked(_link(name, seed, *ways)))
        for name, ways in openers.items()
    }


async def _outer_links(
    stack: AsyncExitStack, sides: Mapping[str, Side], seed: int
) -> dict[str, Link]:
    """The ways that lead to the providers."""
    ports = {f"to-{name}": urlsplit(side.url).port or 0 for name, side in sides.items()}
    return {
        name: await stack.enter_async_context(linked(_link(name, seed, tcp(port))))
        for name, port in ports.items()
    }


def _link(name: str, seed: int, *openers: Opener) -> Link:
    random = Random(f"{name} {seed}")  # noqa: S311 - reproducible, not secret
    return Link(name=name, openers=openers, random=random)


def _url(link: Link) -> str:
    return f"http://{HERE}:{link.port}"


def _simulator(folder: Path, name: str, web_url: str, seed: int) -> Program:
    """With both example venues: rooms, and a pool of tables; and with a place that is none of ours."""
    world = folder / f"{name}.json"
    world.write_text(json.dumps(traits()[name].world(example_worlds()[name])))
    return simulator(folder, name, web_url, "--seed", str(seed), "--world", str(world))


async def _sides(
    stack: AsyncExitStack, programs: Mapping[str, Program], seed: int
) -> dict[str, Side]:
    """Both simulators' control sides: called directly, never through a proxy."""
    sides = {}
    for name in SIDES:
        url = await address(programs[name])
        side = await stack.enter_async_context(met(name, url))
        await side.ask("PUT", "/switches", traits()[name].chosen(seed))
        sides[name] = side
    return sides


def _venues(seed: int, urls: Mapping[str, str]) -> str:
    """Every other seed leaves the first venue's clashes to its policy, and the rest to people. A room needs pauses."""
    room = 'name = "board-room"\n'
    pauses = f"{room}setup_minutes = 5\ncleanup_minutes = 10\n"
    text = both_examples(urls).replace(room, pauses)
    return text.replace('conflicts = "propose"', 'conflicts = "auto"', seed % 2)


def _settings(links: Mapping[str, Link]) -> dict[str, str]:
    return {
        **SECRETS,
        "HOLDFAST_DATABASE_URL": f"postgresql://postgres@{HERE}:{links['to-postgres'].port}/postgres",
        "HOLDFAST_REDIS_URL": f"redis://{HERE}:{links['to-redis'].port}/0",
    }


async def _ours(
    folder: Path,
    links: Mapping[str, Link],
    how: tuple[Mapping[str, str], Mapping[str, int]],
    seed: int,
) -> dict[str, Program]:
    """Our processes, configured by file and environment alone; the database is migrated."""
    urls = {name: _url(links[f"to-{name}"]) for name in SIDES}
    write_configuration(folder, urls, partial(_venues, seed))
    settings, ports = how
    await until(partial(_is_set_up, folder, settings), "migrate, apply")
    programs = {}
    for name in OURS:
        port = {"HOLDFAST_PORT": str(ports[name])} if name in ports else {}
        kind = name.partition(".")[0]
        programs[name] = holdfast(folder, kind, name=name, **settings, **port)
    return programs


async def _is_set_up(folder: Path, settings: Mapping[str, str]) -> bool:
    """On a busy machine the database may not answer in time: then it is run again, as a supervisor would."""
    try:
        await set_up(folder, settings)
    except Missed:
        return False
    return True


async def _ready(name: str, program: Program) -> None:
    """The same for those that stay."""

    async def says_so() -> bool:
        if program.ended:
            await program.start()
        return READY[name.partition(".")[0]] in program.said()

    await until(says_so, f"{name} is ready, its words are in {program.words}")


async def read_once(url: str) -> bool:
    """Whether every account's bookings and offers were read completely at least once."""
    connection = await asyncpg.connect(url)
    try:
        unread = "select count(*) from cursors where last_complete_at is null and task <> 'audit'"
        return bool(await connection.fetchval(unread) == 0)
    finally:
        await connection.close()
