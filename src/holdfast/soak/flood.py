"""`holdfast flood`: webhooks at ten times what the workers can do, then quiet, then the checkers."""

import asyncio
import resource
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random

import asyncpg
import click

from holdfast.clock import SystemClock
from holdfast.complaints import Unusable
from holdfast.progress import passing
from holdfast.soak import checkers, flood_report
from holdfast.soak.crowd import Crowd
from holdfast.soak.evidence import Violation
from holdfast.soak.flood_report import Figures, Waited
from holdfast.soak.gather import counted, witness
from holdfast.soak.ground import Ground, prepared
from holdfast.soak.post import Post, post_office
from holdfast.soak.program import Program, until
from holdfast.soak.rest import LATE_SECONDS, Scene, at_rest
from holdfast.soak.side import Refused, Side
from holdfast.store.queries import load

_SQL = load("gather", "holdfast.soak")
TIMES = 10
LEAST_RATE = 200.0
"""Webhooks a second, however slow the workers are on this machine."""

PAUSE = 1.0
"""Seconds between two guests during the flood, on average."""

LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`stock`: how many bookings there are before the flood, at most."""

    seed: int
    seconds: float
    stock: int = 100


@dataclass(kw_only=True)
class Weights:
    """Resident memory of each process, once a second."""

    programs: Mapping[str, Program]
    sizes: dict[str, list[int]] = field(default_factory=dict)

    async def keep(self) -> None:
        """For ever."""
        while True:
            for name, program in self.programs.items():
                self.sizes.setdefault(name, []).append(resident(program.pid))
            await asyncio.sleep(1.0)


def resident(pid: int) -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize()


async def flood(wish: Wish) -> None:
    """Print what happened. Raises Unusable when anything was violated."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-flood-"))
    lines, broken = await run(wish, folder)
    click.echo("\n".join(lines))
    if broken:
        raise Unusable(f"seed {wish.seed}: {len(broken)} violations, logs in {folder}")
    shutil.rmtree(folder, ignore_errors=True)


async def run(wish: Wish, folder: Path) -> tuple[list[str], list[Violation]]:
    """What to print, and what was violated."""
    async with post_office(wish.seed) as (post, address), prepared(folder, address) as ground:
        post.webs = ground.webs
        connection = await witness(ground.postgres.url)
        try:
            random = Random(f"guests {wish.seed}")  # noqa: S311 - reproducible, not secret
            crowd = Crowd(sides=ground.sides, random=random)
            await _stocked(wish, ground.sides, post, random)
            capacity = await _capacity(post, connection)
            figures = await _flooded(wish, (ground, post, crowd), connection, capacity)
            return await _judged(figures, ground, post, connection)
        finally:
            await connection.close()


async def _stocked(wish: Wish, sides: Mapping[str, Side], post: Post, random: Random) -> None:
    """Guests have booked near and far, on either channel on days of its own; that is told, and known to us."""
    for number, side in enumerate(sides.values()):
        every = await side.ask("GET", "/offers?days=7")
        days = sorted({offer["start"][:10] for offer in every})[number :: len(sides)]
        offers = [offer for offer in every if offer["start"][:10] in days]
        for offer in random.sample(offers, min(len(offers), wish.stock)):
            try:
                await side.book(offer)
            except Refused:
                continue  # it overlaps one that was booked just now
    await _told_all(post)


async def _told_all(post: Post) -> None:
    """The providers' couriers need a moment."""
    while True:
        await asyncio.sleep(2 * LOOK_SECONDS)
        if not post.unsent:
            return
        await post.catch_up()


async def _capacity(post: Post, connection: asyncpg.Connection) -> float:
    """Bookings a second that the workers read and decide on when each is told of once."""
    await until(lambda: _idle(connection), "the stock was taken in", LATE_SECONDS, LOOK_SECONDS)
    await _told_all(post)
    letters = {letter.digest: letter for letter in post.letters}
    began = time.monotonic()
    await post.send_each(list(letters.values()))
    bookings = len(await connection.fetch(_SQL["refs"]))
    await until(lambda: _read_all(connection), "each was read again", LATE_SECONDS, 0.05)
    return bookings / (time.monotonic() - began)


async def _busy(connection: asyncpg.Connection) -> list[str]:
    """What could be done just now."""
    rows = await connection.fetch(_SQL["busy"])
    return [f"{row['what']}: {row['n']} wait" for row in rows if row["n"]]


async def _read_all(connection: asyncpg.Connection) -> bool:
    return not any(what.startswith("inbox") for what in await _busy(connection))


async def _idle(connection: asyncpg.Connection) -> bool:
    return not await _busy(connection)


async def _flooded(
    wish: Wish,
    who: tuple[Ground, Post, Crowd],
    connection: asyncpg.Connection,
    capacity: float,
) -> Figures:
    ground, post, crowd = who
    rate = max(LEAST_RATE, TIMES * capacity)
    weights = Weights(programs=ground.ours)
    post.sent.clear()
    watching = asyncio.create_task(weights.keep())
    try:
        guests = asyncio.create_task(crowd.live(PAUSE, wish.seconds))
        async with passing(wish.seconds, "Webhooks"):
            await post.flood(rate, wish.seconds)
        ended_at, waited = SystemClock().now(), await connection.fetch(_SQL["backlog"])
        sent = list(post.sent)
        drained = await _drained(post, connection, (crowd, guests))
    finally:
        watching.cancel()
    return Figures(
        seed=wish.seed,
        seconds=wish.seconds,
        capacity=capacity,
        rate=rate,
        sent=sent,
        ended_at=ended_at,
        backlog=await _waited(connection, waited),
        rows_waiting=sum(row["told"] for row in waited),
        drained=drained,
        sizes=weights.sizes,
    )


async def _drained(
    post: Post,
    connection: asyncpg.Connection,
    guests: tuple[Crowd, "asyncio.Task[None]"],
) -> float | None:
    """Seconds until the inbox was empty; None: it never was."""
    began = time.monotonic()
    crowd, living = guests
    await living
    while not await _read_all(connection):
        if time.monotonic() - began > LATE_SECONDS:
            return None
        await asyncio.sleep(LOOK_SECONDS)
    drained = time.monotonic() - began
    await crowd.decide_all()
    await _told_all(post)
    return drained


async def _waited(connection: asyncpg.Connection, rows: Sequence[asyncpg.Record]) -> list[Waited]:
    """Those that nobody had in hand when the flood ended, with what became of them."""
    free = [row for row in rows if not row["in_hand"]]
    found = await connection.fetch(_SQL["drained"], [row["last_id"] for row in free])
    ends: dict[int, tuple[datetime | None, bool]] = {
        row["id"]: (row["done_at"], row["attempts"] > 1) for row in found
    }
    return [
        Waited(
            account_id=row["account_id"],
            ref=row["ref"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            told=row["told"],
            done_at=ends[row["last_id"]][0],
            put_off=ends[row["last_id"]][1],
        )
        for row in free
    ]


async def _judged(
    figures: Figures, ground: Ground, post: Post, connection: asyncpg.Connection
) -> tuple[list[str], list[Violation]]:
    """The providers' webhooks went to the post: what we accepted is in its own book."""
    scene = Scene(
        connection=connection,
        sides=ground.sides,
        looks=[],
        ended_alone=lambda: _ended(ground.ours),
    )
    relaying = asyncio.create_task(_relay(post))
    try:
        rested, found = await at_rest(scene)
    finally:
        relaying.cancel()
    accepted = post.accepted
    sides = {n: replace(side, accepted=accepted.get(n, {})) for n, side in found.sides.items()}
    figures = replace(figures, at_rest=rested)
    broken = [
        *checkers.violations(replace(found, sides=sides)),
        *flood_report.violations(figures),
    ]
    return flood_report.lines(figures, await counted(connection), broken), broken


def _ended(ours: Mapping[str, Program]) -> list[str]:
    return [f"{name}: {p.said()[-300:]}" for name, p in ours.items() if p.ended]


async def _relay(post: Post) -> None:
    """What is still told of bookings while it gets quiet, for ever."""
    while True:
        await post.catch_up()
        await asyncio.sleep(LOOK_SECONDS)
