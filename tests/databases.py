"""Databases that tests have one after the other: emptied in milliseconds, where a new one costs a quarter of a second.

Only a database that cannot be told from a new one is handed on. Whatever else a test did to it than
to write rows (a table altered, a trigger switched off, a setting, even statistics for the planner)
shows in its print, and it is dropped.
"""

from dataclasses import dataclass

import asyncpg

EMPTIED = """
do $$
declare
  a_table text;
begin
  -- No trigger and no foreign key stands in the way: the journal guards itself against this.
  set local session_replication_role = replica;
  for a_table in
    select format('%I', tablename) from pg_tables
    where schemaname = 'public' and tablename <> 'schema_migrations'
  loop
    execute 'delete from ' || a_table;
  end loop;
  perform setval(format('%I', sequencename), start_value, false) from pg_sequences
  where schemaname = 'public' and last_value is not null;
end $$
"""

# Every change of a catalogue's row gives it another xmin; 16384 is the first number that is not Postgres's own.
PRINT = """
select md5(string_agg(line, ' ' order by line)) from (
  select concat('class ', oid, ' ', xmin, ' ', reltuples, ' ', relpages) as line
  from pg_class where oid >= 16384
  union all select concat('column ', attrelid, ' ', attnum, ' ', xmin)
  from pg_attribute where attrelid >= 16384
  union all select concat('default ', oid, ' ', xmin) from pg_attrdef
  union all select concat('constraint ', oid, ' ', xmin) from pg_constraint where oid >= 16384
  union all select concat('index ', indexrelid, ' ', xmin) from pg_index where indexrelid >= 16384
  union all select concat('trigger ', oid, ' ', xmin) from pg_trigger
  union all select concat('function ', oid, ' ', xmin) from pg_proc where oid >= 16384
  union all select concat('type ', oid, ' ', xmin) from pg_type where oid >= 16384
  union all select concat('statistics ', oid, ' ', xmin) from pg_statistic_ext
  union all select concat('schema ', oid, ' ', xmin) from pg_namespace
  union all select concat('rule ', oid, ' ', xmin) from pg_rewrite where oid >= 16384
  union all select concat('policy ', oid, ' ', xmin) from pg_policy
  union all select concat('extension ', oid, ' ', xmin) from pg_extension
  union all select concat('waker ', oid, ' ', xmin) from pg_event_trigger
  union all select concat('setting ', setrole, ' ', setconfig) from pg_db_role_setting
  where setdatabase in (0, (select oid from pg_database where datname = current_database()))
  union all select concat('prepared ', gid) from pg_prepared_xacts where database = current_database()
  union all select concat('migration ', name, ' ', applied_at) from schema_migrations
) as everything
"""

ALONE = """
select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
"""

PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Spare:
    """A database without rows that nobody uses, and its print when it was new."""

    name: str
    url: str
    print: str


async def print_of(url: str) -> str:
    """What a database is but for the rows in it: the same text for the same schema and settings."""
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval(PRINT))
    finally:
        await connection.close()


async def as_new(spare: Spare) -> bool:
    """Whether it could be made as it was when it was new; whoever is still connected is thrown out."""
    try:
        connection = await asyncpg.connect(spare.url, command_timeout=PATIENCE_SECONDS)
    except (asyncpg.PostgresError, OSError):
        return False
    try:
        await connection.fetchval(ALONE)
        await connection.execute(EMPTIED)
        return bool(await connection.fetchval(PRINT) == spare.print)
    except (
        asyncpg.PostgresError
    ):  # dropped, or altered beyond this, or not allowed on a server of yours
        return False
    finally:
        await connection.close()
