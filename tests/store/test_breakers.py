"""The breaker as the whole fleet sees it: one tries, one answer is enough, and what waited for it is due then."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import asyncpg
import pytest
from tests.patience import HANGS
from tests.store.conftest import House
from tests.web.rows import NOW, Rows

from holdfast.breaker import AccountBreaker, WatchedTransport, Whose
from holdfast.clock import ManualClock
from holdfast.exchange import Budget, Reply, Request, TransportError
from holdfast.inventory.breaker import OPENS_AFTER, OTHER_ANSWERS, PROBE_TIME, Direction
from holdfast.store import breakers, pushes

HOUR = timedelta(hours=1)
MINUTE = 60.0
ATTEMPT = "insert into attempts (push_id, number, key, sent_at, failure) values ($1, 1, $2, $3, $4)"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def worker(pool: asyncpg.Pool, clock: ManualClock, account: int) -> AccountBreaker:
    return AccountBreaker(pool, clock, Random(1), Whose(id=account, name="rooms-main"))


async def opened(breaker: AccountBreaker) -> None:
    for _ in range(OPENS_AFTER):
        await breaker.tell("out", 503, "hold: answer 503")


async def room(breaker: AccountBreaker) -> int:
    async with breaker.passing("out", 8) as go:
        return go.room


@pytest.mark.parametrize("after", ["a word", "no word", "its death"])
async def test_one_of_all_workers_tries(
    pool: asyncpg.Pool, house: House, clock: ManualClock, after: str
) -> None:
    fleet = [worker(pool, clock, house.rooms) for _ in range(6)]
    await opened(fleet[0])
    assert {await room(one) for one in fleet} == {0}
    assert await fleet[1].is_clear() is False
    clock.advance(MINUTE)
    in_hand, enough, asked = [], asyncio.Event(), asyncio.Barrier(len(fleet) + 1)

    async def try_it(one: AccountBreaker) -> None:
        async with one.passing("out", 8) as go:
            in_hand.append((go.room, go.probe))
            await asked.wait()
            if go.room:
                await enough.wait()
                if after == "a word":
                    await one.tell("out", 200, "")

    async with asyncio.timeout(HANGS), asyncio.TaskGroup() as trying:
        for one in fleet:
            trying.create_task(try_it(one))
        await asked.wait()
        assert sorted(in_hand) == [(0, False)] * 5 + [(1, True)]
        if after == "its death":
            clock.advance(PROBE_TIME.total_seconds())
            assert await room(fleet[0]) == 1
        enough.set()
    assert await room(fleet[0]) == (8 if after == "a word" else 1)


async def test_one_direction_does_not_hold_up_the_other(
    pool: asyncpg.Pool, house: House, clock: ManualClock
) -> None:
    breaker = worker(pool, clock, house.rooms)
    await opened(breaker)
    async with breaker.passing("in", 8) as go:
        assert (go.room, go.probe) == (8, False)


async def three_calls(rows: Rows, house: House, due: datetime) -> int:
    """One that had no answer, which is returned; one to be looked for once more; one that came too soon."""
    states = (("waiting", 0, "not_sent"), ("unknown", 1, "unknown"), ("waiting", 0, "limited"))
    made = []
    for hours, (state, looks, failure) in enumerate(states):
        block = await rows.block(house.salon_rooms, [], start=NOW + hours * HOUR)
        values = {"due_at": due, "state": state, "absent_reads": looks, "attempts": 1}
        made.append(await rows.push(block, **values))
        await rows.pool.execute(ATTEMPT, made[-1], f"hf-{hours}", NOW, failure)
    return made[0]


async def test_with_the_first_answer_all_that_only_waited_for_one_is_due(
    pool: asyncpg.Pool, house: House, rows: Rows, clock: ManualClock
) -> None:
    late = NOW + HOUR
    failed = await three_calls(rows, house, late)
    unread = await rows.event(house.rooms, due_at=late, attempts=3, error="unknown: fetch: 503")
    await rows.event(house.rooms, due_at=late, attempts=1, error="held back by the brake")
    await rows.event(house.tables, due_at=late, attempts=3, error="unknown: fetch: 503")
    for account, failures in ((house.rooms, 2), (house.tables, 2)):
        add = (
            "insert into readings (account_id, task, place, failures, due_at)"
            " values ($1, 'bookings', 'a list', $2, $3)"
        )
        await pool.execute(add, account, failures, late)
    one, other = (worker(pool, clock, house.rooms) for _ in range(2))
    for _ in range(OPENS_AFTER):
        await one.tell("out", None, "hold: TimeoutError")
        await one.tell("in", 500, "fetch: answer 500")
    await other.is_clear()  # another worker's answer is as good
    await other.tell("in", 404, "")
    due = {r["id"] for r in await pool.fetch("select id from pushes where due_at = $1", NOW)}
    assert due == {failed}
    news = await pool.fetch("select id from inbox where due_at = $1", NOW)
    assert {r["id"] for r in news} == {unread}
    readings = await pool.fetch("select account_id from readings where due_at = $1", NOW)
    assert [r["account_id"] for r in readings] == [house.rooms]
    async with pool.acquire() as connection:
        stand = await breakers.of_account(connection, house.rooms)
    assert (stand["in"].opened_at, stand["in"].failures) == (None, 0)
    assert stand["out"].retry_at == NOW  # who answers reads is asked to write at once
    assert await room(one) == 1


async def test_a_provider_that_answers_writes_is_not_left_unread_for_a_minute_each_time(
    pool: asyncpg.Pool, house: House, clock: ManualClock
) -> None:
    """The kind of fault: one answer that is lost at the wrong moment doubles a wait, although the provider is well.

    It stood in both directions: reads waited for 58 s after each of a few single faults while all writes went through,
    and what only reading could settle stayed open for more than two minutes.
    """
    one, other = (worker(pool, clock, house.rooms) for _ in range(2))
    both: tuple[tuple[Direction, Direction], ...] = (("in", "out"), ("out", "in"))
    for direction, answered in both:
        for _ in range(OPENS_AFTER + 4):
            await pool.execute(
                "update breakers set retry_at = $1, probing = true where opened_at is not null", NOW
            )
            await one.tell(direction, 500, "fetch: answer 500")
        waits = "select retry_at from breakers where direction = $1"
        assert await pool.fetchval(waits, direction) > clock.now() + OTHER_ANSWERS
        await other.is_clear()
        await other.tell(answered, 200, "")
        assert await pool.fetchval(waits, direction) == clock.now() + OTHER_ANSWERS
        await one.tell(direction, 200, "")


async def test_who_tries_takes_what_was_tried_least(
    pool: asyncpg.Pool, house: House, rows: Rows, connection: asyncpg.Connection
) -> None:
    poison, fresh = [
        await rows.push(
            await rows.block(house.salon_rooms, [], state="absent", start=NOW + n * HOUR),
            risk=n,
            attempts=9 - n,
        )
        for n in (1, 8)
    ]
    wanted = pushes.Wanted(states=["waiting"], limit=1, fresh_first=True)
    (first,) = await pushes.claim(connection, house.rooms, NOW, wanted)
    (second,) = await pushes.claim(connection, house.rooms, NOW, wanted)
    assert (first.id, second.id) == (fresh, poison)


@dataclass
class Scripted:
    """Answers with each of these once; None: no answer."""

    statuses: list[int | None]
    sent: list[str] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        self.sent.append(request.operation)
        status = self.statuses.pop(0)
        if status is None:
            raise TransportError("hold: TimeoutError", sent=True)
        return Reply(status=status, headers={}, body=b"")


async def sent(
    breaker: AccountBreaker, budget: Budget, statuses: Sequence[int | None]
) -> Counter[int]:
    reads: Counter[int] = Counter()
    transport = WatchedTransport(Scripted(list(statuses)), breaker, reads)
    request = Request(operation="call", method="GET", url="/", budget=budget)
    for _ in range(len(statuses)):
        try:
            await transport.send(request)
        except TransportError:
            continue
    return reads


@pytest.mark.parametrize(
    ("budget", "statuses", "open_now"),
    [
        ("write", [None, 500, 502, 503, 504], {"out"}),
        ("read", [None] * 5, {"in"}),
        ("none", [503] * 5, {"in", "out"}),
        ("write", [429] * 9, set()),
        ("write", [401] * 5, {"out"}),
        ("write", [409, 422, 401, 404, 400, 408], set()),
        ("write", [503, 503, 503, 503, 409, 503, 503, 503, 503], set()),
        ("write", [503, 503, 503, 503, 429, 503], {"out"}),
    ],
)
async def test_what_each_answer_counts_for(
    pool: asyncpg.Pool,
    house: House,
    clock: ManualClock,
    budget: Budget,
    statuses: Sequence[int | None],
    open_now: set[str],
) -> None:
    breaker = worker(pool, clock, house.rooms)
    reads = await sent(breaker, budget, statuses)
    found = await pool.fetch("select direction from breakers where opened_at is not null")
    assert {row["direction"] for row in found} == open_now
    assert reads[house.rooms] == (len(statuses) if budget == "read" else 0)


async def test_a_call_has_its_outcome_whether_or_not_it_could_be_told(
    pool: asyncpg.Pool, house: House, clock: ManualClock
) -> None:
    breaker = worker(pool, clock, house.rooms)
    await pool.execute("alter table breakers rename to lost_breakers")
    assert await sent(breaker, "read", [503]) == {house.rooms: 1}


async def test_reads_are_added_up_and_forgotten(
    connection: asyncpg.Connection, house: House
) -> None:
    for seconds, made in ((0, 3), (4, 2), (12, 1)):
        at = NOW + timedelta(seconds=seconds)
        await breakers.add_reads(connection, {house.rooms: made}, at)
    await breakers.add_reads(connection, {}, NOW)
    assert await connection.fetchval("select sum(amount) from reads") == 6
    await breakers.add_reads(connection, {house.tables: 1}, NOW + HOUR)
    assert await connection.fetchval("select sum(amount) from reads") == 1
