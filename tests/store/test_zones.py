"""One zone database: the package that we demand, for Python and for whatever is asked of Postgres.

The kind of fault: two parties reckon with zones from different years, and each day's first hour belongs to two days or
to none. It stands wherever SQL converts a time by its zone, and wherever a machine's own zone files are read.
"""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from tests.web.rows import Rows

from holdfast.inventory.wall import today, whole_day
from holdfast.store import venues

MOVED = ["America/Vancouver", "America/Edmonton", "Africa/Casablanca"]
"""Their rules changed in 2026, so that older databases differ on a winter's day."""
DECEMBER = datetime(2026, 12, 10, 20, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("zone", [*MOVED, "Europe/Paris", "Pacific/Chatham"])
async def test_a_day_in_sql_begins_and_ends_when_it_does_in_python(
    pool: asyncpg.Pool, rows: Rows, zone: str
) -> None:
    venue = await rows.venue(timezone=zone)
    day = today(DECEMBER, ZoneInfo(zone))
    for first in (day.start - MINUTE, day.start, day.end - MINUTE, day.end):
        await rows.booking(venue, start=first, end=first + MINUTE)
    (shown,) = await venues.page(pool, None, None, DECEMBER, 2)
    assert shown.booked == 2


def test_vancouver_keeps_its_summer_time_in_the_winter_of_2026() -> None:
    day = whole_day(DECEMBER.date(), ZoneInfo("America/Vancouver"))
    assert day.start == datetime(2026, 12, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize("begin", ["import holdfast.__main__", "import holdfast.inventory.wall"])
def test_a_machines_own_zone_files_are_never_read(tmp_path: Path, begin: str) -> None:
    older = tmp_path / "America" / "Vancouver"
    older.parent.mkdir()
    older.write_bytes((files("tzdata") / "zoneinfo" / "Etc" / "GMT+8").read_bytes())
    program = (
        "import sys; from datetime import *; from zoneinfo import ZoneInfo; ZoneInfo('America/Vancouver'); "
        f"{begin}; print(datetime(2026, 12, 10, tzinfo=ZoneInfo('America/Vancouver')).utcoffset())"
    )
    environ = {**os.environ, "PYTHONTZPATH": str(tmp_path)}
    told = subprocess.run(  # noqa: S603 (this interpreter, a program of ours)
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "-1 day, 17:00:00"


def test_no_query_reckons_with_zones() -> None:
    wrong = re.compile(r"at\s+time\s+zone|\btimezone\s*\(", re.IGNORECASE)
    source = Path(str(files("holdfast")))
    found = {path.name for path in source.rglob("*.sql") if wrong.search(path.read_text("utf-8"))}
    assert found == set()
