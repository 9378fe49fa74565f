"""The loop of the simulation: the order is drawn, the clock jumps, and a run that cannot go on says so."""

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any

import pytest
from tests.simulation.loop import SeededLoop, Stuck


def played(seed: int, work: Coroutine[Any, Any, object]) -> tuple[object, float]:
    """What it comes to, and how much virtual time it took."""
    loop = SeededLoop(Random(seed))
    try:
        return loop.run_until_complete(work), loop.time()
    finally:
        loop.close()


async def lost_update() -> int:
    """Three tasks each add one, reading and writing with a step between."""
    total = 0

    async def add() -> None:
        nonlocal total
        seen = total
        await asyncio.sleep(0)
        total = seen + 1

    await asyncio.gather(add(), add(), add())
    return total


def test_seeds_find_every_order() -> None:
    assert {played(seed, lost_update())[0] for seed in range(60)} == {1, 2, 3}


def test_the_same_seed_gives_the_same_order() -> None:
    assert {played(5, lost_update())[0] for _ in range(5)} == {played(5, lost_update())[0]}


def test_hours_pass_at_once() -> None:
    assert played(1, asyncio.sleep(3600, "slept")) == ("slept", 3600.0)


def test_a_time_out_comes_when_it_is_due() -> None:
    async def waits() -> str:
        try:
            async with asyncio.timeout(5):
                await asyncio.Event().wait()
        except TimeoutError:
            return "given up"
        return "never"

    assert played(1, waits()) == ("given up", 5.0)


async def waits_for_nothing() -> None:
    await asyncio.get_running_loop().create_future()


async def spins() -> None:
    while True:  # noqa: ASYNC110 - a loop that never lets time go on is what is meant
        await asyncio.sleep(0)


@pytest.mark.parametrize("work", [waits_for_nothing, spins], ids=["deadlock", "livelock"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_cannot_go_on_says_so(work: Any) -> None:
    with pytest.raises(Stuck):
        played(1, work())
