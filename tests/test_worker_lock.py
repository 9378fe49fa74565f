"""A worker shows that it lives, and does so again when its connection broke."""

from tests.town import CALM, Plan, Town, town

from holdfast.soak.program import until
from holdfast.store import worker_locks
from holdfast.worker_lock import alive

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
 where application_name = 'holdfast lock' and datname = current_database()
"""


HOLDER = """
select l.pid from pg_locks l join pg_database d on d.oid = l.database
 where l.locktype = 'advisory' and l.classid = 3107 and l.granted and d.datname = current_database()
"""
"""The server shows the locks of all its databases, those of other tests among them."""


async def session(t: Town) -> int | None:
    """The one that has the lock."""
    found: int | None = await t.pool.fetchval(HOLDER)
    return found


async def test_a_worker_has_a_number_from_its_start_until_its_end(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = t.wiring.parts
        async with alive(parts, database_url, "here:1"):
            assert parts.holder is not None
            assert await session(t)

        async def free() -> bool:
            return await session(t) is None

        await until(free, "the lock is free")


async def test_a_worker_keeps_its_number_when_only_its_connection_broke(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        parts = t.wiring.parts
        async with alive(parts, database_url, "here:1"):
            number, before = parts.holder, await session(t)
            await t.pool.execute(CUT)

            async def held_again() -> bool:
                return await session(t) not in (None, before)

            await until(held_again, "the lock is held again")
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


async def _changed(one: int | None, other: int | None) -> bool:
    return one != other
