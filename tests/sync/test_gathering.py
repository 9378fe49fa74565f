"""Gathering: what comes meanwhile is done together, and what cannot be done hurts only itself."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.sync.gathering import Gathering, close_together

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Work:
    """Does what it is given once it is let go, and keeps what came together; `bad` fails whatever it is among."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = asyncio.Event()

    async def act(self, items: Sequence[str]) -> None:
        self.batches.append(list(items))
        await self.go.wait()
        if "bad" in items:
            raise ValueError("bad")


async def begun(gathering: Gathering[str], work: Work, *items: str) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(gathering.work(1, item, work.act)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_who_comes_first_begins_at_once_and_the_others_are_done_together() -> None:
    gathering, work = Gathering[str](), Work()
    tasks = await begun(gathering, work, "a", "b", "c")
    assert work.batches == [["a"]]
    work.go.set()
    await asyncio.gather(*tasks)
    assert work.batches == [["a"], ["b", "c"]]


async def test_what_is_about_something_else_does_not_wait() -> None:
    gathering, work = Gathering[str](), Work()
    tasks = await begun(gathering, work, "a")
    other = asyncio.create_task(gathering.work(2, "b", work.act))
    await asyncio.sleep(0)
    assert work.batches == [["a"], ["b"]]
    work.go.set()
    await asyncio.gather(*tasks, other)


async def test_what_cannot_be_done_is_alone_with_its_failure() -> None:
    gathering, work = Gathering[str](), Work()
    tasks = await begun(gathering, work, "a", "b", "bad", "c")
    work.go.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [type(None), type(None), ValueError, type(None)]
    alone = [batch for batch in work.batches if "bad" not in batch] + [["bad"]]
    assert sorted(item for batch in alone for item in batch) == ["a", "b", "bad", "c"]


@pytest.mark.parametrize("who", ["a", "b"])
async def test_who_is_interrupted_takes_nobody_along_and_leaves_nothing(who: str) -> None:
    gathering, work = Gathering[str](), Work()
    tasks = dict(zip("abc", await begun(gathering, work, "a", "b", "c"), strict=True))
    tasks[who].cancel()
    await asyncio.sleep(0)
    work.go.set()
    found = await asyncio.gather(*tasks.values(), return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in found] == [
        name == who for name in "abc"
    ]
    last = {item for batch in work.batches[1:] for item in batch}
    assert last == {"b", "c"} - {who}


def test_what_is_far_apart_is_done_apart() -> None:
    day = timedelta(days=1)
    at = [NOW + n * day for n in (0, 30, 3, 8, 7, 31)]
    parts = close_together(at, lambda moment: moment, 7 * day)
    assert [[(moment - NOW) // day for moment in part] for part in parts] == [
        [0, 3, 7],
        [8],
        [30, 31],
    ]
    assert close_together([], lambda moment: moment, day) == []
