"""What leaves the configuration with guests or blocks of ours behind it is named first, and wants a yes of its own."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.test_log_commands import holdfast
from tests.town import CALM, Plan, Town, configuration_text, town

SALON = r'(?s)\[\[venues\.listings\]\]\nname = "salon-boseat".*?(?=\[\[)'
MOZREST = r'(?s)\[\[accounts\]\]\nname = "mozrest-main".*?(?=\[\[)'
SOLD_BY_MOZREST = r'(?s)\[\[venues\.listings\]\]\nname = "[a-z-]*-mozrest".*?(?=\[\[|\Z)'
CHEFS = r'(?s)\[\[venues\.listings\]\]\nname = "chefs-table-[a-z]*".*?(?=\[\[|\Z)'
CHEFS_TABLE = r'(?s)\[\[venues\.units\]\]\nname = "chefs-table".*?(?=\[\[)'


@asynccontextmanager
async def booked(database_url: str) -> AsyncIterator[Town]:
    """One booking on Boseat's salon, closed on Mozrest by a block of ours or two."""
    async with town(database_url, Plan(pace=CALM)) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(120)
        yield t


def without(t: Town, folder: Path, *tables: str, reads: int = 100_000) -> str:
    """The town's file, cut short."""
    text = configuration_text({name: side.url for name, side in t.sides.items()}, Plan(pace=CALM))
    text = text.replace("reads_per_minute = 100000", f"reads_per_minute = {reads}")
    for table in tables:
        assert re.search(table, text), table
        text = re.sub(table, "", text)
    file = folder / "holdfast.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


async def active(t: Town, table: str, name: str) -> bool:
    query = {
        "listings": "select active from listings where name = $1",
        "accounts": "select active from accounts where name = $1",
        "units": "select active from units where name = $1",
    }
    (row,) = await t.rows(query[table], name)
    return bool(row["active"])


@pytest.mark.parametrize("yes", [("--yes",), ()], ids=["with --yes", "without a terminal"])
async def test_a_listing_with_a_booking_is_not_removed_by_a_yes_to_everything(
    yes: tuple[str, ...], database_url: str, tmp_path: Path
) -> None:
    """The kind: a yes that was meant for something else. It stands for listings, accounts, venues, units
    and for going live."""
    async with booked(database_url) as t:
        file = without(t, tmp_path, SALON)
        code, told = await holdfast(t, "apply", file, *yes)
        assert code == 2
        assert "! listing salon-boseat leaves with 1 live booking\n" in told
        assert "Agree with --yes-remove salon-boseat" in told
        assert await active(t, "listings", "salon-boseat")
        code, told = await holdfast(t, "apply", file, *yes, "--yes-remove", "salon-boseat")
        assert (code, "Applied 1 change." in told) == (0, True)
        assert not await active(t, "listings", "salon-boseat")


async def test_an_account_leaves_with_what_it_sold_and_is_named_alone(
    database_url: str, tmp_path: Path
) -> None:
    async with booked(database_url) as t:
        (row,) = await t.rows("select count(*) as amount from blocks where closed_at is null")
        blocks = f"{row['amount']} block{'' if row['amount'] == 1 else 's'}"
        file = without(t, tmp_path, SOLD_BY_MOZREST, MOZREST)
        code, told = await holdfast(t, "apply", file, "--yes")
        assert code == 2
        leaves = f"! account mozrest-main leaves with {blocks} of ours on 1 channel\n"
        assert leaves in told
        assert told.count(" leaves with ") == 2  # shown, and refused
        assert await active(t, "accounts", "mozrest-main")
        code, _ = await holdfast(t, "apply", file, "--yes-remove", "mozrest-main")
        assert code == 0


async def test_what_leaves_with_nothing_behind_it_needs_no_name(
    database_url: str, tmp_path: Path
) -> None:
    async with booked(database_url) as t:
        file = without(t, tmp_path, CHEFS, CHEFS_TABLE)
        code, told = await holdfast(t, "apply", file, "--yes")
        assert (code, "leaves with" in told) == (0, False), told
        assert not await active(t, "units", "chefs-table")


async def test_a_dry_run_tells_and_does_nothing(database_url: str, tmp_path: Path) -> None:
    async with booked(database_url) as t:
        file = without(t, tmp_path, SALON)
        code, told = await holdfast(t, "apply", file, "--dry-run")
        assert (code, "leaves with 1 live booking" in told) == (0, True)
        assert await active(t, "listings", "salon-boseat")


async def test_what_the_sums_say_is_told_before_anything_is_applied(
    database_url: str, tmp_path: Path
) -> None:
    async with booked(database_url) as t:
        file = without(t, tmp_path, reads=2)
        code, told = await holdfast(t, "apply", file, "--dry-run")
        assert code == 0
        assert re.search(r"mozrest-main: reads: \d+ of 2 a minute\. Bookings every", told)
        assert re.search(r"boseat-main: reads: \d+ of 2 a minute\. Bookings every", told)
        assert "boseat-main: writes: 100,000 a minute allowed" in told
        assert "warning: mozrest-main: offers_seconds = 1200 cannot be kept" in told
