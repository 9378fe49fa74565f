"""A store that goes back to an older state under its processes, or between their lives, is noticed by itself.

The kind of fault: what was given out in the time that is lost is given out again and means something else. Numbers of
bookings, conflicts, events and pushes, the keys of calls made from a push's number, the markers that name a block: all
come from sequences, and all of them jump.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis.asyncio import Redis
from tests.conftest import Surroundings, connected, new_database
from tests.patience import HANGS
from tests.sync.test_calls import writes
from tests.sync.test_main_job import NOON
from tests.sync.test_restored_backup import AWAY, BUSY, QUIET, backup, plain, run
from tests.town import SECRETS, Town, town

from holdfast.clock import SystemClock
from holdfast.doctor_store import judged, same_store
from holdfast.inventory.model import Guest
from holdfast.lineage import key_of
from holdfast.processes import Surroundings as Processes
from holdfast.processes import in_background
from holdfast.settings import Settings
from holdfast.soak.traits import traits
from holdfast.store import journal, lineage
from holdfast.store.lineage import Lineage
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.sync.operate import DirectBooking
from holdfast.sync.parts import wake_nobody
from holdfast.wiring import Base, Wiring, wired

HOUR = timedelta(hours=1)
FAR = 1_000_000
"""More than any of these tests can have given out."""


ALONE = """
select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where datname = $1
"""


async def go_back(surroundings: Surroundings, url: str, older: str) -> None:
    """From one moment to the next the address means the older database."""
    now, then = (urlsplit(each).path[1:] for each in (url, older))
    async with connected(surroundings.database_url) as connection:
        for name in (now, then):
            await connection.execute(f"alter database {name} allow_connections false")
            await connection.fetchval(ALONE, name)
        for old, new in ((now, f"{now}_x"), (then, now), (f"{now}_x", then)):
            await connection.execute(f"alter database {old} rename to {new}")
        for name in (now, then):
            await connection.execute(f"alter database {name} allow_connections true")


@asynccontextmanager
async def copy(url: str, surroundings: Surroundings, folder: Path) -> AsyncIterator[str]:
    """As it is now, in another database."""
    await backup(url, folder / "dump")
    async with new_database(surroundings, template="template1") as older:
        await run("pg_restore", "--exit-on-error", f"--dbname={plain(older)}", str(folder / "dump"))
        yield older


async def looked(*pools: asyncpg.Pool) -> None:
    """As its watch would have by now: once a second."""
    for pool in pools:
        for _ in range(3):
            await pool.expire_connections()
            await pool.fetchval("select 1")


def direct(hours: int) -> DirectBooking:
    start = NOON + hours * HOUR
    return DirectBooking(
        venue="glasshouse",
        unit="board-room",
        listing=None,
        start=start,
        end=start + HOUR,
        party_size=2,
        contact=Guest(),
    )


async def standing(pool: asyncpg.Pool) -> Lineage:
    found = await lineage.state(pool)
    assert found is not None
    return found


@asynccontextmanager
async def watched(t: Town) -> AsyncIterator[None]:
    """Its watch runs, and what was due after the store went back is done."""
    async with in_background(t.wiring.watch.keep_looking(t.pool, wake_nobody), "store"):
        async with asyncio.timeout(HANGS):
            while True:
                if not (await standing(t.pool)).doubt_due:
                    break
                await asyncio.sleep(0.05)
        yield


async def test_no_number_given_out_in_the_lost_time_is_ever_used_again(
    database_url: str, surroundings: Surroundings, tmp_path: Path
) -> None:
    """Not even by what is written first, before any watch has looked."""
    numbers = "select sequencename as name, last_value as value from pg_sequences where last_value is not null"
    async with town(database_url, QUIET) as t, copy(database_url, surroundings, tmp_path) as older:
        await t.boseat.book("salon", NOON, 60)
        lost = [await t.operator.book(direct(hours)) for hours in (0, 2, 4)]
        await t.pass_time(60)
        await looked(t.pool)
        before = {row["name"]: row["value"] for row in await t.rows(numbers)}
        await go_back(surroundings, database_url, older)
        number = await t.operator.book(direct(6))
        assert number > max(lost) + FAR
        after = {row["name"]: row["value"] for row in await t.rows(numbers)}
        assert set(before) <= set(after)
        assert [name for name, value in before.items() if after[name] <= value + FAR] == []
        assert await t.rows("select from bookings where id = any($1::bigint[])", lost) == []


async def test_a_store_that_went_back_under_its_processes_does_nothing_on_what_it_believed_then(
    database_url: str, surroundings: Surroundings, tmp_path: Path
) -> None:
    """A call that waited when the copy was made was made since: it is looked for first, and made by nobody again."""
    async with town(database_url, QUIET) as t:
        await t.boseat.ask("POST", "/faults", {**BUSY, "path": traits()["boseat"].creates})
        await t.mozrest.book("salon", NOON + 4 * HOUR, 120)
        for _ in range(20):
            await t.pass_time(3)
            if await t.rows("select from pushes where state = 'waiting' and attempts > 0"):
                break
        async with copy(database_url, surroundings, tmp_path) as older:
            await t.boseat.ask("DELETE", "/faults")
            await t.pass_time(60, 5)
            placed = [block["ref"] for block in await t.boseat.ours("salon")]
            assert placed
            await looked(t.pool)
            await go_back(surroundings, database_url, older)
            await writes(t.boseat)
            await t.pass_time(60)
            assert (await standing(t.pool)).doubt_due
            assert await writes(t.boseat) == {}
            async with watched(t):
                await t.pass_time(120)
            assert [block["ref"] for block in await t.boseat.ours("salon")] == placed
            assert await writes(t.boseat) == {}
            assert await t.violations() == []
            for venue_id in t.wiring.parts.premises:
                async with t.pool.acquire() as connection:
                    assert await journal.broken_at(connection, venue_id) is None


async def test_nothing_is_cancelled_before_all_was_read_since_the_store_went_back(
    database_url: str, surroundings: Surroundings, tmp_path: Path
) -> None:
    async with town(database_url, QUIET) as t:
        ref = await t.boseat.book("salon", NOON, 60)
        await t.pass_time(60)
        async with copy(database_url, surroundings, tmp_path) as older:
            await looked(t.pool)
            await go_back(surroundings, database_url, older)
            async with watched(t):
                await t.mozrest.ask("POST", "/faults", AWAY)
                (row,) = await t.rows("select id from bookings where external_id = $1", ref)
                await t.operator.cancel(row["id"], "the guest rang")
                await t.pass_time(60)
                assert (await standing(t.pool)).unread == ["mozrest-main"]
                assert [e for e in await t.boseat.taken("salon") if e["by"] == "guest"]
                await t.mozrest.ask("DELETE", "/faults")
                await t.pass_time(240)
                assert (await standing(t.pool)).unread == []
                assert await t.boseat.taken("salon") == []


async def until(pool: asyncpg.Pool, what: Callable[[Lineage], bool]) -> Lineage:
    """Look until it is so; while the database is exchanged, it is not there."""
    async with asyncio.timeout(HANGS):
        while True:
            with suppress(*DATABASE_TROUBLE):
                found = await standing(pool)
                if what(found):
                    return found
            await asyncio.sleep(0.05)


async def test_what_runs_in_web_and_worker_notices_it_and_takes_back_what_was_to_be_done(
    database_url: str, redis_url: str, surroundings: Surroundings, tmp_path: Path
) -> None:
    around = Processes(
        database_url=database_url, redis_url=redis_url, clock=SystemClock(), environ={}
    )
    async with around.wiring() as (wiring, _redis, _clock):
        pool = wiring.parts.pool
        await until(pool, lambda found: found.looks > 1)
        async with copy(database_url, surroundings, tmp_path) as older:
            looks = (await standing(pool)).looks
            await until(pool, lambda found: found.looks > looks + 1)
            await go_back(surroundings, database_url, older)
            found = await until(
                pool, lambda found: found.went_back_at is not None and not found.doubt_due
            )
    assert found.went_back_at is not None
    assert found.went_back_to is not None
    assert found.went_back_to < found.went_back_at


def base(t: Town, redis: Redis) -> Base:
    return Base(database_url=t.database_url, redis=redis, clock=t.clock, environ=SECRETS)


async def lived(t: Town, redis: Redis) -> None:
    """A process with Redis, until it has left word there."""
    async with wired(base(t, redis), wake_nobody) as wiring:
        installation = (await standing(wiring.parts.pool)).installation
        watch = wiring.watch.keep_looking(wiring.parts.pool, wake_nobody)
        async with in_background(watch, "store"), asyncio.timeout(HANGS):
            while True:
                if await redis.get(key_of(installation)) is not None:
                    break
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("kept", [True, False])
async def test_a_process_that_starts_later_hears_of_it_from_redis(
    database_url: str, redis_url: str, surroundings: Surroundings, tmp_path: Path, kept: bool
) -> None:
    """All were stopped for the restore. Where Redis lost it, too, only a person can say so."""
    async with (
        Redis.from_url(redis_url) as redis,
        town(database_url, QUIET) as t,
        copy(database_url, surroundings, tmp_path) as older,
    ):
        for _ in range(3):
            await lived(t, redis)
        await t.pool.close()  # it would know by itself
        await go_back(surroundings, database_url, older)
        if not kept:
            await redis.flushdb()
        async with wired(base(t, redis), wake_nobody) as wiring:
            found = await standing(wiring.parts.pool)
        assert (found.went_back_at is not None, found.doubt_due) == (kept, kept)


async def test_redis_is_not_believed_that_a_store_is_further_behind_than_any_can_be(
    database_url: str, redis_url: str
) -> None:
    async with Redis.from_url(redis_url) as redis, town(database_url, QUIET) as t:
        await lived(t, redis)
        key = key_of((await standing(t.pool)).installation)
        for lie in ("9" * 18, "nonsense", ""):
            await redis.set(key, lie)
            async with wired(base(t, redis), wake_nobody) as wiring:
                assert (await standing(wiring.parts.pool)).went_back_at is None


@pytest.mark.parametrize("lie", ["another type", "nonsense", "9" * 18])
async def test_no_lie_in_redis_keeps_word_from_those_that_start_later(
    database_url: str, redis_url: str, lie: str
) -> None:
    """The kind of fault: what is not believed is not written over either, and stays. It has no time to live."""
    async with Redis.from_url(redis_url) as redis, town(database_url, QUIET) as t:
        await lived(t, redis)
        key = key_of((await standing(t.pool)).installation)
        await redis.delete(key)
        await (redis.zadd(key, {"nonsense": 1}) if lie == "another type" else redis.set(key, lie))
        async with wired(base(t, redis), wake_nobody) as wiring:
            watch = wiring.watch.keep_looking(wiring.parts.pool, wake_nobody)
            async with in_background(watch, "store"), asyncio.timeout(HANGS):
                while True:
                    if await redis.type(key) == b"string" and await redis.get(key) != lie.encode():
                        break
                    await asyncio.sleep(0.02)
            assert (await standing(wiring.parts.pool)).went_back_at is None


async def test_many_processes_and_connections_at_once_notice_nothing_where_nothing_is(
    database_url: str, redis_url: str
) -> None:
    async def busy(wiring: Wiring) -> None:
        pool = wiring.parts.pool
        for _ in range(5):
            await asyncio.gather(*(pool.fetchval("select pg_sleep(0.01)") for _ in range(12)))
            await pool.expire_connections()

    async with Redis.from_url(redis_url) as redis, town(database_url, QUIET) as t:
        async with (
            wired(base(t, redis), wake_nobody) as one,
            wired(base(t, redis), wake_nobody) as two,
            in_background(one.watch.keep_looking(one.parts.pool, wake_nobody), "one"),
            in_background(two.watch.keep_looking(two.parts.pool, wake_nobody), "two"),
        ):
            await asyncio.gather(busy(one), busy(two), busy(one))
        assert (await standing(t.pool)).went_back_at is None


MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NEVER = Lineage(
    installation="i",
    looks=90,
    went_back_at=None,
    went_back_to=None,
    doubt_due=False,
    unread=["boseat-main"],
)
NOTICED = replace(NEVER, went_back_at=MOMENT, went_back_to=MOMENT - timedelta(seconds=60))


@pytest.mark.parametrize(
    ("found", "known", "hours", "health", "word"),
    [
        (NEVER, None, 1, "ok", "its processes knew"),
        (NEVER, 90, 1, "ok", "its processes knew"),
        (NEVER, 91, 1, "fail", "older state than"),
        (replace(NOTICED, doubt_due=True), None, 1, "fail", "nothing is sent"),
        (NOTICED, None, 1, "warn", "nothing is cancelled or released at venues of boseat-main"),
        (NOTICED, None, 100, "warn", "state of 2026-03-02T09:29:00"),
        (replace(NOTICED, went_back_to=None), None, 1, "warn", "an unknown moment"),
        (replace(NOTICED, unread=[]), None, 1, "warn", "all was read since"),
        (replace(NOTICED, unread=[]), None, 25, "ok", "all was read since"),
    ],
)
def test_the_doctor_says_how_far_the_store_can_be_trusted(
    found: Lineage, known: int | None, hours: int, health: str, word: str
) -> None:
    line = judged(found, known, MOMENT + hours * HOUR)
    assert (line.health, word in line.told) == (health, True), line.told


async def test_the_doctor_sees_by_redis_that_nobody_has_noticed_it_yet(
    database_url: str, redis_url: str
) -> None:
    async with Redis.from_url(redis_url) as redis, town(database_url, QUIET) as t:
        await lived(t, redis)
        here = {"HOLDFAST_DATABASE_URL": database_url, "HOLDFAST_REDIS_URL": redis_url}
        settings = Settings.from_environ(here)
        async with t.pool.acquire() as connection:
            assert (await same_store(connection, settings, t.clock.now())).health == "ok"
            await connection.execute("update lineage set looks = 0")
            assert (await same_store(connection, settings, t.clock.now())).health == "fail"


async def test_all_who_notice_it_are_one(
    database_url: str, redis_url: str, surroundings: Surroundings, tmp_path: Path
) -> None:
    async with Redis.from_url(redis_url) as redis, town(database_url, QUIET) as t:
        async with (
            wired(base(t, redis), wake_nobody) as one,
            wired(base(t, redis), wake_nobody) as two,
            copy(database_url, surroundings, tmp_path) as older,
        ):
            await looked(one.parts.pool, two.parts.pool)
            await go_back(surroundings, database_url, older)
            first = await one.parts.pool.fetchval("select last_value from bookings_id_seq")
            second = await two.parts.pool.fetchval("select last_value from bookings_id_seq")
        assert first == second > FAR
