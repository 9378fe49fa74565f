"""All migrations together are the declared schema, whoever runs them and however often."""

import asyncio
import hashlib
import re
from importlib.resources import files

from tests.conftest import connected

from holdfast.store.migrate import migrate, migrations, pending

LANDED = {
    "0001_pre_first_schema": "d8c8f03cc6254b65dcea4684c81b4b25d5b48ae93555a73bbf7b7f6cd251000b",
    "0002_pre_screens": "883e1c63d55c133709b395f63ad8e74cdca6208f97608156bdeb6d398d4fb856",
    "0003_pre_people": "17c0241766c9ed8a78e8f4fdaec150e7d89bbf6cb9dd818323877b473b549cca",
    "0004_pre_pauses": "2a6b0117cdfbf1e11f65d9749bf53e7f0259a9fb89251ca250c5683eccb682f1",
    "0005_pre_breakers": "73b883b05c9cc71ae46c95fcd38d7ac46ad11e8c25ad0adab5af2fe2ae5c5b56",
    "0006_pre_waiting": "a1baa4891123c3df8b04480e220fd84422df96f4e15300545742cdee90b493ad",
    "0007_post_one_index_less": "dd3968169b9b8db8c5c4ca06c013dafeacdf4e1b0c71f8bd6ddf8f17a649ff3b",
    "0008_pre_readings": "3a6ca9306505b9fbf863cd861a9c02e595f6c0b29aed6bafd670545531ea42a2",
    "0009_pre_limits": "9a4e211f0692ed37845b104306813abe9d7e664db0bacc42f2e4ffb13a21e187",
    "0010_pre_worker_stopped": "18df813e64dbe6c8833bab6c43abc1ef2749f9c97a26504f2f64e04853c5f350",
    "0011_pre_absences_and_decisions": "1161cb75d0db631ac89d4636f2582d33dd831e7d2a35d3dfc9b40930767e5bbb",
    "0012_pre_identity": "9bc20d3e5ac770d7857b7e3885d1ae3a968d13b39124fa4caa1eedb5ab1d693a",
    "0013_pre_restored": "f6aaa0c103771eb3dc0f2b570c92ca55c6f64d4f86d4b4fe4c39af09508ff823",
    "0015_pre_unsold": "59a70007a1a90c7de71640e79772715a9416eab97625d767006e03621de7a2a5",
    "0017_pre_shrunk": "df6c6b0a9c5aae9ada1041a874fe8f7002c5ebc57cdd244e5b7d1931fa939b7d",
    "0016_pre_worker_locks": "bb42d537c9342158c6ec9679dcfa09349a576de678a2a1e7a685ac7a70a721cc",
}
"""SHA-256 of every migration that has landed. A new one is added here; an old one never changes."""

CATALOG = {
    "columns": """
        select c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid) as fallback
          from pg_attribute a join pg_class c on c.oid = a.attrelid
          left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0
           and not a.attisdropped""",
    "constraints": """
        select conrelid::regclass::text, conname, contype, convalidated, pg_get_constraintdef(oid)
          from pg_constraint where connamespace = 'public'::regnamespace""",
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'",
    "triggers": """
        select tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid) from pg_trigger
         where not tgisinternal""",
    "functions": """
        select proname, pg_get_functiondef(oid) from pg_proc
         where pronamespace = 'public'::regnamespace""",
    "the rest": """
        select relname, relkind, relpersistence from pg_class
         where relnamespace = 'public'::regnamespace""",
}
"""Everything that a schema consists of; the record of the migrations themselves is none of it."""

Catalog = dict[str, set[tuple[object, ...]]]


async def catalog(url: str) -> Catalog:
    async with connected(url) as connection:
        found = {name: await connection.fetch(query) for name, query in CATALOG.items()}
    return {
        name: {tuple(row) for row in rows if "schema_migrations" not in str(tuple(row))}
        for name, rows in found.items()
    }


async def test_the_migrations_add_up_to_the_declared_schema(
    database_url: str, empty_database_url: str
) -> None:
    declared = (files("holdfast.store") / "schema.sql").read_text(encoding="utf-8")
    async with connected(empty_database_url) as connection:
        await connection.execute(declared)
    expected = await catalog(empty_database_url)
    assert all(expected.values())
    assert await catalog(database_url) == expected


async def test_a_difference_in_any_part_of_the_schema_is_noticed(database_url: str) -> None:
    before = await catalog(database_url)
    for name, change in (
        ("columns", "alter table accounts alter active drop default"),
        ("constraints", "alter table allocations drop constraint allocations_no_overlap"),
        ("indexes", "drop index inbox_due"),
        ("triggers", "alter table journal disable trigger journal_append_only"),
        ("functions", "alter function journal_is_append_only() strict"),
        ("the rest", "create sequence one_too_many"),
    ):
        async with connected(database_url) as connection:
            await connection.execute(change)
        after = await catalog(database_url)
        assert after[name] != before[name]


async def test_migrating_an_empty_database_applies_all_and_then_nothing(
    empty_database_url: str,
) -> None:
    names = [name for name, _ in migrations()]
    assert await pending(empty_database_url) == names
    assert await migrate(empty_database_url) == names
    once = await catalog(empty_database_url)
    assert await pending(empty_database_url) == []
    assert await migrate(empty_database_url) == []
    assert await catalog(empty_database_url) == once


async def test_asking_what_is_pending_changes_nothing(empty_database_url: str) -> None:
    before = await catalog(empty_database_url)
    await pending(empty_database_url)
    assert await catalog(empty_database_url) == before


async def test_several_migrations_at_once_apply_everything_once(empty_database_url: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database_url) for _ in range(5)))
    names = [name for name, _ in migrations()]
    assert sorted(applied) == [[], [], [], [], names]
    async with connected(empty_database_url) as connection:
        rows = await connection.fetch("select name from schema_migrations order by name")
    assert [row["name"] for row in rows] == names


async def test_migrating_keeps_the_rows_that_are_there(database_url: str) -> None:
    async with connected(database_url) as connection:
        await connection.execute(
            "insert into workers (id, version, started_at, beat_at) values ('w', '0', now(), now())"
        )
    await migrate(database_url)
    async with connected(database_url) as connection:
        assert await connection.fetchval("select count(*) from workers") == 1


def test_a_migration_that_has_landed_is_never_edited() -> None:
    sums = {name: hashlib.sha256(sql.encode()).hexdigest() for name, sql in migrations()}
    assert sums == LANDED


def test_migrations_are_numbered_in_order_and_say_when_they_are_deployed() -> None:
    found = [re.match(r"(\d{4})_(pre|post)_", name) for name, _ in migrations()]
    numbers = [one[1] for one in found if one is not None]
    assert len(numbers) == len(found)
    assert numbers == sorted(set(numbers))  # two that are made at the same time may leave a gap


async def test_deleting_one_thing_never_deletes_facts_about_another(database_url: str) -> None:
    async with connected(database_url) as connection:
        rows = await connection.fetch(
            "select conrelid::regclass::text as gone from pg_constraint"
            " where contype = 'f' and confdeltype <> 'a'"
        )
    gone = {row["gone"] for row in rows}
    assert "allocations" in gone
    assert gone & {"bookings", "blocks", "pushes", "inbox", "journal", "conflicts"} == set()
