"""Shadow: an account plans and records, sends nothing, and goes live by one explicit act."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, Side, Town, configuration_text, town
from tests.typed import environ_of

from holdfast import commands, rehearsal
from holdfast.commands import Preview
from holdfast.complaints import NotAgreed, Unusable
from holdfast.consent import Consent, number_is_said

YES = Consent(ask=False, dry_run=False, given=True)


class Config:
    """The town's holdfast.toml, with a mode for the account on Mozrest."""

    def __init__(self, t: Town, folder: Path) -> None:
        self._town = t
        self.file = folder / "holdfast.toml"

    async def apply(self, mode: str, consent: Consent = YES) -> None:
        urls = {name: side.url for name, side in self._town.sides.items()}
        head, sep, tail = configuration_text(urls, Plan(pace=CALM)).partition(
            'name = "mozrest-main"'
        )
        tail = tail.replace('mode = "live"', f'mode = "{mode}"', 1)
        self.file.write_text(head + sep + tail, encoding="utf-8")
        await commands.apply(await environ_of(self._town), self.file, consent)
        await self._town.wiring.refresh()

    async def go_live(self) -> None:
        """As many calls are agreed to as wait."""
        (row,) = await self._town.rows(
            "select count(*) as amount from pushes where state = 'shadow' and block_id is not null"
        )
        await self.apply("live", replace(YES, going_live=row["amount"], each_call=True))

    async def plan(self, *accounts: str, as_json: bool = False, each_call: bool = True) -> None:
        wanted = Preview(accounts=accounts, as_json=as_json, each_call=each_call)
        await commands.plan(await environ_of(self._town), wanted)


async def writes(side: Side) -> list[object]:
    """What was asked of the provider but reading."""
    requests = await side.ask("GET", "/requests")
    return [r for r in requests if r["method"] not in ("GET", "HEAD") and "token" not in r["path"]]


async def a_morning_in_shadow(t: Town, config: Config) -> None:
    """Two bookings, one of them cancelled again."""
    await config.apply("shadow")
    await t.mozrest.ask("DELETE", "/requests")
    gone = await t.boseat.book("salon", NOON, SLOT)
    await t.boseat.book("board-room", NOON, SLOT)
    await t.live(120)
    await t.boseat.act(gone, "cancel")
    await t.live(600)


async def test_in_shadow_everything_is_planned_and_recorded_and_nothing_is_sent(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        config = Config(t, tmp_path)
        await a_morning_in_shadow(t, config)
        recorded = await t.rows("select call, state from pushes where state <> 'superseded'")
        assert {(r["call"], r["state"]) for r in recorded} == {("place", "shadow")}
        assert await writes(t.mozrest) == []
        assert await t.exposures() != []
        open_now = await t.rows("select why from exposures where ended_at is null")
        assert {r["why"] for r in open_now} == {"shadow"}
        capsys.readouterr()
        await config.plan()
        told = capsys.readouterr().out
        assert f"mozrest-main (shadow) would send {len(recorded)} call" in told
        assert "place   board-room-mozrest" in told
        assert ", then commit" in told
        assert rehearsal.AFTER_A_PLACE in told
        assert "salon-mozrest" not in told


async def test_going_live_shows_the_plan_and_closes_what_is_taken_by_then(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        config = Config(t, tmp_path)
        await a_morning_in_shadow(t, config)
        capsys.readouterr()
        await config.go_live()
        told = capsys.readouterr().out
        assert "! account mozrest-main: mode shadow -> live" in told
        assert "Going live: mozrest-main.\n" in told
        assert "    place   board-room-mozrest" in told
        await t.live(60)
        assert await t.exposures() == []
        assert await t.mozrest.ours("board-room")
        assert await t.mozrest.ours("salon") == []
        assert await t.violations() == []
        states = {r["state"] for r in await t.rows("select state from pushes")}
        assert states == {"superseded", "done"}
        assert await t.rows("select 1 from journal where kind = 'account.live'")
        assert await t.rows("select 1 from exposures where ended_at is null") == []


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [("1300", True), ("1,300", True), ("1301", False), ("y", False), ("", False)],
)
def test_only_the_number_of_calls_is_a_yes(typed: str, agreed: bool) -> None:
    with CliRunner().isolation(input=f"{typed}\n"):
        assert number_is_said(1300) is agreed


@pytest.mark.parametrize("given", [True, False], ids=["with --yes", "without a terminal"])
async def test_going_live_needs_its_number_said(
    given: bool, database_url: str, tmp_path: Path
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        config = Config(t, tmp_path)
        await config.apply("shadow")
        quiet = Consent(ask=False, dry_run=False, given=given)
        with pytest.raises(NotAgreed, match="agree with --going-live 0"):
            await config.apply("live", quiet)
        await t.boseat.book("board-room", NOON, SLOT)
        await t.live(60)
        with pytest.raises(NotAgreed, match=r"would send \d call.*agree with --going-live \d"):
            await config.apply("live", quiet)
        await config.apply("live", replace(quiet, dry_run=True))
        assert [r["mode"] for r in await t.rows("select mode from accounts order by name")] == [
            "live",
            "shadow",
        ]
        assert await t.mozrest.ours("board-room") == []
        await config.go_live()
        await t.live(60)
        assert await t.mozrest.ours("board-room") != []


async def test_a_cancellation_asked_for_in_shadow_is_never_sent(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        config = Config(t, tmp_path)
        await t.mozrest.book("salon", NOON, 120)
        await t.live(240)
        await config.apply("shadow")
        (booking,) = await t.rows("select id from bookings")
        await t.operator.cancel(booking["id"], "flooded")
        await t.live(60)
        capsys.readouterr()
        await config.plan("mozrest-main", as_json=True)
        (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
        assert (line["call"], line["withheld"]) == (
            "cancel",
            "asked for in shadow mode: ask again once it is live",
        )
        await config.go_live()
        await t.live(120)
        assert [e["status"].lower() for e in await t.mozrest.taken("salon")] == ["confirmed"]


async def test_an_account_that_is_not_there_has_no_plan(database_url: str, tmp_path: Path) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        with pytest.raises(Unusable, match="nowhere-main"):
            await Config(t, tmp_path).plan("nowhere-main")
