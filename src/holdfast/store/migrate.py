"""Brings a database to the newest schema: plain SQL files, forward only, each in its own transaction."""

from importlib.resources import files

import asyncpg

_LOCK = 4_839_201_700  # any number: two migrations at once wait for each other


def migrations() -> list[tuple[str, str]]:
    """Every migration in order, as (name, SQL)."""
    folder = files("holdfast.store") / "migrations"
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return sorted((entry.name[:-4], entry.read_text(encoding="utf-8")) for entry in found)


async def pending(database_url: str) -> list[str]:
    """The names of the migrations that are still to come; nothing is changed."""
    connection = await asyncpg.connect(database_url)
    try:
        done = await _done(connection)
        return [name for name, _ in migrations() if name not in done]
    finally:
        await connection.close()


async def migrate(database_url: str) -> list[str]:
    """Apply what is missing and return its names. Safe to run at once from several processes."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        done = await _done(connection)
        missing = [(name, sql) for name, sql in migrations() if name not in done]
        for name, sql in missing:
            await _apply(connection, name, sql)
        return [name for name, _ in missing]
    finally:
        await connection.close()


async def _done(connection: asyncpg.Connection) -> set[str]:
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return set()
    rows = await connection.fetch("select name from schema_migrations")
    return {row["name"] for row in rows}


async def _apply(connection: asyncpg.Connection, name: str, sql: str) -> None:
    async with connection.transaction():
        await connection.execute(
            "create table if not exists schema_migrations"
            " (name text primary key, applied_at timestamptz not null default now())"
        )
        await connection.execute(sql)
        await connection.execute("insert into schema_migrations (name) values ($1)", name)
