"""memory: what web and worker weigh at rest and while guests live on both channels, and whether it grows."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import mean

from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.soak.crowd import Crowd
from holdfast.soak.flood import Weights
from holdfast.soak.ground import prepared
from holdfast.soak.post import Post, post_office

REST_SECONDS, WARM_SECONDS = 5.0, 10.0
"""Before anybody books, and at the beginning of the load: what is loaded then stays loaded."""

SHORT_SECONDS, WHOLE_SECONDS = 30.0, 3600.0
PAUSE = 0.1
"""Seconds between two acts of guests, on average."""

MEBI = 2**20
REST, EARLY = "at rest", "first third"
Sizes = Mapping[str, Sequence[int]]


async def measure(ground: Ground) -> Sequence[Figure]:
    """One life, looked at each second: at rest, and the last third of the load against the first. A run is a process."""
    seconds = WHOLE_SECONDS if ground.whole else SHORT_SECONDS
    rest, load = await _weighed(ground.folder, seconds)
    return [_figure(kind, rest, load, seconds) for kind in ("web", "worker")]


async def _weighed(folder: Path, seconds: float) -> tuple[Sizes, Sizes]:
    async with post_office(1) as (post, address), prepared(folder, address) as house:
        post.webs = house.webs
        rest, load = Weights(programs=house.ours), Weights(programs=house.ours)
        await _beside(rest.keep(), asyncio.sleep(REST_SECONDS))
        random = Random(1)  # noqa: S311 - reproducible, not secret
        crowd = Crowd(sides=house.sides, random=random)
        await _beside(_relay(post), crowd.live(PAUSE, WARM_SECONDS))
        await _beside(load.keep(), _beside(_relay(post), crowd.live(PAUSE, seconds)))
    return rest.sizes, load.sizes


async def _beside(
    endless: Coroutine[object, object, None], work: Coroutine[object, object, None]
) -> None:
    """Both, until the work is done."""
    task = asyncio.create_task(endless)
    try:
        await work
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _relay(post: Post) -> None:
    """What the providers send is brought to us, for ever."""
    while True:
        await post.catch_up()
        await asyncio.sleep(PAUSE)


def _figure(kind: str, rest: Sizes, load: Sizes, seconds: float) -> Figure:
    third = {name: len(sizes) // 3 for name, sizes in load.items() if name.startswith(kind)}
    return Figure(
        bench="memory",
        what=f"{kind}, last third of {seconds / 60:g} min of load",
        unit="MiB",
        ours=_series("last third", [load[name][-n:] for name, n in third.items()]),
        others=[
            _series(REST, [rest[name] for name in third]),
            _series(EARLY, [load[name][:n] for name, n in third.items()]),
        ],
        demands=[Demand(against=EARLY, at_most=1.1)],
    )


def _series(name: str, processes: Sequence[Sequence[int]]) -> Series:
    return Series(name=name, runs=[mean(sizes) / MEBI for sizes in processes])
