"""Redis that lies: what it says is believed as far as our own records explain it, and never for long.

The kind of fault: a number in Redis taken for a fact. It stood in the penalty, in the level of all calls and in the level
of each use's own share.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from redis.asyncio import Redis

from holdfast.budget import Kind, LocalBudget, Pace
from holdfast.clock import ManualClock
from holdfast.inventory.freshness import Limit
from holdfast.inventory.shares import Use
from holdfast.limits import KeptRecords, Penalties
from holdfast.shared_budget import SharedBudget
from holdfast.store import freshness

START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
HOUR = 3600.0
PACES: dict[Kind, Pace] = {"read": Pace(per_minute=60), "write": Pace(per_minute=20)}
USES: tuple[Use, ...] = ("acting", "bookings")


@dataclass
class Book:
    """What all processes have on record."""

    until: datetime | None = None
    kept: list[tuple[datetime, datetime, bool]] = field(default_factory=list)

    async def told_until(self) -> datetime | None:
        return self.until

    async def keep(self, since: datetime, until: datetime, *, told: bool) -> None:
        self.kept.append((since, until, told))
        if told:
            self.until = until


@dataclass
class Desk:
    """One process's budget, on a clock that is moved by hand; Redis goes by its own."""

    redis: Redis
    book: Book
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    def __post_init__(self) -> None:
        fallback = LocalBudget(self.clock, PACES, 3)
        penalties = Penalties(self.book, "main", self.clock)
        self.budget = SharedBudget(self.redis, "main", PACES, fallback, self.clock, penalties)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


async def ahead(redis: Redis, seconds: float) -> str:
    """So far ahead on Redis' own clock."""
    whole, parts = await redis.time()
    return str(int((whole + seconds) * 1_000_000 + parts))


async def lie(redis: Redis, part: str, seconds: float = HOUR) -> None:
    await redis.set(f"{{holdfast:budget:main}}:{part}", await ahead(redis, seconds))


async def test_a_penalty_that_nothing_explains_is_believed_for_a_minute_and_never_by_acts(
    redis: Redis,
) -> None:
    """Without a time to live, an hour ahead, and written anew all the time."""
    desk = Desk(redis, Book())
    await lie(redis, "penalty")
    assert await desk.budget.take("read", "bookings") == 60
    assert await desk.budget.left("read", "bookings") == 0
    assert await desk.budget.take("write") == 0
    assert await desk.budget.take("read") == 0
    for second in range(1, 60):
        desk.clock.advance(1)
        await lie(redis, "penalty")
        assert await desk.budget.take("read", "bookings") == 60 - second, (
            "who is put off goes by it"
        )
    desk.clock.advance(1)
    assert await desk.budget.take("read", "bookings") == 0
    assert await desk.budget.left("read", "bookings") > 0
    assert desk.book.kept == [(START, START + timedelta(seconds=60), False)]


async def test_a_penalty_that_another_process_was_told_of_holds_to_its_end(redis: Redis) -> None:
    book = Book()
    told, other = Desk(redis, book), Desk(redis, book)
    await told.budget.penalise(300)
    for seconds in (0, 61, 120):
        other.clock.advance(seconds)
        await lie(redis, "penalty", 300 - (other.clock.now() - START).total_seconds())
        assert await other.budget.take("write") > 0
        assert await other.budget.take("read", "bookings") > 0
    assert [kept[2] for kept in book.kept] == [True]


async def test_a_penalty_longer_than_what_was_told_is_not_explained_by_it(redis: Redis) -> None:
    desk = Desk(redis, Book())
    await desk.budget.penalise(5)
    await lie(redis, "penalty")
    desk.clock.advance(5)
    assert await desk.budget.take("write") == 0
    assert await desk.budget.take("read", "bookings") == 60
    desk.clock.advance(60)
    assert await desk.budget.take("read", "bookings") == 0


@pytest.mark.parametrize("told", ["an hour", "garbage", "wiped", "a list"])
async def test_whatever_redis_says_what_our_provider_asked_for_is_heeded(
    redis: Redis, told: str
) -> None:
    """The kind of fault: a lie hides a true word. It stood where the lie is longer, where the key is gone or is no number,
    and where Redis takes nothing in: calls went out at once, into the next 429."""
    desk, key = Desk(redis, Book()), "{holdfast:budget:main}:penalty"
    if told == "a list":
        await redis.zadd(key, {"nonsense": 1})
    if told == "garbage":
        await redis.set(key, told)
    await desk.budget.penalise(5)
    if told == "an hour":
        await lie(redis, "penalty")
    if told == "wiped":
        await redis.delete(key)
    for use in USES:
        assert 0 < await desk.budget.take("write", use) <= 5
        assert await desk.budget.left("write", use) == 0


@pytest.mark.parametrize("told", ["an hour", "garbage", "a list"])
async def test_what_our_provider_asked_for_reaches_the_other_processes_past_a_lie(
    redis: Redis, told: str
) -> None:
    """They hear of it from Redis, or from what is on record where Redis' word makes no sense."""
    book, key = Book(), "{holdfast:budget:main}:penalty"
    one, other = Desk(redis, book), Desk(redis, book)
    if told == "an hour":
        await lie(redis, "penalty")
    elif told == "a list":
        await redis.zadd(key, {"nonsense": 1})
    else:
        await redis.set(key, told)
    await one.budget.penalise(5)
    assert 0 < await other.budget.take("write") <= 5
    other.clock.advance(5)
    await redis.delete(key)
    assert await other.budget.take("write") == 0


@pytest.mark.parametrize("part", ["penalty", "read", "read:bookings"])
async def test_a_key_of_another_type_does_not_end_the_shared_count(redis: Redis, part: str) -> None:
    """It has no time to live: all processes kept to a third each, for ever, and no minute was counted together."""
    desk, other = (Desk(redis, Book()) for _ in range(2))
    await redis.zadd(f"{{holdfast:budget:main}}:{part}", {"nonsense": 1})
    taken = 0
    for _ in range(20):
        taken += await desk.budget.take("read", "bookings") == 0
        taken += await other.budget.take("read", "bookings") == 0
    assert taken == 12
    assert await redis.type("{holdfast:budget:main}:read") == b"string"


async def test_a_count_that_is_wiped_again_and_again_lets_nobody_go_beyond_the_contract_for_long(
    redis: Redis,
) -> None:
    """As where others' data drive ours out. A process counts its own calls, too, and allows one burst beyond."""
    desk, gone = Desk(redis, Book()), 0
    for _ in range(180):
        await redis.flushdb()
        gone += sum([await desk.budget.take("read") == 0 for _ in range(3)])
        desk.clock.advance(1)
    pace = PACES["read"]
    assert gone <= 3 * 60 + 2 * pace.burst
    assert gone >= 3 * pace.steady


async def test_after_an_honest_stretch_doubt_begins_anew(redis: Redis) -> None:
    desk = Desk(redis, Book())
    for _ in range(2):
        await lie(redis, "penalty")
        assert await desk.budget.take("read", "bookings") > 0
        await redis.delete("{holdfast:budget:main}:penalty")
        assert await desk.budget.take("read", "bookings") == 0
        desk.clock.advance(60)
    assert len(desk.book.kept) == 2


@pytest.mark.parametrize("part", ["read", "read:bookings"])
async def test_no_level_is_believed_further_ahead_than_a_burst(redis: Redis, part: str) -> None:
    """A level an hour ahead stopped all calls for that hour; now the next goes after one interval."""
    desk = Desk(redis, Book())
    await lie(redis, part)
    own = 4 if part == "read:bookings" else 1
    wait = await desk.budget.take("read", "bookings")
    assert wait <= PACES["read"].interval * own + 0.01
    await lie(redis, "read")
    wait = await desk.budget.take("read")
    assert 0 < wait <= PACES["read"].interval
    await asyncio.sleep(wait + 0.05)
    assert await desk.budget.take("read") == 0


@pytest.mark.parametrize("told", ["garbage", "-1", "nan", "1e400", ""])
@pytest.mark.parametrize("part", ["penalty", "read"])
async def test_what_is_no_number_stops_no_act(redis: Redis, part: str, told: str) -> None:
    desk = Desk(redis, Book())
    await redis.set(f"{{holdfast:budget:main}}:{part}", told)
    assert await desk.budget.take("read") <= PACES["read"].interval


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        yield pool


async def test_what_our_provider_asked_for_is_on_record_for_all_and_shown(
    pool: asyncpg.Pool,
) -> None:
    await pool.execute(
        "insert into accounts (name, channel, mode, settings, reads_per_minute, writes_per_minute, poll_seconds,"
        " offers_seconds, horizon_days, created_at) values ('main', 'rooms', 'live', '{}', 60, 20, 60, 300, 30, $1)",
        START,
    )
    clock = ManualClock(START)
    records = KeptRecords(pool, "main")
    assert await records.told_until() is None
    await Penalties(records, "main", clock).told(600)
    await Penalties(records, "main", clock).told(60)
    until = START + timedelta(seconds=600)
    assert await records.told_until() == until
    assert await limit_of(pool, START) == Limit(until=until, since=START, explained=True)
    later = until + timedelta(seconds=1)
    assert await limit_of(pool, later) is None
    await records.keep(later, later + timedelta(seconds=60), told=False)
    found = await limit_of(pool, later)
    assert found is not None
    assert not found.explained
    assert await records.told_until() == until


async def limit_of(pool: asyncpg.Pool, now: datetime) -> Limit | None:
    (row,) = await pool.fetch(freshness.EVIDENCE, now, now)
    return freshness.evidence_of(row).limit


async def test_a_database_that_is_away_explains_nothing_and_raises_nothing(
    pool: asyncpg.Pool,
) -> None:
    records = KeptRecords(pool, "main")
    await pool.close()
    await records.keep(START, START, told=True)
    assert await records.told_until() is None
