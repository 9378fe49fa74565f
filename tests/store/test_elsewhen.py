"""Another moment: the database's clock and every process's moved together, by a seam of our own."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import connected
from tests.moments import KATHMANDU, MOMENTS, PARIS

from holdfast.agreement import agreed
from holdfast.clock import TEST_AHEAD, SystemClock
from holdfast.embedded import embedded_postgres
from holdfast.settings import Settings, SettingsError
from holdfast.soak.program import finished
from holdfast.store import schedule
from holdfast.store.elsewhen import moved
from holdfast.store.migrate import migrate

SECOND, YEAR = timedelta(seconds=1), timedelta(days=365)
TOLD = "now(), transaction_timestamp(), statement_timestamp(), clock_timestamp()"


async def test_every_function_of_a_moved_connection_tells_the_other_moment(
    database_url: str,
) -> None:
    async with connected(database_url) as here, connected(moved(database_url, YEAR)) as there:
        for now, then in zip(
            await here.fetchrow(f"select {TOLD}"),
            await there.fetchrow(f"select {TOLD}"),
            strict=True,
        ):
            assert YEAR <= then - now < YEAR + 30 * SECOND
        first = await schedule.database_now(there)
        assert await schedule.database_now(there) > first  # it ticks


async def test_a_default_follows_the_connection_once_the_database_was_taught_first(
    database_url: str,
) -> None:
    async with connected(moved(database_url, YEAR)) as there:
        now = await there.fetchval("select now()")
        await there.execute("create temp table kept (at timestamptz default now())")
        assert now <= await there.fetchval("insert into kept default values returning at")


async def test_all_processes_agree_on_the_moment_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TEST_AHEAD, str(YEAR.total_seconds()))
    async with embedded_postgres(tmp_path, durable=False) as url:
        await migrate(url)
        clock = await agreed(SystemClock(), url)
        assert abs(clock.ahead) < 1
        done = await finished(tmp_path, "doctor", HOLDFAST_DATABASE_URL=url)
        assert "this machine and the database agree" in done.out


async def test_a_migration_under_another_moment_lands_where_it_always_does(
    empty_database_url: str,
) -> None:
    url = moved(empty_database_url, YEAR)
    await migrate(url)
    async with connected(url) as connection:
        where = await connection.fetchval(
            "select schemaname from pg_tables where tablename = 'bookings'"
        )
    assert where == "public"


@pytest.mark.parametrize("text", ["tomorrow", "nan", "1e300"])
def test_what_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=f"{TEST_AHEAD}: expected a number of seconds"):
        Settings.from_environ({TEST_AHEAD: text})


@pytest.mark.parametrize(
    "url", ["postgresql://127.0.0.1:5433/holdfast", "postgresql://me@/holdfast?host=/tmp/sockets"]
)
def test_another_moment_is_for_tests_on_this_machine(url: str) -> None:
    environ = {TEST_AHEAD: "60", "HOLDFAST_DATABASE_URL": url}
    assert Settings.from_environ(environ).test_ahead == timedelta(minutes=1)


def test_a_database_elsewhere_never_sees_another_moment() -> None:
    environ = {TEST_AHEAD: "60", "HOLDFAST_DATABASE_URL": "postgresql://db.example/holdfast"}
    with pytest.raises(SettingsError, match=f"{TEST_AHEAD}: is for tests only"):
        Settings.from_environ(environ)


@pytest.mark.parametrize("name", MOMENTS)
def test_each_moment_lies_just_before_what_is_special_about_it(name: str) -> None:
    """Whatever day it is: asked on each day of a year."""
    start = SystemClock().now()
    for day in range(366):
        now = start + timedelta(days=day)
        at = MOMENTS[name].at(now)
        before, after = (at.astimezone(PARIS), (at + timedelta(minutes=2)).astimezone(PARIS))
        shift = {"23-hour-day": 1, "25-hour-day": -1}.get(name, 0)
        assert _offset(after) - _offset(before) == timedelta(hours=shift)
        if name == "new-year-in-kathmandu":
            assert (at + timedelta(minutes=1)).astimezone(KATHMANDU).strftime("%m-%d") == "01-01"
        if name != "leap-day":
            assert now < at < now + timedelta(days=400)


def _offset(at: datetime) -> timedelta:
    return at.utcoffset() or timedelta(0)
