"""The whole of it as an operator would run it: Procfile, holdfast.toml, environment, servers, two providers."""

import asyncio
import random
import re
import shlex
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg

from holdfast.soak.books import Books, wrongs
from holdfast.soak.gather import see, stored, waiting
from holdfast.soak.house import SECRETS, simulator, write_configuration
from holdfast.soak.program import (
    HERE,
    PATIENCE,
    REDIS_READY,
    Finished,
    Program,
    environment,
    finished,
    free_port,
    redis_server,
    started,
    until,
)
from holdfast.soak.side import Side, met
from holdfast.soak.traits import traits

ROOT = Path(__file__).parents[2]


def procfile() -> dict[str, str]:
    """The commands by the names of their processes."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(re.split(r":\s*", line, maxsplit=1) for line in lines if line.strip())


@dataclass(kw_only=True)
class Stage:
    """What runs, and what the tests do with it."""

    folder: Path
    sides: Mapping[str, Side]
    programs: Mapping[str, Program]
    pool: asyncpg.Pool
    web_url: str
    settings: Mapping[str, str]
    """The environment of our processes."""

    @property
    def boseat(self) -> Side:
        return self.sides["boseat"]

    @property
    def mozrest(self) -> Side:
        return self.sides["mozrest"]

    @property
    def redis(self) -> Program:
        return self.programs["redis"]

    async def raise_again(self, name: str) -> None:
        """Start what was killed or stopped, and wait until it is ready."""
        await self.programs[name].start()
        await self.programs[name].says(READY[name])

    async def both(self) -> dict[str, Books]:
        """Both providers' own books."""
        return {name: await side.books() for name, side in self.sides.items()}

    async def blocks(self, side: str, unit: str) -> list[bool]:
        """Our own blocks at a provider, by its own books: whether each is only held."""
        return [block.held for block in (await self.sides[side].books()).blocks(unit)]

    async def wrongs(self) -> list[str]:
        """What is not as promised just now."""
        async with self.pool.acquire() as connection:
            return wrongs(await self.both(), await stored(connection))

    async def unrest(self) -> list[str]:
        """What the store still waits for; nothing: then what is right stays right."""
        async with self.pool.acquire() as connection:
            return await waiting(connection)

    async def agrees(self, seconds: float = PATIENCE) -> None:
        """Wait for the end state; what is still wrong by then is what the test says."""
        found = ["nothing was looked at"]

        async def right() -> bool:
            found[:] = await self.wrongs() or await self.unrest()
            if not found:
                found[:] = await self.wrongs()  # what was on its way when we looked is there by now
            return not found

        try:
            await until(right, "the end state", seconds)
        except AssertionError as late:
            raise AssertionError("\n".join([str(late), *found])) from None

    async def clear(self) -> None:
        """Everybody goes home; every channel must be as empty as in the beginning."""
        for side in self.sides.values():
            await side.ask("DELETE", "/faults")
            await side.manner()
            for guest in (await side.books()).everybody():
                await side.act(guest.ref, "cancel")
        await self.agrees()


READY = {
    "web": '"web_ready"',
    "worker.1": '"worker_ready"',
    "worker.2": '"worker_ready"',
    "redis": REDIS_READY,
}


RELEASE = "holdfast migrate && holdfast apply --yes"


async def release(folder: Path, **environ: str) -> Finished:
    """What README.md says is run before the processes of a release, by a shell."""
    return await finished(folder, "/bin/sh", "-c", RELEASE, **environ)


@asynccontextmanager
async def simulators(folder: Path, web_url: str) -> AsyncIterator[dict[str, Program]]:
    """Both providers as processes."""
    programs = {name: simulator(folder, name, web_url) for name in sorted(traits())}
    async with started(*programs.values()):
        yield programs


@asynccontextmanager
async def stage(
    folder: Path, database_url: str, web_port: int, urls: Mapping[str, str], **more: str
) -> AsyncIterator[Stage]:
    """Redis, release, one web, two workers, against these providers, configured by file and environment alone.

    `more` is environment as well.
    """
    port = free_port()
    settings = {
        **SECRETS,
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": f"redis://{HERE}:{port}/0",
        "HOLDFAST_PORT": str(web_port),
        **more,
    }
    write_configuration(folder, urls)
    done = await release(folder, **settings)
    assert done.code == 0, done.err
    programs = {"redis": redis_server(folder, port)}
    programs |= {name: _from_procfile(folder, name, settings) for name in READY if name != "redis"}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(started(*programs.values()))
        await asyncio.gather(*(programs[name].says(READY[name]) for name in programs))
        sides = {n: await stack.enter_async_context(met(n, url)) for n, url in urls.items()}
        for name, side in sides.items():
            await side.ask("PUT", "/switches", dict(traits()[name].switches))
        pool = await stack.enter_async_context(
            asyncpg.create_pool(database_url, min_size=1, max_size=2, init=see)
        )
        built = Stage(
            folder=folder,
            sides=sides,
            programs=programs,
            pool=pool,
            web_url=f"http://{HERE}:{web_port}",
            settings=settings,
        )
        await until(lambda: _read_once(pool), "everything was read once")
        yield built


def _from_procfile(folder: Path, name: str, settings: Mapping[str, str]) -> Program:
    command = shlex.split(procfile()[name.partition(".")[0]])
    return Program(name=name, command=command, folder=folder, environ=environment(**settings))


async def _read_once(pool: asyncpg.Pool) -> bool:
    unread = "select count(*) from cursors where last_complete_at is null and task <> 'audit'"
    return bool(await pool.fetchval(unread) == 0)


def tell(what: str) -> None:
    """A measurement, for `pytest -rP`; nothing is asserted of it."""
    sys.stdout.write(f"{what}\n")


def seeded(*what: str) -> Random:
    """By the seed of the test run, which pytest prints, and differently for each purpose."""
    return Random(f"{random.getrandbits(32)} {what}")
