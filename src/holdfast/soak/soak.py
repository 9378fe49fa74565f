"""`holdfast soak`: everything as real processes under a seed's faults, then quiet, then the checkers."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg
import click

from holdfast.complaints import Unusable
from holdfast.processes import in_background
from holdfast.soak.books import wrongs
from holdfast.soak.checkers import violations
from holdfast.soak.crowd import Crowd
from holdfast.soak.evidence import Evidence, Violation
from holdfast.soak.faults import LONG_FROM, planned
from holdfast.soak.gather import Watch, counted, evidence, exposed, stored, stories, waiting
from holdfast.soak.report import Summary, concerned, story
from holdfast.soak.rig import Rig, rigged
from holdfast.soak.strikes import Strikes

CHOICE = 6
"""Offers of a day that guests want at each provider: so few that they race for them."""

LATE_SECONDS, VERY_LATE_SECONDS = 120.0, 330.0
"""In a long soak: a call that was refused for a bad key may wait for five minutes."""

LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`gap` 0: without faults. Seconds between two faults and between two guests, on average."""

    seed: int
    seconds: float
    gap: float = 2.0
    pause: float = 0.3


async def soak(wish: Wish) -> None:
    """Print what happened. Raises Unusable when anything was violated."""
    folder = Path(tempfile.mkdtemp(prefix="holdfast-soak-"))
    summary, told = await run(wish, folder)
    click.echo("\n".join([*summary.lines(), *told]))
    if summary.violations:
        raise Unusable(f"seed {wish.seed}: {len(summary.violations)} violations, logs in {folder}")
    shutil.rmtree(folder, ignore_errors=True)


async def run(wish: Wish, folder: Path) -> tuple[Summary, list[str]]:
    """The figures, and the histories of the bookings that a violation names."""
    async with rigged(folder, wish.seed) as rig:
        random = Random(f"guests {wish.seed}")  # noqa: S311 - reproducible, not secret
        crowd = Crowd(sides=rig.sides, random=random, choice=CHOICE)
        watch, strikes = Watch(url=rig.postgres.url), Strikes(rig=rig)
        await strikes.set_clocks()
        async with in_background(rig.keep(), "keeper"):
            async with in_background(watch.keep(), "watch"):
                await _under_fire(wish, crowd, strikes)
                await crowd.decide_all()
            return await _judged(wish, rig, (crowd, watch, strikes))


async def _under_fire(wish: Wish, crowd: Crowd, strikes: Strikes) -> None:
    faults = planned(wish.seed, wish.seconds, wish.gap) if wish.gap else []
    async with in_background(crowd.live(wish.pause), "guests"):
        await asyncio.gather(asyncio.sleep(wish.seconds), strikes.all(faults))


async def _judged(
    wish: Wish, rig: Rig, who: tuple[Crowd, Watch, Strikes]
) -> tuple[Summary, list[str]]:
    crowd, watch, strikes = who
    connection = await asyncpg.connect(rig.postgres.url)
    try:
        late = LATE_SECONDS if wish.seconds < LONG_FROM else VERY_LATE_SECONDS
        convergence = await _converged(rig, connection, late)
        found = await evidence(connection, rig.sides, watch.looks, rig.ended_alone)
        broken = violations(found)
        summary = Summary(
            seed=wish.seed,
            seconds=wish.seconds,
            acts=crowd.acts,
            struck=strikes.struck,
            spoilt={name: link.spoilt for name, link in rig.links.items()},
            counts=await counted(connection),
            exposures=await exposed(connection, strikes.clocks),
            convergence=convergence,
            violations=broken,
        )
        return summary, await _told(connection, crowd, found, broken) + _faults(strikes, broken)
    finally:
        await connection.close()


async def _converged(rig: Rig, connection: asyncpg.Connection, late: float) -> float | None:
    """Seconds until the end state was there and nothing waited any more; None: it never was."""
    began = time.monotonic()
    while (now := time.monotonic()) < began + late:
        books = {name: await side.books() for name, side in rig.sides.items()}
        if not (wrongs(books, await stored(connection)) or await waiting(connection)):
            return now - began
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def _told(
    connection: asyncpg.Connection, crowd: Crowd, found: Evidence, broken: Sequence[Violation]
) -> list[str]:
    refs = [booking.ref for booking in found.store.bookings]
    refs += [made.ref for side in found.sides.values() for made in side.made]
    lines: list[str] = []
    for ref in concerned(broken, refs):
        lines += story(ref, crowd.acts, await stories(connection, ref))
    return lines


def _faults(strikes: Strikes, broken: Sequence[Violation]) -> list[str]:
    """Only a soak that found something lists them."""
    return ["Faults, in order", *(f"  {line}" for line in strikes.log)] if broken else []
