"""The whole of it as an operator would run it: Procfile, holdfast.toml, environment, servers, two providers."""

import asyncio
import json
import random
import re
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import asyncpg
from tests.acceptance.books import Books, Store, Stored, read_books, wrongs
from tests.acceptance.program import (
    HERE,
    PATIENCE,
    REDIS_READY,
    Finished,
    Program,
    environment,
    finished,
    free_port,
    holdfast,
    redis_server,
    started,
    until,
)

from holdfast.example import EXAMPLE_SECRETS, WEBHOOK_SECRETS, example_configuration
from holdfast.store.ranges import to_span

ROOT = Path(__file__).parents[2]
UNITS = ("salon", "chefs-table", "board-room")
SECRETS = {**EXAMPLE_SECRETS, **{name: f"test-{name}" for name in WEBHOOK_SECRETS.values()}}

BRISK = """mode = "live"
reads_per_minute = 100000
writes_per_minute = 100000
poll_seconds = 2
offers_seconds = 10
horizon_days = 2
"""
MOZREST_HOLD_SECONDS = 10
"""A hold of ours there cannot be given back: in earnest what is left of it stands for up to seven minutes."""

SWITCHES = {
    "boseat": {"reads_per_minute": "100000", "writes_per_minute": "100000"},
    "mozrest": {"holding_time": str(MOZREST_HOLD_SECONDS)},
}


class Refused(Exception):
    """The provider says no to a guest: somebody else was faster."""


@dataclass(kw_only=True)
class Side:
    """A simulator as its guests and its provider see it. `units` names our unit for each place."""

    name: str
    url: str
    session: aiohttp.ClientSession
    units: Mapping[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call to the control side."""
        async with self.session.request(method, f"{self.url}/control{path}", json=body) as answer:
            text = await answer.text()
            if answer.status == 409:
                raise Refused(text)
            assert answer.status == 200, f"{path}: {answer.status} {text}"
            return json.loads(text)

    async def book(self, offer: Mapping[str, str], *, confirm: bool = True) -> str:
        """A guest books an offer; the reference is the provider's."""
        wish = {**offer, "party": 2, "confirm": confirm}
        return str((await self.ask("POST", "/guest/book", wish))["ref"])

    async def act(self, ref: str, what: str, body: object = None) -> str:
        """A guest confirms, cancels or moves; gives the reference it has from now on."""
        return str((await self.ask("POST", f"/guest/{ref}/{what}", body))["ref"])

    async def offers(self, unit: str | None = None) -> list[dict[str, str]]:
        """What a guest could book on the last day that is read, in order."""
        every: list[dict[str, str]] = await self.ask("GET", "/offers?days=2")
        last = max(offer["start"][:10] for offer in every)
        wanted = [o for o in every if unit in (None, self.units.get(o["place"]))]
        return sorted((o for o in wanted if o["start"][:10] == last), key=lambda o: o["start"])

    async def books(self) -> Books:
        """The provider's own."""
        return read_books(await self.ask("GET", "/truth"), self.units)

    async def manner(self, **manner: object) -> None:
        """How its webhooks travel from now on."""
        await self.ask("PUT", "/webhooks", manner)


@asynccontextmanager
async def met(name: str, url: str) -> AsyncIterator[Side]:
    """A running simulator, calm, with the places it has."""
    async with aiohttp.ClientSession() as session:
        side = Side(name=name, url=url, session=session)
        places = await side.ask("GET", "/places")
        known = {place["place"]: _unit(place["name"]) for place in places}
        side.units = {place: unit for place, unit in known.items() if unit is not None}
        yield side


def _unit(name: str) -> str | None:
    """Our unit of a room; providers spell it each in their own way. None: it is in another house."""
    letters = re.sub("[^a-z]", "", name.lower())
    return next((unit for unit in UNITS if unit.replace("-", "") == letters), None)


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
        return wrongs(await self.both(), await self._store())

    async def _store(self) -> Store:
        rows = await self.pool.fetch(
            "select id, channel, external_id, status, during from bookings"
        )
        clashes = await self.pool.fetch(
            "select booking_id, against_ids from conflicts where closed_at is null"
        )
        return Store(
            bookings=[
                Stored(
                    id=r["id"],
                    channel=r["channel"],
                    ref=r["external_id"],
                    status=r["status"],
                    span=to_span(r["during"]) if r["during"] else None,
                )
                for r in rows
            ],
            in_conflict=frozenset(
                number for c in clashes for number in (c["booking_id"], *c["against_ids"])
            ),
            dead_pushes=await self.pool.fetchval(
                "select count(*) from pushes where state = 'dead'"
            ),
        )

    async def unrest(self) -> list[str]:
        """What the store still waits for; nothing: then what is right stays right."""
        rows = await self.pool.fetch(
            "select 'inbox' as what, count(*) as n from inbox where done_at is null"
            " union all select 'pushes', count(*) from pushes"
            " where state in ('waiting', 'in_flight', 'unknown')"
            " union all select 'probes', count(*) from probes"
        )
        return [f"{row['what']}: {row['n']} wait" for row in rows if row["n"]]

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


async def release(folder: Path, **environ: str) -> Finished:
    """The Procfile's `release`, by a shell as its readers have it run."""
    return await finished(folder, "/bin/sh", "-c", procfile()["release"], **environ)


def simulator(folder: Path, name: str, web_url: str) -> Program:
    """One provider, alone; its port is found in what it says."""
    secret = SECRETS[WEBHOOK_SECRETS[name]]
    where = ("--port", "0", "--webhooks-to", f"{web_url}/hooks/{name}-main")
    return holdfast(folder, "simulate", name, *where, name=name, HOLDFAST_SIMULATOR_SECRET=secret)


async def address(program: Program) -> str:
    """Where a simulator answers, by its own word."""
    return (await program.says(r"simulator at (http://\S+)"))[1]


def write_configuration(folder: Path, urls: Mapping[str, str]) -> None:
    """The example's, with short intervals and budgets that nothing waits for."""
    ours = (
        "reads_per_minute|writes_per_minute|poll_seconds|offers_seconds|audit_seconds|horizon_days"
    )
    text = re.sub(rf"(?m)^({ours}) = .*\n", "", example_configuration(urls))
    (folder / "holdfast.toml").write_text(re.sub(r'mode = "live".*\n', BRISK, text))


@asynccontextmanager
async def simulators(folder: Path, web_url: str) -> AsyncIterator[dict[str, Program]]:
    """Both providers as processes."""
    programs = {name: simulator(folder, name, web_url) for name in sorted(SWITCHES)}
    async with started(*programs.values()):
        yield programs


@asynccontextmanager
async def stage(
    folder: Path, database_url: str, web_port: int, urls: Mapping[str, str]
) -> AsyncIterator[Stage]:
    """Redis, release, one web, two workers, against these providers, configured by file and environment alone."""
    port = free_port()
    settings = {
        **SECRETS,
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": f"redis://{HERE}:{port}/0",
        "HOLDFAST_PORT": str(web_port),
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
            await side.ask("PUT", "/switches", SWITCHES[name])
        pool = await stack.enter_async_context(
            asyncpg.create_pool(database_url, min_size=1, max_size=2)
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


def seeded(*what: str) -> Random:
    """By the seed of the test run, which pytest prints, and differently for each purpose."""
    return Random(f"{random.getrandbits(32)} {what}")


@dataclass(kw_only=True)
class Crowd:
    """Guests on both sides who book, hold, confirm, move and cancel, by a seed."""

    stage: Stage
    random: Random
    refs: list[tuple[Side, str]] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    async def act(self) -> None:
        """One of them does one thing; a refusal is part of life."""
        dice = self.random.random()
        try:
            if self.held and dice < 0.3:
                await self._decide()
            elif self.refs and dice < 0.45:
                side, ref = self.refs.pop(self.random.randrange(len(self.refs)))
                await side.act(ref, "cancel")
            elif self.refs and dice < 0.6:
                await self._move()
            else:
                await self._book()
        except Refused:
            return

    async def _book(self) -> None:
        side = self.random.choice(list(self.stage.sides.values()))
        offer = self.random.choice(await side.offers())
        # a guest's hold at Mozrest shows nowhere until it is confirmed
        confirm = side.name == "mozrest" or self.random.random() < 0.5
        ref = await side.book(offer, confirm=confirm)
        if confirm:
            self.refs.append((side, ref))
        else:
            self.held.append(ref)

    async def _decide(self) -> None:
        """A hold becomes a booking, or its guest walks away."""
        ref = self.held.pop(0)
        if self.random.random() < 0.7:
            self.refs.append((self.stage.boseat, await self.stage.boseat.act(ref, "confirm")))
        else:
            await self.stage.boseat.act(ref, "cancel")

    async def _move(self) -> None:
        number = self.random.randrange(len(self.refs))
        side, ref = self.refs[number]
        unit = next(u for u, es in (await side.books()).taken.items() if ref in {e.ref for e in es})
        to = self.random.choice(await side.offers(unit))
        moved = await side.act(ref, "move", {"start": to["start"], "end": to["end"]})
        self.refs[number] = (side, moved)

    async def crowd_in(self, acts: int) -> None:
        """So many acts, and no hold is left: the end state does not depend on the time."""
        for _ in range(acts):
            await self.act()
        await self.decide_all()

    async def decide_all(self) -> None:
        """No hold is left: the end state does not depend on the time."""
        while self.held:
            await self._decide()
