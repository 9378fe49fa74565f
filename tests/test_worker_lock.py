"""A worker shows that it lives, and does so again when its connection broke."""

from collections.abc import Awaitable

from tests.town import CALM, Plan, Town, town

from holdfast.soak.program import until
from holdfast.store import worker_locks
from holdfast.worker_lock import alive

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
 where application_name = 'holdfast lock' and datname = current_database()
"""


async def locked(t: Town) -> bool:
    held = (
        "select count(*) from pg_locks where locktype = 'advisory' and classid = 3107 and granted"
    )
    return bool(await t.pool.fetchval(held))


async def test_a_worker_has_a_number_from_its_start_until_its_end(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = t.wiring.parts
        async with alive(parts, database_url, "here:1"):
            assert parts.holder is not None
            assert await locked(t)
        await until(lambda: _not(locked(t)), "the lock is free")


async def test_a_worker_keeps_its_number_when_only_its_connection_broke(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = t.wiring.parts
        async with alive(parts, database_url, "here:1"):
            number = parts.holder
            await t.pool.execute(CUT)
            await until(lambda: _not(locked(t)), "the lock is free")
            await until(lambda: locked(t), "the lock is held")
            assert parts.holder == number


async def test_a_worker_that_others_took_over_from_begins_anew(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = t.wiring.parts
        async with alive(parts, database_url, "here:1"):
            number = parts.holder

            async def taken_over() -> bool:
                await t.pool.execute(CUT)
                async with t.pool.acquire() as connection:
                    found = await worker_locks.take_over(connection, parts.now())
                return bool(found.workers)

            await until(taken_over, "others take over")
            await until(lambda: _changed(parts.holder, number), "a new number")


async def _not(known: Awaitable[bool]) -> bool:
    return not await known


async def _changed(one: int | None, other: int | None) -> bool:
    return one != other
