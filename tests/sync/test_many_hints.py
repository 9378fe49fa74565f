"""However many hints come in at once, a worker looks once at a time, and not at all for what it is told by name."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from tests.patience import HANGS
from tests.town import town

from holdfast import herald, worker
from holdfast.herald import HERE, NOBODY, Herald, spelt, told
from holdfast.sync import rounds
from holdfast.sync.absorb import BATCH
from holdfast.sync.parts import Account, Lane, Parts
from holdfast.worker import BREATH_SECONDS, SWEEP_SECONDS, Drainer, drain_job


class Crowded:
    """A pool in which everybody waits; it knows how many have waited at the same time."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most = 0
        self.free = asyncio.Event()
        self.asked = asyncio.Event()

    def acquire(self) -> "Crowded":
        return self

    async def __aenter__(self) -> None:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        self.asked.set()
        await self.free.wait()
        raise asyncpg.TooManyConnectionsError("no more")

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_many_hints_at_once_do_not_take_a_connection_each(database_url: str) -> None:
    """Found by a flood: ten hints waited for a venue's lock, with all of a worker's connections."""
    async with town(database_url) as t:
        parts, pool = t.wiring.parts, t.wiring.parts.pool
        parts.pool = crowded = Crowded()
        drainer = Drainer(parts)
        sweep = asyncio.create_task(drainer.sweep(Random(1)))
        hints = [asyncio.create_task(drain_job({"drainer": drainer})) for _ in range(20)]
        try:
            await crowded.asked.wait()
            for _ in range(20):
                await asyncio.sleep(0)
            assert crowded.most == 1
            crowded.free.set()
            await asyncio.gather(*hints)
        finally:
            parts.pool = pool
            for task in (sweep, *hints):
                task.cancel()
            await asyncio.gather(sweep, *hints, return_exceptions=True)


class Noting(Drainer):
    """What it begins is only noted, and goes on until it is let go."""

    def __init__(self, parts: Any) -> None:
        super().__init__(parts)
        self.began: list[Lane] = []
        self.looks = 0
        self.free = asyncio.Event()

    async def run(self) -> None:
        self.looks += 1

    def _work(self, lane: Lane) -> Any:
        return self._rounds(lane)

    async def _rounds(self, lane: Lane) -> int:
        self._goes_on(lane, full=True)
        self.began.append(lane)
        await self.free.wait()
        return 0


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_told_by_name_begins_without_a_look_and_anew_if_told_meanwhile(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        drainer = Noting(t.wiring.parts)
        one, other = sorted(t.wiring.parts.accounts)
        read: Lane = ("absorb", one)
        drainer.nudge(read, ("deliver", other), ("absorb", 4711))
        await turns()
        assert drainer.began == [read, ("deliver", other)]
        drainer.nudge(read)
        drainer.nudge(read)
        await turns()
        assert len(drainer.began) == 2
        drainer.free.set()
        await turns()
        assert drainer.began == [read, ("deliver", other), read]
        assert drainer.looks == 0
        await drainer.land(1)
        drainer.nudge(read)
        await turns()
        assert len(drainer.began) == 3


@pytest.mark.parametrize(
    ("takes", "told", "rounds_made"),
    [([3], False, 1), ([3], True, 2), ([BATCH, 3], False, 2), ([BATCH], False, 2)],
    ids=("not full", "not full, but told of more", "full", "full, and there was no more"),
)
async def test_after_a_round_that_was_not_full_a_lane_ends_unless_it_is_told_of_more(
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    takes: list[int],
    told: bool,
    rounds_made: int,
) -> None:
    async with town(database_url) as t:
        drainer, made = Drainer(t.wiring.parts), list[int]()
        lane: Lane = ("absorb", min(t.wiring.parts.accounts))

        async def step(_parts: Parts, _account: Account) -> int:
            made.append(takes.pop(0) if takes else 0)
            if told and len(made) == 1:
                drainer.nudge(lane)
            return made[-1]

        monkeypatch.setattr(rounds, "STEPS", {"absorb": step})
        drainer.nudge(lane)
        await turns()
        assert len(made) == rounds_made


async def test_before_a_look_that_is_asked_for_there_is_a_breath_and_after_it_the_agenda(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(database_url) as t:
        drainer, rests = Noting(t.wiring.parts), asyncio.Queue[int]()

        async def until_due() -> float:
            rests.put_nowait(drainer.looks)
            return 60.0

        monkeypatch.setattr(drainer, "_until_due", until_due)
        sweep = asyncio.create_task(drainer.sweep(Random(1)))
        try:
            assert await rests.get() == 1
            for _ in range(50):
                drainer.nudge()
                await asyncio.sleep(0)
            assert drainer.looks == 1
            async with asyncio.timeout(HANGS):
                assert await rests.get() == 2
            assert rests.empty()
        finally:
            sweep.cancel()
            await asyncio.gather(sweep, return_exceptions=True)


@pytest.mark.parametrize(
    ("ahead", "rests"),
    [(3.0, 3.0), (0.01, 0.01), (-7.0, BREATH_SECONDS), (None, SWEEP_SECONDS)],
    ids=("later", "soon", "overdue", "nothing"),
)
async def test_a_worker_rests_until_something_falls_due_and_a_breath_where_it_is_overdue(
    monkeypatch: pytest.MonkeyPatch, ahead: float | None, rests: float
) -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    async def next_due(_parts: Any) -> datetime | None:
        return None if ahead is None else now + timedelta(seconds=ahead)

    monkeypatch.setattr(worker, "next_due", next_due)
    parts: Any = SimpleNamespace(now=lambda: now)
    assert await Drainer(parts)._until_due() == pytest.approx(rests)


@pytest.mark.parametrize(
    ("hint", "lanes"),
    [
        (spelt(NOBODY, {("absorb", 1), ("deliver", 20)}), [("absorb", 1), ("deliver", 20)]),
        (spelt(NOBODY, set()), []),
        (spelt(HERE, {("absorb", 1)}), None),
        (b"1", []),  # an older release's
        (b"- absorb:1 erase:2", []),
        (b"- absorb:" + b"9" * 50, []),
        (b"\xff\xfe absorb:x", []),
    ],
    ids=("two", "somewhere", "our own", "older", "no lane", "no number", "noise"),
)
def test_a_hint_that_cannot_be_read_says_look_everywhere(
    hint: bytes, lanes: list[Lane] | None
) -> None:
    assert told(hint) == lanes


class Post:
    """Redis, as far as a herald needs it."""

    def __init__(self) -> None:
        self.hints: list[list[Lane] | None] = []
        self.jobs = 0

    async def publish(self, _channel: str, hint: bytes) -> None:
        self.hints.append(told(hint))
        await asyncio.sleep(0)

    async def enqueue_job(self, _name: str, _job_id: str) -> None:
        self.jobs += 1


async def test_hints_that_come_together_are_one_and_a_job_is_queued_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    post: Any = Post()
    crier = Herald(post)
    crier.wake(("absorb", 1))
    await asyncio.sleep(0)
    for account in (1, 2, 2):
        crier.wake(("absorb", account))
    await crier.close()
    crier.wake(("absorb", 1))
    crier.wake()
    await crier.close()
    assert post.hints == [[("absorb", 1)], [("absorb", 1), ("absorb", 2)], []]
    assert post.jobs == 1
    monkeypatch.setattr(herald, "QUEUE_SECONDS", 0.0)
    crier.wake(("absorb", 1))
    await crier.close()
    assert post.jobs == 2


async def test_who_did_it_is_told_at_once_and_does_not_hear_of_it_again() -> None:
    post: Any = Post()
    heard: list[Lane] = []
    crier = Herald(post, lambda *lanes: heard.extend(lanes))
    crier.wake(("absorb", 1))
    crier.wake(("deliver", 2))
    assert heard == [("absorb", 1), ("deliver", 2)]
    await crier.close()
    assert post.hints == [None]
