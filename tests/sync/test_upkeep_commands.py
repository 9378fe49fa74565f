"""The commands `brake` and `audit` as an operator types them, against a town that is alive."""

import asyncio
import json
import os
from dataclasses import replace

from click.testing import CliRunner, Result
from tests.sync.test_main_job import NOON
from tests.sync.test_quarantine import empty_lists, nothing_is_found, seven_bookings
from tests.town import STEADY, Plan, Town, town
from tests.typed import environ_of

from holdfast.__main__ import main


async def typed(t: Town, *words: str) -> Result:
    """The command has an event loop of its own."""
    return await asyncio.to_thread(CliRunner(env=await environ_of(t)).invoke, main, list(words))


async def braked(t: Town) -> None:
    await seven_bookings(t, "boseat")
    await empty_lists(t, "boseat")
    await nothing_is_found(t, "boseat")
    await t.live(60)


async def test_an_account_that_nobody_braked_has_nothing_to_release(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        shown = await typed(t, "brake", "show")
        assert (shown.exit_code, shown.output) == (0, "No account is braked.\n")
        released = await typed(t, "brake", "release", "boseat-main", "--reason", "x", "--yes")
        assert released.exit_code == 1
        assert "boseat-main: not braked" in released.output


async def test_what_would_go_is_shown_and_goes_only_when_it_is_accepted(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await braked(t)
        shown = await typed(t, "brake", "show")
        assert "7 of 7 gone from a complete list at once" in shown.output
        assert shown.output.count("  - booking #") == 7
        (told,) = json.loads((await typed(t, "brake", "show", "--json")).output)
        assert len(told["would_go"]) == 7
        unasked = await typed(t, "brake", "release", "boseat-main", "--reason", "sold up")
        assert unasked.exit_code == 1
        assert "--yes" in unasked.output
        assert await t.rows("select 1 from accounts where braked_at is not null")
        words = ("brake", "release", "boseat-main", "--reason", "sold up", "--yes")
        done = await typed(t, *words)
        assert done.exit_code == 0, done.output
        assert "Released. 7 absences accepted" in done.output
        (entry,) = await t.rows("select data from journal where kind = 'account.brake_released'")
        assert json.loads(entry["data"])["reason"] == "sold up"


async def test_an_audit_shows_its_plan_then_repairs_and_tells_what_became_of_it(
    database_url: str,
) -> None:
    plan = Plan(webhooks=False, pace=replace(STEADY, audits=100_000))
    async with town(database_url, plan) as t:
        await t.boseat.book("salon", NOON, 60)
        dry = await typed(t, "audit", "--account", "boseat-main", "--dry-run")
        assert dry.exit_code == 0, dry.output
        assert "+ missing here" in dry.output
        assert "Nothing was changed." in dry.output
        assert await t.rows("select 1 from bookings") == []
        done = await typed(t, "audit", "--venue", "glasshouse", "--json")
        assert done.exit_code == 0, done.output
        reports = [json.loads(line) for line in done.output.splitlines()]
        assert [report["account"] for report in reports] == ["boseat-main", "mozrest-main"]
        assert [found["became"] for found in reports[0]["findings"]] == ["observed as booking #1"]
        wrong = await typed(t, "audit", "--venue", "glashaus")
        assert wrong.exit_code == 1
        assert os.linesep not in wrong.output.strip()
