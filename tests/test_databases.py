"""A database that a test leaves behind is handed on as good as new, or not at all."""

import asyncpg
import pytest
from tests.conftest import Surroundings, connected, furnished
from tests.databases import PRINT, as_new
from tests.web.rows import NOW, Rows


async def test_rows_are_gone_and_numbers_begin_anew_and_the_journal_guards_itself_again(
    surroundings: Surroundings,
) -> None:
    spare = await furnished(surroundings)
    seen = []
    for _ in range(2):
        async with asyncpg.create_pool(spare.url, min_size=1, max_size=1) as pool:
            venue = await Rows(pool).venue()
            await pool.execute(
                "insert into journal (venue_id, seq, at, kind, actor, data, hash)"
                " values ($1, 1, $2, 'told', 'test', '{}', '')",
                venue,
                NOW,
            )
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await pool.execute("delete from journal")
            counts = await pool.fetchrow(
                "select (select count(*) from venues), (select count(*) from journal)"
            )
            seen.append((venue, *counts))
        assert await as_new(spare)
    assert seen == [(1, 1, 1), (1, 1, 1)]


async def test_whoever_is_still_in_it_is_thrown_out(surroundings: Surroundings) -> None:
    spare = await furnished(surroundings)
    async with connected(spare.url) as forgotten:
        await forgotten.execute("begin; lock table venues in access exclusive mode")
        assert await as_new(spare)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await forgotten.execute("select 1")


@pytest.mark.parametrize(
    "statement",
    [
        "alter table accounts alter active drop default",
        "alter table accounts alter active set default false",
        "alter table listings add check (name <> 'bar-rooms')",
        "alter table venues rename to houses",
        "alter table journal disable trigger journal_append_only",
        "alter function journal_is_append_only() strict",
        "drop index inbox_due",
        "drop table journal",
        "create table words (word text)",
        "create sequence numbers",
        "create view names as select name from venues",
        "create function one() returns int language sql as 'select 1'",
        "create schema elsewhere",
        "create rule deaf as on insert to inbox do instead nothing",
        "create statistics related on name, id from venues",
        "create type mood as enum ('good')",
        "delete from schema_migrations",
        "insert into schema_migrations (name) values ('9999_from_the_future')",
        "do $$ begin execute format('alter database %I set work_mem = 64', current_database()); end $$",
    ],
)
async def test_whatever_else_is_done_to_it_is_noticed(database_url: str, statement: str) -> None:
    async with connected(database_url) as connection:
        before = await connection.fetchval(PRINT)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(statement)
        assert await connection.fetchval(PRINT) != before
        await transaction.rollback()
        assert await connection.fetchval(PRINT) == before


async def test_one_that_was_altered_or_measured_or_is_gone_is_not_handed_on(
    surroundings: Surroundings,
) -> None:
    for statement in ("drop index inbox_due", "drop table journal", "analyze venues"):
        spare = await furnished(surroundings)
        async with connected(spare.url) as connection:
            await connection.execute(statement)
        assert not await as_new(spare), statement
    async with connected(surroundings.database_url) as connection:
        await connection.execute(f"drop database {spare.name}")
    assert not await as_new(spare)
