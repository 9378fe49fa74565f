"""What benches hold Holdfast against: made from its own statements, without changing it."""

import asyncio

import asyncpg

from holdfast.bench.budget import in_order_of_wishes
from holdfast.bench.tape import RecordedPool, Tape
from holdfast.store.queries import load


def test_calls_go_as_they_were_wished_for_only_as_long_as_that_is_measured() -> None:
    ours = load("pushes")["claim"]
    with in_order_of_wishes():
        other = load("pushes")["claim"]
        assert "case when $5 then p.attempts end, p.wished_at, p.id limit $3" in other
    assert load("pushes")["claim"] == ours != other


async def test_what_was_recorded_can_be_asked_for_again_and_is_done_again(
    database_url: str,
) -> None:
    tape = Tape()
    async with asyncpg.create_pool(database_url, min_size=2, max_size=2) as pool:
        await pool.execute("create table notes (name text)")
        recorded = RecordedPool(pool, tape)

        async def write(name: str) -> None:
            async with recorded.acquire() as connection, connection.transaction():
                await connection.execute("insert into notes values ($1)", name)

        await asyncio.gather(write("one"), write("two"))
        await write("three")
        await tape.played(pool)
        found = await pool.fetch("select name, count(*) as times from notes group by name")
    assert {row["name"]: row["times"] for row in found} == {"one": 2, "two": 2, "three": 2}
    assert [began for began, _ in tape.events].count(True) == 3
