"""`holdfast conflicts`: what a person sees and decides in a terminal, with the town's worker carrying it out."""

import asyncio
import json
import sys
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.sync.test_conflict_kinds import KINDS, conflicts_of
from tests.sync.test_conflicts import chosen, clash, clash_in_order, open_kinds
from tests.town import Town, town
from tests.typed import environ_of

ROOT = Path(__file__).parent.parent


async def holdfast(where: str | Town, *words: str) -> tuple[int, str]:
    """Run the command as a process; its exit code and all that it said."""
    environ = {"PYTHONPATH": str(ROOT / "src"), **await environ_of(where)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "holdfast", "conflicts", *words),
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()


async def as_json(where: str | Town, *words: str) -> Any:
    code, told = await holdfast(where, *words, "--json")
    assert code == 0, told
    return json.loads(told)


def told_calls(shown: str) -> list[str]:
    """The calls of `keep_a`, as `show` lists them."""
    lines = shown.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("  keep_a: ")) + 1
    return list(takewhile(lambda line: line.startswith("      "), lines[first:]))


async def cancels(t: Town) -> int:
    return len(await t.rows("select 1 from pushes where call = 'cancel'"))


async def snoozed_until(t: Town, ahead: timedelta) -> None:
    t.by_hand = True
    await t.pool.execute("update conflicts set snoozed_until = $1", t.clock.now() + ahead)


async def test_a_conflict_is_listed_shown_and_decided_in_the_terminal(database_url: str) -> None:
    async with town(database_url) as t:
        assert await holdfast(t, "ls") == (0, "No open conflict.\n")
        number = str(await clash_in_order(t))
        code, table = await holdfast(t, "ls")
        assert code == 0
        assert table.splitlines()[1].split()[:4] == [
            number,
            "double_booking",
            "glasshouse",
            "salon",
        ]
        assert table.rstrip().endswith("keep_a")
        code, shown = await holdfast(t, "show", number)
        assert "How it happened: " in shown
        assert "keep_a: Keep A, cancel B" in shown
        assert "cancel " in shown
        resolve = ("resolve", number, "keep_a", "--reason", "A was first")
        code, told = await holdfast(t, *resolve, "--dry-run")
        assert (code, await cancels(t)) == (0, 0)
        assert told.startswith("Keep A, cancel B")
        code, told = await holdfast(t, *resolve)
        assert (code, await cancels(t)) == (0, 1)
        assert "decided" in told
        code, told = await holdfast(t, "resolve", number, "keep_b", "--reason", "no, B")
        assert code == 1
        assert "keep_a by operator is under way" in told
        await t.live(60)
        assert await open_kinds(t) == []
        assert (
            "settled: keep_a by operator: A was first" in (await holdfast(t, "ls", "--settled"))[1]
        )


async def test_programs_get_json_and_a_snooze_stops_the_policy(database_url: str) -> None:
    async with town(database_url) as t:
        number = str(await clash_in_order(t))
        t.by_hand = True
        await t.pool.execute("update conflicts set auto_at = opened_at + interval '1 hour'")
        listed = await as_json(t, "ls")
        assert (listed["id"], listed["best"]) == (int(number), "keep_a")
        shown = await as_json(t, "show", number)
        assert [a["act"] for a in shown["actions"]] == ["keep_a", "keep_b", "keep_both", "snooze"]
        assert shown["evidence"]["why"]["text"]
        dry = await as_json(t, "resolve", number, "keep_a", "--reason", "why not", "--dry-run")
        assert dry["state"] is None
        assert dry["calls"][0]["call"] == "cancel"
        snoozed = await as_json(t, "snooze", number, "--minutes", "30")
        assert snoozed["state"] == "snoozed"
        (row,) = await t.rows("select auto_at, snoozed_until from conflicts")
        assert row["auto_at"] is None
        assert row["snoozed_until"] is not None
        assert (await chosen(t, int(number), "keep_a")).state == "under_way"


async def test_what_is_not_there_or_not_possible_is_one_line(database_url: str) -> None:
    async with town(database_url) as t:
        assert await holdfast(t, "show", "77") == (
            1,
            "holdfast: there is no conflict 77\n",
        )
        number = str(await clash_in_order(t))
        code, told = await holdfast(t, "resolve", number, "retry", "--reason", "again")
        assert (code, told) == (
            1,
            f"holdfast: conflict {number}: action: one of keep_a, keep_b, keep_both, snooze\n",
        )


@pytest.mark.parametrize("words", [("resolve", "1", "keep_a"), ("snooze", "1")])
async def test_blanks_are_no_reason(database_url: str, words: tuple[str, ...]) -> None:
    code, told = await holdfast(database_url, *words, "--reason", "  ")
    assert (code, "say why, in a few words" in told) == (2, True)


async def test_a_snooze_that_is_over_is_an_open_conflict(database_url: str) -> None:
    async with town(database_url) as t:
        await clash_in_order(t)
        await snoozed_until(t, timedelta(minutes=-1))
        assert "snoozed" not in (await holdfast(t, "ls"))[1]
        await snoozed_until(t, timedelta(minutes=1))
        assert "snoozed until" in (await holdfast(t, "ls"))[1]


async def test_what_is_settled_is_settled_whatever_is_asked(database_url: str) -> None:
    async with town(database_url) as t:
        number = str(await clash_in_order(t))
        shown = (await holdfast(t, "show", number))[1]
        await chosen(t, int(number), "keep_a")
        await t.live(60)
        again = await holdfast(t, "resolve", number, "keep_a", "--reason", "again")
        assert again == (
            0,
            "it is settled: keep_a by vera: vera says so:\n"
            + "".join(f"{line}\n" for line in told_calls(shown))
            + f"Conflict {number}: settled.\n",
        )
        code, told = await holdfast(t, "resolve", number, "keep_b", "--reason", "no, B")
        assert (code, told.startswith(f"holdfast: conflict {number}: it is settled")) == (1, True)


async def test_what_crossed_our_cancelling_is_shown_as_it_was_and_as_it_is(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await KINDS["both_edited"].arise(t)
        await t.live(60)
        (number,) = await conflicts_of(t, "both_edited")
        shown = (await holdfast(t, "show", str(number)))[1].splitlines()
        for name in ("decided on", "shown now"):
            (line,) = (line for line in shown if line.startswith(f"  {name}: "))
            assert "status confirmed" in line
        assert shown.index("What can be done, best first:") + 1 == next(
            n for n, line in enumerate(shown) if line.startswith("  accept: ")
        )


async def test_a_block_that_needs_a_person_is_listed_with_its_time(database_url: str) -> None:
    async with town(database_url) as t:
        await KINDS["block_lost"].arise(t)
        await t.live(60)
        line = (await holdfast(t, "ls"))[1].splitlines()[1].split()
        (block,) = await t.rows("select lower(during) as start from blocks")
        start = block["start"].astimezone(ZoneInfo("Europe/Paris"))
        told = ["block_lost", "glasshouse", "salon", *f"{start:%Y-%m-%d %H:%M:%S}".split()]
        assert line[1:6] == told


async def test_a_number_that_stands_for_another_conflict_than_expected_is_left_alone(
    database_url: str,
) -> None:
    """The kind of fault: an act by number, on what the number stands for now; see tests/web/test_api_bookings.py."""
    async with town(database_url) as t:
        number = str(await clash(t))
        for words in (("resolve", number, "keep_a", "--reason", "A was first"), ("snooze", number)):
            code, told = await holdfast(t, *words, "--expect-ref", "of-another")
            assert (code, "is not about of-another" in told) == (1, True), told
        (row,) = await t.rows("select decision, snoozed_until from conflicts")
        assert (row["decision"], row["snoozed_until"]) == (None, None)
