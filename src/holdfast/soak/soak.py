"""`holdfast soak`: everything as real processes under a seed's faults, then quiet, then the checkers."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg
import click

from holdfast.complaints import Unusable
from holdfast.progress import passing
from holdfast.soak.checkers import violations
from holdfast.soak.crowd import Crowd
from holdfast.soak.evidence import Evidence, Violation
from holdfast.soak.faults import planned
from holdfast.soak.gather import (
    Watch,
    counted,
    exposed,
    stories,
    witness,
)
from holdfast.soak.report import Summary, concerned, story
from holdfast.soak.rest import LATE_SECONDS, Scene, at_rest
from holdfast.soak.rig import Rig, rigged
from holdfast.soak.strikes import Strikes

CHOICE = 3
"""Offers of a place that guests want: so few that they race for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """`gap` 0: without faults. Seconds between two faults and between two guests, on average."""

    seed: int
    seconds: float
    gap: float = 2.0
    pause: float = 0.3


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
        watch, strikes = Watch(url=rig.postgres.url), Strikes(rig=rig)
        await strikes.set_clocks()
        async with _beside(rig.keep()):
            async with _beside(watch.keep()):
                await _under_fire(wish, crowd, strikes)
                await crowd.decide_all()
            return await _judged(wish, rig, (crowd, watch, strikes))


async def _under_fire(wish: Wish, crowd: Crowd, strikes: Strikes) -> None:
    faults = planned(wish.seed, wish.seconds, wish.gap) if wish.gap else []
    async with passing(wish.seconds, "Guests and faults"):
        await asyncio.gather(crowd.live(wish.pause, wish.seconds), strikes.all(faults))


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


async def _judged(
    wish: Wish, rig: Rig, who: tuple[Crowd, Watch, Strikes]
) -> tuple[Summary, list[str]]:
    crowd, watch, strikes = who
    connection = await witness(rig.postgres.url)
    scene = Scene(
        connection=connection,
        sides=rig.sides,
        looks=watch.looks,
        ended_alone=lambda: rig.ended_alone,
    )
    try:
        convergence, found = await at_rest(scene)
        broken = [*violations(found), *_restless(convergence)]
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


def _restless(convergence: float | None) -> list[Violation]:
    """That all was right in the end is no excuse for having been wrong until then."""
    if convergence is not None:
        return []
    return [Violation(checker="rest", what=f"no rest within {LATE_SECONDS:.0f} s")]


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
