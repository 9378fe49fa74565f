"""What operators do while guests book: deploys, migrations, an emptied Redis, another Redis, a failing reader."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import asyncpg
import pytest
from redis.asyncio import Redis
from tests.acceptance.stage import Stage, seeded, tell

from holdfast.soak.crowd import Crowd
from holdfast.soak.program import finished
from holdfast.store.migrate import Migration, migrate, migrations

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAUSE = 0.2
"""Seconds between two acts of guests."""

OURS = ("web", "worker.1", "worker.2")
TABLES = ("accounts", "bookings", "blocks", "pushes", "inbox", "cursors", "offers", "venues")
ADDITIVE: Migration = (
    "9999_pre_additive",
    "create table added (id bigint primary key);"
    + "".join(f"alter table {name} add column added text default 'x';" for name in TABLES),
)
BROKEN: Migration = ("9998_pre_broken", f"{ADDITIVE[1]} select 1 / 0;")
UNDO = "drop table added;" + "".join(f"alter table {name} drop column added;" for name in TABLES)
FAULTS = ("Traceback", "lane_failed", "request_failed", "task_died", "configuration_not_taken")


def pids(stage: Stage) -> list[int]:
    return [stage.programs[name].pid for name in OURS]


def unharmed(stage: Stage) -> None:
    """Nobody ended, and nothing was said that a person would have to look at."""
    for name in OURS:
        said = stage.programs[name].said()
        assert not stage.programs[name].ended
        assert not [fault for fault in FAULTS if fault in said], said


@asynccontextmanager
async def guests(stage: Stage, name: str) -> AsyncIterator[Crowd]:
    """They book as long as the block lasts; afterwards nobody only holds."""
    crowd = Crowd(sides=stage.sides, random=seeded(name))
    enough = asyncio.Event()

    async def live() -> None:
        while not enough.is_set():
            await crowd.act()
            await asyncio.sleep(PAUSE)

    async with asyncio.TaskGroup() as group:
        group.create_task(live())
        try:
            yield crowd
        finally:
            enough.set()
    await crowd.decide_all()


async def applied(stage: Stage, *more: Migration) -> list[str]:
    return await migrate(stage.settings["HOLDFAST_DATABASE_URL"], [*migrations(), *more])


async def undone(stage: Stage) -> None:
    """As patiently as any migration: the workers go on."""
    await applied(stage, ("9999_pre_undo", UNDO))
    await stage.pool.execute("delete from schema_migrations where name like '999%'")


async def columns(stage: Stage) -> Sequence[str]:
    rows = await stage.pool.fetch(
        "select table_name || '.' || column_name as name from information_schema.columns"
        " where table_schema = 'public' order by 1"
    )
    return [row["name"] for row in rows]


async def test_workers_and_web_replaced_one_after_another_among_guests_lose_nothing(
    on_stage: Stage,
) -> None:
    async with guests(on_stage, "rolling"):
        for name in ("worker.1", "worker.2", "web", "worker.1"):
            on_stage.programs[name].send(signal.SIGTERM)
            assert await on_stage.programs[name].end() == 0
            await on_stage.raise_again(name)
    began = time.monotonic()
    await on_stage.agrees()
    tell(f"agreed {time.monotonic() - began:.1f} s after the last guest of a rolling deploy")
    unharmed(on_stage)


async def test_a_migration_among_guests_waits_its_turn_and_ends_nobody(on_stage: Stage) -> None:
    before = pids(on_stage)
    async with guests(on_stage, "migration"):
        async with on_stage.pool.acquire() as connection, connection.transaction():
            await connection.execute("select count(*) from bookings")
            both = asyncio.gather(applied(on_stage, ADDITIVE), applied(on_stage, ADDITIVE))
            await asyncio.sleep(3)  # somebody looks for longer than a migration waits for a table
            assert not both.done()
        assert sorted(await both) == [[], [ADDITIVE[0]]]
        await asyncio.sleep(1)  # a second of life with the newer schema
    await on_stage.agrees()
    unharmed(on_stage)
    assert pids(on_stage) == before
    await undone(on_stage)


async def test_a_migration_that_fails_in_the_middle_leaves_everything_as_it_was(
    on_stage: Stage,
) -> None:
    before = await columns(on_stage)
    async with guests(on_stage, "broken"):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await applied(on_stage, BROKEN)
    assert await columns(on_stage) == before
    assert await applied(on_stage) == []
    await on_stage.agrees()
    unharmed(on_stage)


async def test_a_process_refuses_an_older_schema_in_one_line_and_accepts_a_newer_one(
    on_stage: Stage, empty_database_url: str
) -> None:
    older = {**on_stage.settings, "HOLDFAST_DATABASE_URL": empty_database_url}
    needed = [name for name, _ in migrations() if "_post_" not in name]  # those come after it
    for command in ("web", "worker"):
        refused = await finished(on_stage.folder, command, **older)
        assert refused.code == 1
        assert refused.err.splitlines() == [
            "holdfast: the database is too old, missing:"
            f" {', '.join(needed)}. Run `holdfast migrate`"
        ]
    await applied(on_stage, ADDITIVE)
    try:
        on_stage.programs["worker.1"].send(signal.SIGTERM)
        await on_stage.programs["worker.1"].end()
        await on_stage.raise_again("worker.1")
    finally:
        await undone(on_stage)


async def test_redis_emptied_again_and_again_and_then_replaced_by_an_empty_one_loses_nothing(
    on_stage: Stage,
) -> None:
    async with guests(on_stage, "redis"):
        async with Redis.from_url(on_stage.settings["HOLDFAST_REDIS_URL"]) as redis:
            for _ in range(20):
                await redis.flushall()
                await asyncio.sleep(0.1)
        await on_stage.redis.kill()
        await on_stage.raise_again("redis")
    await on_stage.agrees()
    unharmed(on_stage)


async def test_two_workers_read_no_account_twice_within_its_interval(on_stage: Stage) -> None:
    query = "select id, started_at, due_at from readings where started_at is not null"
    seen: dict[int, list[asyncpg.Record]] = {}
    end = time.monotonic() + 8
    while time.monotonic() < end:
        for row in await on_stage.pool.fetch(query):
            readings = seen.setdefault(row["id"], [])
            if not readings or readings[-1]["started_at"] != row["started_at"]:
                readings.append(row)
        await asyncio.sleep(0.02)
    gaps = [
        (later["started_at"] - sooner["started_at"]).total_seconds()
        for readings in seen.values()
        for sooner, later in pairwise(readings)
    ]
    assert gaps
    assert min(gaps) >= SHORTEST
    tell(f"{len(gaps)} readings by two workers, at least {min(gaps):.2f} s apart")


SHORTEST = 1.7
"""Seconds: every two, with a jitter of a tenth."""
