"""`holdfast soak`: everything as real processes under a seed's faults, then quiet, then the checkers."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp
import asyncpg
import click

from holdfast.complaints import Unusable
from holdfast.progress import passing
from holdfast.soak.bounds import broken as beyond
from holdfast.soak.bounds import cost_bounds, shares, time_bounds
from holdfast.soak.checkers import violations
from holdfast.soak.clerk import Clerk, remembered
from holdfast.soak.crowd import Act, Crowd
from holdfast.soak.evidence import Evidence, Violation
from holdfast.soak.faults import LONG_FROM, planned
from holdfast.soak.gather import (
    Watch,
    counted,
    exposed,
    stories,
    witness,
)
from holdfast.soak.lost import less_known, wrongs_then
from holdfast.soak.on_call import OnCall
from holdfast.soak.pages import read
from holdfast.soak.pages import wrongs as wrong_pages
from holdfast.soak.reader import Reader, troubles
from holdfast.soak.report import Summary, concerned, story
from holdfast.soak.rest import LATE_SECONDS, Scene, at_rest
from holdfast.soak.rig import WEBS, Rig, rigged
from holdfast.soak.sales import sold_twice, unmeasured
from holdfast.soak.staff import Staff
from holdfast.soak.strikes import Strikes
from holdfast.soak.strikes_servers import prepare
from holdfast.soak.weigh import table_bytes, weighed

STAFF_PAUSE, CLERK_PAUSE = 1.0, 6.0
"""Seconds between two acts of people at the venue, on average; each command is a process of its own."""

BESIDE_TESTS = 2.0
"""A short soak runs among other tests, which slow it down: its limits of time are so much wider."""

CHOICE = 3
"""Offers of a place that guests want: so few that they race for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`gap` 0: without faults. Seconds between two faults and between two guests, on average."""

    seed: int
    seconds: float
    gap: float = 2.0
    pause: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who acts in a soak, and who only looks."""

    crowd: Crowd
    staff: Staff
    clerk: Clerk
    watch: Watch
    reader: Reader
    strikes: Strikes
    laden: int
    """Bytes that tables took before."""

    @property
    def acts(self) -> list[Act]:
        return [*self.crowd.acts, *self.at_the_venue]

    @property
    def at_the_venue(self) -> list[Act]:
        return [*self.staff.acts, *self.clerk.acts]

    @property
    def moved(self) -> Collection[str]:
        """Guests who were told to move, or tried to, under both references."""
        moves = [act for act in self.crowd.acts if act.what == "move"]
        carried = self.strikes.lies.moved
        return carried.union(ref for act in moves for ref in (act.ref, act.outcome.split(" ")[0]))


async def soak(wish: Wish) -> None:
    """Print what happened. Raises Unusable when anything was violated, or when it was told to stop."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-soak-"))
    work = asyncio.create_task(run(wish, folder))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        summary, told = await work
    except asyncio.CancelledError:
        raise Unusable(f"stopped before its end, logs in {folder}") from None
    click.echo("\n".join([*summary.lines(), *told]))
    if summary.violations:
        raise Unusable(f"seed {wish.seed}: {len(summary.violations)} violations, logs in {folder}")
    shutil.rmtree(folder, ignore_errors=True)


async def run(wish: Wish, folder: Path) -> tuple[Summary, list[str]]:
    """The figures, and the histories of the bookings that a violation names."""
    async with rigged(folder, wish.seed) as rig:
        random = Random(f"guests {wish.seed}")  # noqa: S311 - reproducible, not secret
        crowd = Crowd(sides=rig.sides, random=random, choice=CHOICE)
        watch, strikes = Watch(url=rig.postgres.url, age=lambda: rig.postgres.age), Strikes(rig=rig)
        await strikes.set_clocks()
        await prepare(rig)
        async with _beside(rig.keep()), _employed(rig, wish.seed) as (staff, reader):
            cast = Cast(
                crowd=crowd,
                staff=staff,
                clerk=_clerk(rig, wish.seed),
                watch=watch,
                reader=reader,
                strikes=strikes,
                laden=await table_bytes(rig.postgres.url),
            )
            async with _beside(OnCall(clerk=cast.clerk, sides=rig.sides).keep()):
                async with _beside(watch.keep()):
                    await _under_fire(wish, cast)
                    await crowd.decide_all()
                return await _judged(wish, rig, cast)


@asynccontextmanager
async def _employed(rig: Rig, seed: int) -> AsyncIterator[tuple[Staff, Reader]]:
    random = Random(f"staff {seed}")  # noqa: S311 - reproducible, not secret
    async with aiohttp.ClientSession() as session:
        sides = list(rig.sides.values())
        webs = dict(zip(WEBS, rig.webs, strict=True))
        staff = Staff(urls=rig.webs, sides=sides, session=session, random=random)
        yield staff, Reader(webs=webs, session=session)


def _clerk(rig: Rig, seed: int) -> Clerk:
    random = Random(f"clerk {seed}")  # noqa: S311 - reproducible, not secret
    return Clerk(
        folder=rig.folder, url=rig.postgres.url, settings=lambda: rig.settings, random=random
    )


async def _under_fire(wish: Wish, cast: Cast) -> None:
    faults = planned(wish.seed, wish.seconds, wish.gap) if wish.gap else []
    async with passing(wish.seconds, "Guests and faults"):
        await asyncio.gather(
            cast.crowd.live(wish.pause, wish.seconds),
            cast.staff.live(STAFF_PAUSE, wish.seconds),
            cast.clerk.live(CLERK_PAUSE, wish.seconds),
            cast.reader.live(wish.seconds),
            cast.strikes.all(faults),
        )


@asynccontextmanager
async def _beside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run it beside the block; if it failed, the block fails at its end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _judged(wish: Wish, rig: Rig, cast: Cast) -> tuple[Summary, list[str]]:
    connection = await witness(rig.postgres.url)
    scene = Scene(
        connection=connection,
        sides=rig.sides,
        looks=cast.watch.looks,
        ended_alone=lambda: rig.ended_alone,
        lost=cast.strikes.past.lost,
    )
    try:
        convergence, found = await at_rest(scene)
        summary = await _summed_up(wish, rig, cast, connection, (convergence, found))
        broken = summary.violations
        told = await _told(connection, cast.acts, found, [*broken, *summary.longest()])
        return summary, told + _faults(cast.strikes, broken)
    finally:
        await connection.close()


async def _summed_up(
    wish: Wish,
    rig: Rig,
    cast: Cast,
    connection: asyncpg.Connection,
    end: tuple[float | None, Evidence],
) -> Summary:
    (convergence, found), strikes = end, cast.strikes
    exposures = [*await exposed(connection, strikes.clocks)]
    for lost in strikes.past.lost:
        exposures += (await less_known(connection, lost)).exposures.values()
    parts = [shares(one, strikes.stood) for one in exposures]
    costs = await weighed(connection, rig, cast.laden)
    patience = 1.0 if wish.seconds >= LONG_FROM else BESIDE_TESTS
    bounds = [*time_bounds(convergence, parts, patience), *cost_bounds(costs)]
    sales = list(sold_twice(found.sides, strikes.clocks, cast.moved))
    return Summary(
        seed=wish.seed,
        seconds=wish.seconds,
        acts=cast.crowd.acts,
        staff=cast.at_the_venue,
        struck=strikes.struck,
        stood=strikes.stood,
        spoilt={name: link.spoilt for name, link in rig.links.items()},
        counts=await counted(connection),
        exposures=exposures,
        shares=parts,
        sales=sales,
        unmeasured=unmeasured(sales, exposures),
        pages=read(cast.reader.visits),
        convergence=convergence,
        bounds=bounds,
        violations=[
            *violations(found),
            *_restless(convergence),
            *beyond(bounds),
            *await _met(cast, connection, found),
        ],
    )


async def _met(cast: Cast, connection: asyncpg.Connection, found: Evidence) -> list[Violation]:
    """Violations that those met who acted and read, and those of a history that the store has lost."""
    strikes, lost = cast.strikes, cast.strikes.past.lost
    known = await troubles(connection, strikes.pauses)
    return [
        *(one for part in lost for one in wrongs_then(found, part)),
        *strikes.office.wrongs,
        *cast.clerk.wrongs,
        *await remembered(connection, cast.clerk.forgotten, lost),
        *wrong_pages(cast.reader.visits, strikes.stood, known),
    ]


def _restless(convergence: float | None) -> list[Violation]:
    """That all was right in the end is no excuse for having been wrong until then."""
    if convergence is not None:
        return []
    return [Violation(checker="rest", what=f"no rest within {LATE_SECONDS:.0f} s")]


async def _told(
    connection: asyncpg.Connection,
    acts: Sequence[Act],
    found: Evidence,
    broken: Sequence[Violation],
) -> list[str]:
    refs = [booking.ref for booking in found.store.bookings]
    refs += [made.ref for side in found.sides.values() for made in side.made]
    lines: list[str] = []
    for ref in concerned(broken, refs):
        lines += story(ref, acts, await stories(connection, ref))
    return lines


def _faults(strikes: Strikes, broken: Sequence[Violation]) -> list[str]:
    """Only a soak that found something lists them."""
    return ["Faults, in order", *(f"  {line}" for line in strikes.log)] if broken else []
