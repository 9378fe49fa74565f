"""The worker's Redis side against a real Redis that is killed, frozen, or lies: it goes on, and hears at once."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import asyncpg
import pytest
from arq import func
from arq.connections import ArqRedis
from structlog.testing import capture_logs
from tests.acceptance.stage import tell
from tests.closed_redis import TAKES_NOTHING, Told

from holdfast import configuration, configuration_apply
from holdfast.clock import SystemClock
from holdfast.herald import PATIENCE, QUEUE, Herald, open_redis
from holdfast.kind import discover
from holdfast.processes import Surroundings, in_background
from holdfast.soak.house import SECRETS, write_configuration
from holdfast.soak.program import (
    HERE,
    REDIS_READY,
    Program,
    free_port,
    redis_server,
    started,
    until,
)
from holdfast.steady import MAX_JOBS, SteadyWorker
from holdfast.store import inbox
from holdfast.store.inbox import Incoming
from holdfast.sync.parts import Lane
from holdfast.worker import Drainer
from holdfast.worker_process import running_worker

JOBS = 20


class Counter(Drainer):
    """Counts its jobs, which can be held up: ours only wake somebody, and are over at once."""

    def __init__(self) -> None:
        self.runs = 0
        self.running = 0
        self.free = asyncio.Event()
        self.free.set()

    def nudge(self, *_lanes: Lane) -> None:
        return

    async def job(self, ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:
        self.running += 1
        await self.free.wait()
        self.running -= 1
        self.runs += 1


class Gate:
    """Stands before Redis: passes everything on, or accepts and closes at once."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._open: set[asyncio.StreamWriter] = set()
        self.slams = False
        self.slammed = 0

    def slam(self) -> None:
        """From now on, for those who are connected too."""
        self.slams = True
        for writer in self._open:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.slams:
            self.slammed += 1
            writer.close()
            return
        there, back = await asyncio.open_connection(HERE, self._to)
        pipes = ((reader, back), (there, writer))
        self._open |= {writer, back}
        await asyncio.gather(*(_pass_on(*pipe) for pipe in pipes))
        self._open -= {writer, back}


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Program]:
    program = redis_server(tmp_path, free_port())
    async with started(program):
        await program.says(REDIS_READY)
        yield program


def port_of(redis: Program) -> int:
    return int(redis.command[redis.command.index("--port") + 1])


def url_of(port: int) -> str:
    return f"redis://{HERE}:{port}/0"


@asynccontextmanager
async def at_work(port: int) -> AsyncIterator[tuple[SteadyWorker, Counter]]:
    """A worker whose jobs only count; it has heard Redis answer."""
    counter = Counter()
    worker = SteadyWorker(open_redis(url_of(port)), counter, Random(1))
    worker.functions["drain"] = func(counter.job, name="drain", keep_result=0, max_tries=1000)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(worker.close)
        await stack.enter_async_context(in_background(worker.main(), "redis"))
        await answers(worker, wanted=True)
        yield worker, counter


@asynccontextmanager
async def client_of(port: int) -> AsyncIterator[ArqRedis]:
    client = open_redis(url_of(port))
    yield client
    await client.aclose(close_connection_pool=True)


async def answers(worker: SteadyWorker, *, wanted: bool) -> None:
    async def seen() -> bool:
        return worker.redis_answers is wanted

    await until(seen, f"the worker sees that Redis {'answers' if wanted else 'is away'}")


async def jobs_run(port: int, counter: Counter, jobs: int = JOBS) -> None:
    """So many jobs more are put into the queue, and every one of them runs."""
    before = counter.runs
    async with client_of(port) as queue:
        for number in range(jobs):
            assert await queue.enqueue_job("drain", _job_id=f"{before}-{number}")

    async def all_ran() -> bool:
        return counter.runs == before + jobs

    await until(all_ran, f"{jobs} jobs run")


async def test_jobs_run_after_redis_was_killed_and_came_back(redis: Program) -> None:
    async with at_work(port_of(redis)) as (worker, counter):
        await jobs_run(port_of(redis), counter)
        await redis.kill()
        await answers(worker, wanted=False)
        await redis.start()
        await answers(worker, wanted=True)
        await jobs_run(port_of(redis), counter)


async def test_jobs_run_after_redis_was_frozen(redis: Program) -> None:
    async with at_work(port_of(redis)) as (worker, counter):
        redis.send(signal.SIGSTOP)
        await answers(worker, wanted=False)
        redis.send(signal.SIGCONT)
        await answers(worker, wanted=True)
        await jobs_run(port_of(redis), counter)


async def test_jobs_run_after_something_before_redis_accepted_and_closed(redis: Program) -> None:
    gate = Gate(port_of(redis))
    async with await asyncio.start_server(gate.serve, HERE, 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with at_work(port) as (worker, counter):
            gate.slam()
            await answers(worker, wanted=False)

            async def tried_again() -> bool:
                return gate.slammed > 3

            await until(tried_again, "the worker tries again and again")
            gate.slams = False
            await answers(worker, wanted=True)
            await jobs_run(port_of(redis), counter)


async def test_jobs_in_flight_when_redis_dies_cost_no_slot(redis: Program) -> None:
    async with at_work(port_of(redis)) as (worker, counter):
        counter.free.clear()
        async with client_of(port_of(redis)) as queue:
            for number in range(MAX_JOBS):
                await queue.enqueue_job("drain", _job_id=f"held-up-{number}")

        async def all_slots_taken() -> bool:
            return counter.running == MAX_JOBS

        await until(all_slots_taken, "every slot is taken")
        await redis.kill()
        await answers(worker, wanted=False)
        counter.free.set()
        await redis.start()
        await answers(worker, wanted=True)
        await jobs_run(port_of(redis), counter)


@pytest.mark.parametrize("where", ["the queue", "a job"])
async def test_jobs_run_after_a_key_of_ours_was_of_another_type(redis: Program, where: str) -> None:
    """The kind of fault: what cannot be read stays for ever, and each look fails at it. All in the queue are hints."""
    async with at_work(port_of(redis)) as (worker, counter):
        async with client_of(port_of(redis)) as client:
            if where == "the queue":
                await client.set(QUEUE, "nonsense")
            else:
                await client.zadd("arq:job:poison", {"nonsense": 1})
                await client.zadd(QUEUE, {"poison": 1})

            async def gone() -> bool:
                return not await client.exists(QUEUE)

            await until(gone, "what cannot be read is gone", 60)
        await answers(worker, wanted=True)
        await jobs_run(port_of(redis), counter)


@TAKES_NOTHING
async def test_a_redis_that_takes_nothing_in_is_away_until_it_takes_something(
    redis: Program, refuse: Told, again: Told
) -> None:
    """The kind of fault: who is only asked for a ping is well. Each look was half an answer: away, back, away, back."""
    async with at_work(port_of(redis)) as (worker, counter), client_of(port_of(redis)) as client:
        worker.health_check_interval = 0.1
        await refuse(client)
        await answers(worker, wanted=False)
        with capture_logs() as logged:
            for _ in range(30):
                await asyncio.sleep(0.1)
                assert not worker.redis_answers
        assert [one["event"] for one in logged if one["event"].startswith("redis_")] == []
        await again(client)
        await answers(worker, wanted=True)
        await jobs_run(port_of(redis), counter)


async def test_nobody_waits_for_a_redis_that_does_not_answer(redis: Program) -> None:
    async with client_of(port_of(redis)) as client:
        herald = Herald(client)
        redis.send(signal.SIGSTOP)
        began = time.monotonic()
        for _ in range(100):
            herald.wake()
        assert time.monotonic() - began < 10 * PATIENCE

        async def given_up() -> bool:
            return herald.lost > 0

        await until(given_up, "the hint is given up")
        redis.send(signal.SIGCONT)
        await herald.close()


@asynccontextmanager
async def a_real_worker(
    folder: Path, database_url: str, redis_port: int
) -> AsyncIterator[asyncpg.Connection]:
    """The worker as `holdfast worker` runs it, with accounts that are never called."""
    write_configuration(folder, {})
    text = (folder / "holdfast.toml").read_text().replace('mode = "live"', 'mode = "paused"')
    wanted = configuration.parse(text, "example", discover())
    clock = SystemClock()
    around = Surroundings(
        database_url=database_url, redis_url=url_of(redis_port), clock=clock, environ=SECRETS
    )
    connection = await asyncpg.connect(database_url)
    try:
        await configuration_apply.apply(connection, wanted, clock.now())
        async with running_worker(around):
            yield connection
    finally:
        await connection.close()


async def latencies(
    connection: asyncpg.Connection, herald: Herald | None, times: int
) -> Sequence[float]:
    """Seconds from the commit of an event until a worker has it done, one event after another."""
    account_id = await connection.fetchval("select min(id) from accounts")
    found = []
    for _ in range(times):
        row = Incoming(
            account_id=account_id,
            via="webhook",
            ref=None,
            raw_type="nothing",
            received_at=SystemClock().now(),
        )
        await inbox.add(connection, [row])
        began = time.monotonic()
        if herald is not None:
            herald.wake()

        async def done() -> bool:
            waiting = await connection.fetchval("select count(*) from inbox where done_at is null")
            return bool(waiting == 0)

        await until(done, "the event is done", look=0.002)
        found.append(time.monotonic() - began)
    return found


def told(what: str, seconds: Sequence[float]) -> None:
    worst, middle = max(seconds) * 1000, median(seconds) * 1000
    tell(f"{what}: median {middle:.0f} ms, worst {worst:.0f} ms")


async def test_the_sweep_comes_round_in_time_while_redis_is_away(
    tmp_path: Path, database_url: str
) -> None:
    async with a_real_worker(tmp_path, database_url, free_port()) as connection:
        seconds = await latencies(connection, None, 5)
        told("without Redis", seconds)
        assert median(seconds) < 1.5


async def test_a_wake_up_is_heard_sooner_than_the_sweep_comes_round(
    tmp_path: Path, database_url: str, redis: Program
) -> None:
    async with (
        a_real_worker(tmp_path, database_url, port_of(redis)) as connection,
        client_of(port_of(redis)) as client,
    ):
        herald = Herald(client)
        seconds = await latencies(connection, herald, 20)
        await herald.close()  # a hint under way would connect anew behind the closed client
        told("with Redis", seconds)
        assert median(seconds) < 0.5
