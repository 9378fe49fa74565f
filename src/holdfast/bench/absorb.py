"""absorb: a backlog of news worked off by one worker process, against its own SQL issued by hand."""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from holdfast.bench.crew import NO_REDIS
from holdfast.bench.crowd import CHANNEL, address, decided, news_of, provider
from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.hall import Size, another, built, parts_on
from holdfast.bench.tape import RecordedPool, Tape
from holdfast.embedded import embedded_postgres
from holdfast.soak.house import SECRETS
from holdfast.soak.program import holdfast, started
from holdfast.store.queries import load
from holdfast.sync.absorb import BATCH, absorb

_SQL = load("hall", "holdfast.bench")

BACKLOG, HALLS, ROOMS = 20_000, 20, 5
DAYS = 15
TIMED, TIMED_WHOLE = 480, BACKLOG - 1_000
"""Bookings of the backlog by which the rate is measured; all but a rest with `--whole`."""

WARM = 160
"""Bookings before the clock starts: a worker just started has plans and code to load."""

LOOK_SECONDS = 0.05
FLOOR = "its SQL by hand, one pool"
KEPT, LOGGED, ASKED = "stored for a booking", "write-ahead log of a booking", "SQL for a booking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where everything is: `base` is the database that each run begins with a copy of."""

    folder: Path
    server: str
    base: str
    account: int
    timed: int
    rates: dict[str, list[float]] = field(default_factory=lambda: {"ours": [], "floor": []})
    kept: list[float] = field(default_factory=list)
    """Bytes in tables and indexes for each booking, and"""
    logged: list[float] = field(default_factory=list)
    """in the write-ahead log."""


async def measure(ground: Ground) -> Sequence[Figure]:
    """Bookings a second, from the inbox to the commit, read from the provider one by one."""
    timed = TIMED_WHOLE if ground.whole else TIMED
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(embedded_postgres(ground.folder))
        there = provider(ground.folder, BACKLOG, HALLS * ROOMS)
        await stack.enter_async_context(started(there))
        place = await _base(ground.folder, server, await address(there), timed)
        tape = await _recorded(place)
        for turn in ground.turns():
            place.rates["ours"].append(await _ours(place, f"ours_{turn}"))
            place.rates["floor"].append(await _by_hand(place, tape, f"floor_{turn}"))
    return [
        Figure(
            bench="absorb",
            what=f"bookings, {timed:,} of a backlog of {BACKLOG:,}",
            unit="1/s",
            ours=Series(name="one worker", runs=place.rates["ours"]),
            others=[Series(name=FLOOR, runs=place.rates["floor"])],
            demands=[Demand(against=FLOOR, at_least=0.5)],
        ),
        _statement(KEPT, "B", place.kept),
        _statement(LOGGED, "B", place.logged),
        _statement(ASKED, "", [sum(len(one.steps) for one in tape.sessions) / timed]),
    ]


def _statement(what: str, unit: str, runs: Sequence[float]) -> Figure:
    return Figure(bench="absorb", what=what, unit=unit, ours=Series(name="holdfast", runs=runs))


async def _base(folder: Path, server: str, url: str, timed: int) -> Place:
    base = await another(server, "base")
    await built(base, Size(halls=HALLS, rooms=ROOMS, days=DAYS), {CHANNEL: url})
    account = await news_of(base, BACKLOG, HALLS * ROOMS)
    return Place(folder=folder, server=server, base=base, account=account, timed=timed)


async def _recorded(place: Place) -> Tape:
    """What a worker asks of the database for the same bookings, in its own order."""
    tape = Tape()
    async with parts_on(await another(place.server, "recorded", "base")) as parts:
        parts.pool = RecordedPool(parts.pool, tape)
        for _ in range(0, place.timed, BATCH):
            await absorb(parts, parts.accounts[place.account])
    return tape


async def _by_hand(place: Place, tape: Tape, name: str) -> float:
    url = await another(place.server, name, "base")
    async with asyncpg.create_pool(url, min_size=12, max_size=12) as pool:
        kept, logged = await pool.fetchrow(_SQL["written"])
        began = time.perf_counter()
        await tape.played(pool)
        seconds = time.perf_counter() - began
        done: int = await pool.fetchval(_SQL["decided"])
        now_kept, now_logged = await pool.fetchrow(_SQL["written"])
    place.kept.append((now_kept - kept) / done)
    place.logged.append((now_logged - logged) / done)
    return done / seconds


async def _ours(place: Place, name: str) -> float:
    url = await another(place.server, name, "base")
    settings = {**SECRETS, "HOLDFAST_DATABASE_URL": url}
    settings["HOLDFAST_REDIS_URL"] = NO_REDIS
    worker = holdfast(place.folder, "worker", name=name, **settings)
    connection = await asyncpg.connect(url)
    try:
        async with started(worker):
            first, began = await decided(connection, WARM, LOOK_SECONDS)
            last, ended = await decided(connection, first + place.timed, LOOK_SECONDS)
    finally:
        await connection.close()
    return (last - first) / (ended - began)
