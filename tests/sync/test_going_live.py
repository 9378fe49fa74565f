"""Going live: refused while anything was never read, and done with as many calls as were agreed to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.sync.test_shadow import YES, Config
from tests.town import CALM, Plan, Town, town

from holdfast import going_live
from holdfast.complaints import NotAgreed
from holdfast.consent import Consent


@asynccontextmanager
async def in_shadow(database_url: str, folder: Path) -> AsyncIterator[tuple[Town, Config]]:
    """Mozrest plans and sends nothing; everything was read."""
    async with town(database_url, Plan(pace=CALM)) as t:
        config = Config(t, folder)
        await config.apply("shadow")
        await t.boseat.book("board-room", NOON, SLOT)
        await t.live(240)
        yield t, config


async def mode(t: Town) -> str:
    (row,) = await t.rows("select mode from accounts where name = 'mozrest-main'")
    return str(row["mode"])


async def waiting(t: Town) -> int:
    async with t.pool.acquire() as connection:
        found = await going_live.look(connection, ["mozrest-main"], t.clock.now())
    return found.number


UNREAD = "not read completely: boseat-main (last complete: never)"


async def test_it_is_refused_while_an_account_of_the_venue_was_never_read_completely(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kind: an act on what is not known yet, as if it were known to be nothing. It stands for the account
    that goes live and for every other that sells in the same venue; the same for a reading long ago."""
    async with in_shadow(database_url, tmp_path) as (t, config):
        await t.pool.execute(
            "update cursors set last_complete_at = null where task = 'bookings'"
            " and account_id = (select id from accounts where name = 'boseat-main')"
        )
        capsys.readouterr()
        ready = replace(YES, going_live=await waiting(t))
        with pytest.raises(NotAgreed, match=r"boseat-main.*--incomplete"):
            await config.apply("live", ready)
        with pytest.raises(NotAgreed, match="boseat-main"):
            await config.plan("mozrest-main")
        told = capsys.readouterr().out
        assert told.count(f"{UNREAD}\n") == 2
        assert await mode(t) == "shadow"
        await config.apply("live", replace(ready, incomplete=True))
        assert await mode(t) == "live"


async def test_it_is_refused_while_an_account_of_the_venue_is_blind(
    database_url: str, tmp_path: Path
) -> None:
    async with in_shadow(database_url, tmp_path) as (t, config):
        ready = replace(YES, going_live=await waiting(t))
        await t.pool.execute(
            "update cursors set last_complete_at = $1 where task = 'bookings'",
            t.clock.now() - timedelta(minutes=10),
        )
        with pytest.raises(
            NotAgreed, match=r"boseat-main \(last complete: 1[01] min ago, every 3 min"
        ):
            await config.apply("live", ready)
        await t.pool.execute("update cursors set period_seconds = 300 where task = 'bookings'")
        await config.apply("live", ready)


async def test_a_paused_account_is_read_in_shadow_before_it_goes_live(
    database_url: str, tmp_path: Path
) -> None:
    async with in_shadow(database_url, tmp_path) as (t, config):
        await config.apply("paused")
        await t.live(900)
        with pytest.raises(NotAgreed, match="paused, so it is not read; last complete: 1"):
            await config.apply("live", replace(YES, going_live=await waiting(t)))


async def test_a_listing_that_is_added_with_it_was_not_read(
    database_url: str, tmp_path: Path
) -> None:
    async with in_shadow(database_url, tmp_path) as (t, config):
        ready = replace(YES, going_live=await waiting(t))
        await t.pool.execute("update listings set active = false where name = 'salon-boseat'")
        with pytest.raises(NotAgreed, match=r"listing salon-boseat of boseat-main \(new\)"):
            await config.apply("live", ready)


async def test_open_double_bookings_are_named_first(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with in_shadow(database_url, tmp_path) as (t, config):
        await t.mozrest.book("board-room", NOON, 90)
        await t.live(240)
        (conflict,) = await t.rows("select id from conflicts where kind = 'double_booking'")
        capsys.readouterr()
        await config.plan("mozrest-main", each_call=False)
        told = capsys.readouterr().out
        number = conflict["id"]
        assert told.startswith(
            f"1 open double booking: {number}. Going live settles none: "
            f"`holdfast conflicts show {number}`.\n"
        )
        await config.go_live()
        assert "1 open double booking" in capsys.readouterr().out


async def test_the_number_stays_valid_for_what_was_shown(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kind: an agreement that the next reading takes away."""
    async with in_shadow(database_url, tmp_path) as (t, config):
        shown = await waiting(t)
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(240)
        now = await waiting(t)
        assert now > shown
        capsys.readouterr()
        await config.apply("live", replace(YES, going_live=shown))
        assert f"it changed from {shown} to {now} calls." in capsys.readouterr().out
        assert await mode(t) == "live"


async def test_another_plan_wants_another_number(database_url: str, tmp_path: Path) -> None:
    async with in_shadow(database_url, tmp_path) as (t, config):
        now = await waiting(t)
        with pytest.raises(NotAgreed, match=rf"and 1,000 were agreed to.*--going-live {now}"):
            await config.apply("live", replace(YES, going_live=1000))
        assert await mode(t) == "shadow"


@pytest.mark.parametrize(
    ("shown", "now", "same"),
    [(0, 10, True), (0, 11, False), (1014, 1024, True), (1014, 1115, True), (1014, 1116, False)],
)
def test_news_is_so_many_calls_at_most(shown: int, now: int, same: bool) -> None:
    assert going_live.still_as_shown(shown, now) is same


async def test_a_dry_run_shows_all_of_it_and_refuses_nothing(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with in_shadow(database_url, tmp_path) as (t, config):
        await t.pool.execute("update cursors set last_complete_at = null where task = 'bookings'")
        capsys.readouterr()
        await config.apply("live", Consent(ask=False, dry_run=True))
        told = capsys.readouterr().out
        assert UNREAD in told
        assert "LISTING" in told
        assert "Applied" not in told
        assert await mode(t) == "shadow"
