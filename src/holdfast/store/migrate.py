"""Brings a database to the newest schema: plain SQL files, forward only, each in its own transaction."""

import asyncio
import re
from collections.abc import Sequence
from importlib.resources import files

import asyncpg

_LOCK = 4_839_201_700  # any number: two migrations at once wait for each other

_LOCK_SECONDS = 2
"""So long one statement waits for a table: whoever wants that table meanwhile waits behind it."""

_TRIES, _PAUSE_SECONDS = 300, 0.2
"""At least a minute: whoever works lets go of a table after milliseconds, and takes it again."""

_CHANGED = re.compile(r"\b(?:alter|drop)\s+table\s+(?:if\s+exists\s+)?(\w+)", re.IGNORECASE)

Migration = tuple[str, str]
"""Its name and its SQL."""


class Busy(Exception):
    """A table that a migration changes was in use all the time; nothing of that migration was done."""


def migrations() -> list[Migration]:
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


async def migrate(database_url: str, every: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is missing of all (`every`: of these) and return its names.

    Safe to run at once from several processes, and while others work. Raises Busy.
    """
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        done = await _done(connection)
        missing = [(name, sql) for name, sql in every or migrations() if name not in done]
        for name, sql in missing:
            await _apply_patiently(connection, name, sql)
        return [name for name, _ in missing]
    finally:
        await connection.close()


async def _done(connection: asyncpg.Connection) -> set[str]:
    if await connection.fetchval("select to_regclass('schema_migrations')") is None:
        return set()
    rows = await connection.fetch("select name from schema_migrations")
    return {row["name"] for row in rows}


async def _apply_patiently(connection: asyncpg.Connection, name: str, sql: str) -> None:
    for _ in range(_TRIES):
        try:
            await _apply(connection, name, sql)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
    raise Busy(f"{name} was not applied, its tables are in use: try again, or see who holds them")


async def _apply(connection: asyncpg.Connection, name: str, sql: str) -> None:
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '{_LOCK_SECONDS}s'")
        await connection.execute(
            "create table if not exists schema_migrations"
            " (name text primary key, applied_at timestamptz not null default now())"
        )
        await _take_all(connection, sql)
        await connection.execute(sql)
        await connection.execute("insert into schema_migrations (name) values ($1)", name)


async def _take_all(connection: asyncpg.Connection, sql: str) -> None:
    """Every table that it changes, at once or none: whoever holds one and waits for the next meets a worker that does
    the opposite, and has to give way each time."""
    there = await connection.fetch(
        "select quote_ident(relname) as name from pg_class"
        " where relkind = 'r' and relnamespace = 'public'::regnamespace and relname = any($1)",
        list(set(_CHANGED.findall(sql))),
    )
    if there:
        names = ", ".join(sorted(row["name"] for row in there))
        await connection.execute(f"lock table {names} in access exclusive mode nowait")
