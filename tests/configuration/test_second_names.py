"""Two names for one thing at a provider are two bookings for each guest: refused, also where the first name has left.

The kind of fault: what is one thing is asked of names only. It stands for accounts and for listings, for either channel,
in one file and over time.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.test_log_commands import holdfast
from tests.town import CALM, Plan, Town, configuration_text, town

SIDES = pytest.mark.parametrize("side", ["boseat", "mozrest"])
Change = tuple[str, str]


@asynccontextmanager
async def booked(database_url: str) -> AsyncIterator[Town]:
    """A guest on each channel."""
    async with town(database_url, Plan(pace=CALM)) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("chefs-table", NOON, 90)
        await t.live(120)
        yield t


def written(t: Town, folder: Path, *changes: Change) -> str:
    text = configuration_text({name: side.url for name, side in t.sides.items()}, Plan(pace=CALM))
    for old, new in changes:
        assert re.search(old, text), old
        text = re.sub(old, new, text)
    file = folder / "holdfast.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def listing(name: str) -> str:
    return rf'name = "{name}"'


def without(name: str) -> Change:
    return rf'(?s)\[\[venues\.listings\]\]\nname = "{name}".*?(?=\[\[|\Z)', ""


async def refs(t: Town) -> list[object]:
    return [row[0] for row in await t.rows("select external_id from bookings order by id")]


@SIDES
async def test_an_account_with_a_new_name_and_new_listings_is_refused(
    database_url: str, tmp_path: Path, side: str
) -> None:
    async with booked(database_url) as t:
        before = await refs(t)
        file = written(
            t,
            tmp_path,
            (rf'"{side}-main"', f'"{side}-new"'),
            (rf'name = "([a-z-]+)-{side}"', rf'name = "\1-{side}-new"'),
        )
        everything = [
            f"--yes-remove={name}"
            for name in (f"{side}-main", f"salon-{side}", f"chefs-table-{side}")
        ]
        code, told = await holdfast(t, "apply", file, "--yes", *everything)
        assert code == 2
        assert (
            f"listing salon-{side}-new: at its provider it is what listing salon-{side} of account {side}-main is (leaving), "
            "whose bookings would be known twice: give the old name back, or say "
            f'renamed_from = "salon-{side}" there and renamed_from = "{side}-main" at account {side}-new, '
            "or wait until it is gone"
        ) in told
        assert await t.rows("select 1 from accounts where name like '%-new'") == []
        assert await refs(t) == before


@SIDES
@pytest.mark.parametrize("how", ["at once", "after it left", "after it was gone"])
async def test_a_listing_with_a_new_name_is_refused_whenever_the_old_one_left(
    database_url: str, tmp_path: Path, side: str, how: str
) -> None:
    async with booked(database_url) as t:
        name = f"board-room-{side}" if how == "after it was gone" else f"salon-{side}"
        if how != "at once":
            file = written(t, tmp_path, without(name))
            code, told = await holdfast(t, "apply", file, "--yes", "--yes-remove", name)
            assert code == 0, told
        file = written(t, tmp_path, (listing(name), listing("new-one")))
        code, told = await holdfast(t, "apply", file, "--yes", "--yes-remove", name)
        assert code == 2
        state = "retired" if how == "after it was gone" else "leaving"
        assert f"what listing {name} of account {side}-main is ({state})" in told
        assert ("wait until it is gone" in told) is (state == "leaving")
        assert await t.rows("select 1 from listings where name = 'new-one'") == []
        told = f'{listing("new-one")}\nrenamed_from = "{name}"'
        file = written(t, tmp_path, (listing(name), told))
        assert (await holdfast(t, "apply", file, "--yes"))[0] == 0


async def test_an_id_in_capital_letters_and_an_address_with_its_port_are_the_same(
    database_url: str, tmp_path: Path
) -> None:
    async with booked(database_url) as t:
        port = t.boseat.url.rpartition(":")[2]
        file = written(
            t,
            tmp_path,
            (listing("salon-boseat"), listing("new-one")),
            (r'space_id = "b4e2d8e1', 'space_id = "B4E2D8E1'),
            (rf'base_url = "http://127.0.0.1:{port}"', f'base_url = "http://localhost:{port}/"'),
        )
        code, told = await holdfast(t, "apply", file, "--yes", "--yes-remove", "salon-boseat")
        assert (code, "what listing salon-boseat" in told) == (2, True), told


async def test_what_is_so_already_is_not_refused(database_url: str, tmp_path: Path) -> None:
    """An older release let it happen: then a release must not stop at a file that changes nothing."""
    async with booked(database_url) as t:
        await t.pool.execute(
            "insert into listings (venue_id, account_id, name, takes, party_size, settings, active)"
            " select venue_id, account_id, 'of-before', takes, party_size, settings, false from listings"
            "  where name = 'salon-boseat'"
        )
        code, told = await holdfast(t, "apply", written(t, tmp_path), "--yes")
        assert (code, "Nothing to change." in told) == (0, True)


@pytest.mark.parametrize("alive", [True, False])
async def test_a_listing_does_not_become_another_room_under_its_guests(
    database_url: str, tmp_path: Path, alive: bool
) -> None:
    """The same kind the other way round: one name for two things. Its bookings and our blocks stay where they are."""
    async with booked(database_url) as t:
        name, last = ("salon", 1) if alive else ("board-room", 3)
        found = rf'(name = "{name}-boseat"(?s:.*?)space_id = "b4e2d8e1-0000-4000-8000-00000000000){last}"'
        file = written(t, tmp_path, (found, r'\g<1>9"'))
        code, told = await holdfast(t, "apply", file, "--yes")
        assert code == (2 if alive else 0), told
        assert ("listing salon-boseat: it would be something else at its provider" in told) is alive


async def test_doctor_says_that_a_file_cannot_be_applied_and_goes_on(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with booked(database_url) as t:
        file = written(t, tmp_path, (listing("salon-boseat"), listing("new-one")))
        monkeypatch.setenv("HOLDFAST_CONFIG", file)
        monkeypatch.chdir(tmp_path)
        _, told = await holdfast(t, "doctor")
        assert "holdfast.toml cannot be applied: listing new-one: at its provider" in told
        assert "workers" in told


async def test_what_leaves_a_venue_that_is_renamed_at_once_is_still_asked_about(
    database_url: str, tmp_path: Path
) -> None:
    """The same kind, in consent: what leaves is looked up by the name that the database knows until then."""
    async with booked(database_url) as t:
        file = written(
            t,
            tmp_path,
            (r'name = "glasshouse"', 'name = "orangery"\nrenamed_from = "glasshouse"'),
            without("salon-boseat"),
            without("salon-mozrest"),
            (r'(?s)\[\[venues\.units\]\]\nname = "salon".*?(?=\[\[)', ""),
        )
        code, told = await holdfast(t, "apply", file, "--yes")
        assert code == 2
        assert "! unit salon of orangery leaves with 1 live booking" in told
        assert "! listing salon-boseat leaves with 1 live booking" in told


async def test_an_account_that_is_renamed_and_goes_live_at_once_is_still_asked_about(
    database_url: str, tmp_path: Path
) -> None:
    """The same kind, for calls that would go out."""
    async with booked(database_url) as t:
        file = written(
            t, tmp_path, (r'(name = "mozrest-main"\n(?s:.*?))mode = "live"', r'\1mode = "shadow"')
        )
        assert (await holdfast(t, "apply", file, "--yes"))[0] == 0
        file = written(
            t,
            tmp_path,
            (r'name = "mozrest-main"', 'name = "tables"\nrenamed_from = "mozrest-main"'),
            (r'account = "mozrest-main"', 'account = "tables"'),
        )
        code, told = await holdfast(t, "apply", file, "--yes")
        assert code == 2
        assert "Going live: tables." in told


async def test_a_provider_with_another_address_is_the_same_provider(
    database_url: str, tmp_path: Path
) -> None:
    """What a listing is must not be asked of its account's address: a provider may move with all its guests."""
    async with booked(database_url) as t:
        file = written(
            t, tmp_path, (rf'base_url = "{t.boseat.url}"', 'base_url = "http://127.0.0.1:9"')
        )
        code, told = await holdfast(t, "apply", file, "--yes")
        assert (code, "base_url" in told) == (0, True), told
