"""Rate budgets: never more than the contract in any minute, whoever asks, with Redis or without."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from tests.patience import HANGS

from holdfast.budget import (
    PATIENCE,
    Budget,
    BudgetedTransport,
    Kind,
    LocalBudget,
    Pace,
    retry_after,
)
from holdfast.clock import ManualClock, SystemClock
from holdfast.exchange import BudgetSpent, Reply, Request
from holdfast.inventory.shares import Use
from holdfast.shared_budget import MOMENT, PLENTY, SharedBudget

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PACES: dict[Kind, Pace] = {"read": Pace(per_minute=60), "write": Pace(per_minute=20)}
FAST: dict[Kind, Pace] = {"read": Pace(per_minute=60), "write": Pace(per_minute=1200)}


def local(clock: ManualClock, per_minute: int = 20, share: int = 1) -> LocalBudget:
    pace = Pace(per_minute=per_minute)
    return LocalBudget(clock, {"read": pace, "write": pace}, share)


async def burst(budget: Budget, kind: Kind = "write") -> int:
    """How many calls go at once."""
    count = 0
    while await budget.take(kind) == 0:
        count += 1
    return count


async def greedily(budgets: Sequence[Budget], clock: ManualClock, seconds: int) -> list[float]:
    """When calls went that were all made as soon as they could be."""
    taken: list[float] = []
    for _ in range(seconds * 4):
        for budget in budgets:
            taken += [clock.now().timestamp()] * await burst(budget)
        clock.advance(0.25)
    return taken


def most_in_a_minute(taken: Sequence[float]) -> int:
    return max(sum(start <= at < start + 60 for at in taken) for start in taken)


@pytest.mark.parametrize("per_minute", [1, 2, 3, 4, 7, 20, 60, 240])
async def test_no_minute_ever_has_more_calls_than_the_contract_allows(per_minute: int) -> None:
    clock = ManualClock(START)
    taken = await greedily([local(clock, per_minute)], clock, 180)
    assert most_in_a_minute(taken) <= per_minute
    assert len(taken) >= per_minute


@pytest.mark.parametrize("per_minute", [20, 60, 240])
async def test_three_processes_without_redis_stay_within_the_contract_together(
    per_minute: int,
) -> None:
    clock = ManualClock(START)
    taken = await greedily([local(clock, per_minute, share=3) for _ in range(3)], clock, 180)
    assert most_in_a_minute(taken) <= per_minute


@settings(deadline=None, max_examples=50)
@given(
    st.integers(2, 120),
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 30)), min_size=1, max_size=20),
)
async def test_however_calls_come_no_minute_has_too_many(
    per_minute: int, arrivals: list[tuple[float, int]]
) -> None:
    clock = ManualClock(START)
    budget, taken = local(clock, per_minute), []
    for pause, wanted in arrivals:
        clock.advance(pause)
        got = [await budget.take("write") for _ in range(wanted)]
        taken += [clock.now().timestamp()] * got.count(0.0)
    assert taken
    assert most_in_a_minute(taken) <= per_minute


async def test_who_waits_as_long_as_told_gets_a_turn_and_not_before() -> None:
    clock = ManualClock(START)
    budget = local(clock)
    assert await burst(budget) == Pace(per_minute=20).burst == 5
    wait = await budget.take("write")
    assert wait == pytest.approx(4.0)
    clock.advance(wait - 0.001)
    assert await budget.take("write") > 0
    clock.advance(0.001)
    assert await budget.take("write") == 0


async def test_looking_at_what_is_left_takes_nothing() -> None:
    clock = ManualClock(START)
    budget = local(clock)
    assert [await budget.left("write") for _ in range(3)] == [5, 5, 5]
    await budget.take("write")
    assert await budget.left("write") == 4
    await burst(budget)
    assert await budget.left("write") == 0
    clock.advance(8.1)
    assert await budget.left("write") == 2


async def test_reads_and_writes_are_paid_from_different_budgets() -> None:
    budget = LocalBudget(ManualClock(START), PACES)
    await burst(budget, "write")
    assert await burst(budget, "read") == 15


async def test_after_a_penalty_nothing_goes_until_it_is_over_and_it_is_never_shortened() -> None:
    clock = ManualClock(START)
    budget = local(clock)
    await budget.penalise(10)
    await budget.penalise(3)
    for kind in get_args(Kind):
        assert await budget.take(kind) == pytest.approx(10)
        assert await budget.left(kind) == 0
    clock.advance(9.9)
    assert await budget.take("write") == pytest.approx(0.1)
    clock.advance(0.2)
    assert await budget.take("write") == 0


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


def shared(redis: Redis, paces: dict[Kind, Pace], account: str = "main") -> SharedBudget:
    clock = SystemClock()
    return SharedBudget(redis, account, paces, LocalBudget(clock, paces, 3), clock)


@dataclass(frozen=True, slots=True)
class Taken:
    """One call that went at some moment between these two."""

    after: float
    before: float


async def take_for(budget: Budget, seconds: float) -> list[Taken]:
    """Take whatever can be had."""
    loop, taken = asyncio.get_running_loop(), []
    end = loop.time() + seconds
    while (asked := loop.time()) < end:
        if await budget.take("write") == 0:
            taken.append(Taken(asked, loop.time()))
    return taken


async def test_four_who_take_at_once_never_take_more_than_the_contract_in_any_window(
    redis_url: str,
) -> None:
    pace = FAST["write"]
    clients = [Redis.from_url(redis_url) for _ in range(4)]
    try:
        takers = [take_for(shared(client, FAST), 1.0) for client in clients]
        taken = [one for some in await asyncio.gather(*takers) for one in some]
    finally:
        for client in clients:
            await client.aclose()
    taken.sort(key=lambda one: one.after)
    assert len(taken) >= pace.burst
    for first, last in combinations_with_replacement(range(0, len(taken), 5), 2):
        longest = max(one.before for one in taken[first : last + 1]) - taken[first].after
        assert last + 1 - first <= pace.burst + longest / pace.interval + 1


async def test_what_one_process_took_another_one_misses(redis: Redis) -> None:
    one, other = shared(redis, PACES), shared(redis, PACES)
    assert await burst(one) == 5
    assert await other.take("write") == pytest.approx(4.0, abs=0.5)
    assert await other.left("write") == 0
    assert await other.left("read") == 15
    assert await shared(redis, PACES, "another account").left("write") == 5


async def test_looking_at_a_shared_budget_takes_nothing(redis: Redis) -> None:
    budget = shared(redis, PACES)
    assert [await budget.left("write") for _ in range(3)] == [5, 5, 5]
    assert await burst(budget) == 5


async def test_a_penalty_holds_for_every_process_until_it_is_over(redis: Redis) -> None:
    loop, one, other = asyncio.get_running_loop(), shared(redis, PACES), shared(redis, PACES)
    began = loop.time()
    await one.penalise(0.4)
    await one.penalise(0.1)
    for kind in get_args(Kind):
        assert 0.2 < await other.take(kind) <= 0.4
        assert await other.left(kind) == 0
    async with asyncio.timeout(HANGS):
        while await other.take("write") > 0:
            pass
    assert loop.time() - began >= 0.39


async def test_budgets_leave_nothing_behind_in_redis_once_they_are_whole_again(
    redis: Redis,
) -> None:
    budget = shared(redis, PACES)
    await burst(budget)
    await budget.take("read", "bookings")
    await budget.penalise(30)
    keys = await redis.keys("*")
    assert len(keys) == 4
    assert all([0 < await redis.ttl(key) <= 31 for key in keys])


async def test_redis_shares_a_budget_as_the_pure_rule_does(redis: Redis) -> None:
    uses: list[Use] = ["audit", "bookings", "hints", "offers", "probes", "acting"]
    asked = uses * 6
    local_budget = LocalBudget(ManualClock(START), PACES)
    shared_budget = shared(redis, PACES)
    by_rule = [await local_budget.take("read", use) == 0 for use in asked]
    in_redis = [await shared_budget.take("read", use) == 0 for use in asked]
    assert in_redis == by_rule
    for use in uses:
        left = await shared_budget.left("read", use)
        assert abs(left - await local_budget.left("read", use)) <= 1  # some time has passed there


class Counted(Redis):
    """Counts its trips."""

    def __init__(self, *told: Any, **named: Any) -> None:
        super().__init__(*told, **named)
        self.trips, self.asked = 0, asyncio.Event()

    def evalsha(self, sha: str, numkeys: int, *told: Any) -> Awaitable[str] | str:
        self.trips += 1
        self.asked.set()
        return super().evalsha(sha, numkeys, *told)


@pytest.fixture
async def counted(redis_url: str) -> AsyncIterator[Counted]:
    async with Counted.from_url(redis_url) as redis:
        await shared(redis, PACES, "warm").left("write")  # the script is there
        redis.trips = 0
        redis.asked.clear()
        yield redis


async def test_those_who_ask_together_are_one_question_and_get_no_more_than_is_left(
    counted: Counted,
) -> None:
    budget = shared(counted, PACES)
    waits = await asyncio.gather(*(budget.take("write") for _ in range(8)))
    assert waits[:5] == [0.0] * 5
    assert waits[5:] == pytest.approx([4.0] * 3, abs=0.5)
    assert counted.trips == 1
    assert await budget.left("write") == 0


async def test_who_comes_while_redis_is_asked_goes_into_the_next_question(counted: Counted) -> None:
    budget = shared(counted, PACES)
    flying = [asyncio.create_task(budget.take("write"))]
    await counted.asked.wait()
    for _ in range(7):
        flying.append(asyncio.create_task(budget.take("write")))
        await asyncio.sleep(0)
    waits = await asyncio.gather(*flying)
    assert [wait == 0 for wait in waits] == [True] * 5 + [False] * 3
    assert counted.trips <= 3  # the last may have come after the second


async def test_who_gives_up_leaves_the_others_their_turn(counted: Counted) -> None:
    budget = shared(counted, PACES)
    first, second = (asyncio.create_task(budget.take("write")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 0
    assert first.cancelled()
    assert await budget.left("write") == 3  # he had asked


async def test_where_plenty_is_left_it_is_not_asked_again_for_a_moment(counted: Counted) -> None:
    clock = ManualClock(START)
    paces: dict[Kind, Pace] = {"read": Pace(per_minute=60), "write": Pace(per_minute=600)}
    budget = SharedBudget(counted, "main", paces, local(clock), clock)
    assert await budget.left("write") == 150
    assert [await budget.left("write") for _ in range(3)] == [PLENTY] * 3
    assert counted.trips == 1
    clock.advance(MOMENT.total_seconds())
    assert await budget.left("write") == 150
    assert await budget.left("read") == 15
    assert await budget.left("read") == 15
    assert counted.trips == 4


async def test_though_plenty_was_left_a_moment_ago_nobody_takes_what_is_gone(
    counted: Counted,
) -> None:
    clock, paces = ManualClock(START), dict.fromkeys(PACES, Pace(per_minute=600))
    one = SharedBudget(counted, "main", paces, local(clock), clock)
    assert await one.left("write") == 150
    assert await burst(shared(counted, paces)) >= 150
    assert await one.left("write") == PLENTY
    assert await one.take("write") > 0
    assert await one.left("write") == 0


async def test_a_penalty_ends_what_was_believed_to_be_left(counted: Counted) -> None:
    budget = shared(counted, dict.fromkeys(PACES, Pace(per_minute=600)))
    assert await budget.left("write") == 150
    await budget.penalise(30)
    assert await budget.left("write") == 0


def a_port_where_nobody_listens() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@asynccontextmanager
async def frozen_redis() -> AsyncIterator[Redis]:
    """One that takes connections and never says a word."""
    silent: set[asyncio.StreamWriter] = set()

    async def listen(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        silent.add(writer)

    listening = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    redis = Redis(host="127.0.0.1", port=port)
    try:
        yield redis
    finally:
        await redis.aclose()
        for writer in silent:
            writer.close()
        listening.close()
        await listening.wait_closed()


async def test_without_redis_each_process_keeps_to_its_share() -> None:
    redis = Redis(host="127.0.0.1", port=a_port_where_nobody_listens())
    clock = ManualClock(START)
    budget = SharedBudget(redis, "main", PACES, local(clock, share=3), clock)
    alone = local(ManualClock(START), share=3)
    assert await budget.left("write") == await alone.left("write")
    assert await burst(budget) == await burst(alone) >= 1
    assert await budget.take("write") == await alone.take("write") > 0
    await budget.penalise(60)
    assert await budget.take("read") == pytest.approx(60)
    await redis.aclose()


async def test_a_redis_that_never_answers_holds_up_a_call_once_and_then_no_more() -> None:
    loop, clock = asyncio.get_running_loop(), ManualClock(START)
    async with frozen_redis() as redis:
        budget = SharedBudget(redis, "main", PACES, local(clock, share=3), clock)
        began = loop.time()
        for _ in range(50):
            await budget.take("write")
        await budget.penalise(60)
        assert loop.time() - began < 3
        assert await budget.take("read") == pytest.approx(60)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(2**16):
        writer.write(some)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def forwarded(port: int, to: int) -> AsyncIterator[None]:
    """Whoever connects to the one port is connected to the other."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(_pour(reader, back), _pour(there, writer))

    async with await asyncio.start_server(forward, "127.0.0.1", port):
        yield


async def test_a_redis_that_comes_back_is_asked_again(redis_url: str) -> None:
    clock, port = ManualClock(START), a_port_where_nobody_listens()
    real = urlsplit(redis_url)
    away = real._replace(netloc=real.netloc.replace(f":{real.port}", f":{port}")).geturl()
    async with Redis.from_url(away) as redis:
        budget = SharedBudget(redis, "main", PACES, local(clock, share=3), clock)
        assert await burst(budget) == 1
        async with forwarded(port, real.port or 0):
            assert await budget.take("write") > 0
            clock.advance(4)
            assert await burst(budget) == 5
            await redis.aclose()


@dataclass(slots=True)
class Provider:
    """Answers each request with the next of its statuses, the last one for ever."""

    statuses: list[int]
    headers: Mapping[str, str] = field(default_factory=dict)
    heard: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        self.heard.append(request)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Reply(status=status, headers=self.headers, body=b"")


@dataclass(slots=True)
class Impatience:
    """A clock that jumps ahead whenever somebody sleeps."""

    clock: ManualClock
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)


def asks(budget: Literal["read", "write", "none"] = "write") -> Request:
    return Request(operation="hold", method="POST", url="/", budget=budget)


async def test_a_call_waits_for_its_turn_if_it_comes_soon() -> None:
    clock, provider = Impatience(ManualClock(START)), Provider([200])
    budget = local(clock.clock, per_minute=60)
    sender = BudgetedTransport(provider, budget, clock)
    await burst(budget)
    assert (await sender.send(asks())).status == 200
    assert sum(clock.slept) == pytest.approx(60 / 45)


async def test_a_call_whose_turn_does_not_come_soon_is_put_back_unsent() -> None:
    clock, provider = Impatience(ManualClock(START)), Provider([200])
    budget = local(clock.clock, per_minute=4)
    sender = BudgetedTransport(provider, budget, clock)
    await burst(budget)
    with pytest.raises(BudgetSpent) as spent:
        await sender.send(asks())
    assert spent.value.retry_after == pytest.approx(20)
    assert PATIENCE < 20
    assert spent.value.sent is False
    assert provider.heard == []


async def test_a_call_that_costs_nothing_goes_even_during_a_penalty() -> None:
    clock, provider = Impatience(ManualClock(START)), Provider([200])
    budget = local(clock.clock)
    await budget.penalise(100)
    sender = BudgetedTransport(provider, budget, clock)
    assert (await sender.send(asks("none"))).status == 200


async def test_when_the_provider_says_too_many_all_calls_wait_as_long_as_it_asks() -> None:
    clock = Impatience(ManualClock(START))
    provider = Provider([429, 200], {"retry-after": "30"})
    budget = local(clock.clock)
    sender = BudgetedTransport(provider, budget, clock)
    assert (await sender.send(asks())).status == 429
    for kind in ("read", "write"):
        with pytest.raises(BudgetSpent) as spent:
            await sender.send(asks(kind))
        assert spent.value.retry_after == pytest.approx(30)
    clock.clock.advance(30)
    assert (await sender.send(asks())).status == 200
    assert len(provider.heard) == 2


def reply(told: str | None) -> Reply:
    return Reply(status=429, headers={} if told is None else {"retry-after": told}, body=b"")


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("30", 30.0),
        (" 1.5 ", 1.5),
        ("0", 1.0),
        ("-5", 1.0),
        ("86400", 3600.0),
        ("inf", 3600.0),
        ("nan", 1.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 13:00:30 +0100", 30.0),
        ("Fri, 20 Nov 2026 12:00:30", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 1.0),
        ("Sat, 21 Nov 2026 12:00:00 GMT", 3600.0),
        (None, 5.0),
        ("", 5.0),
        ("soon", 5.0),
        ("Fri, 99 Nov 2026 12:00:30 GMT", 5.0),
    ],
)
def test_how_long_to_wait_is_read_in_both_forms(told: str | None, seconds: float) -> None:
    assert retry_after(reply(told), START) == seconds


@settings(deadline=None)
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+( [+-]?\w+)?"))
def test_whatever_is_told_is_some_time_between_a_second_and_an_hour(told: str) -> None:
    assert 1.0 <= retry_after(reply(told), START) <= 3600.0


@pytest.mark.parametrize("minutes", [0, 1, 59])
def test_a_date_means_the_time_until_then(minutes: int) -> None:
    then = START + timedelta(minutes=minutes, seconds=20)
    told = then.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert retry_after(reply(told), START) == minutes * 60 + 20
