"""`holdfast events` and `holdfast pushes`: the same as their pages, in a terminal and for programs."""

import asyncio
import json
from typing import Any

from click.testing import CliRunner
from tests.sync.test_conflict_kinds import block_lost
from tests.sync.test_done_again import dead_pushes
from tests.town import Town, town
from tests.typed import environ_of

from holdfast.__main__ import main


async def holdfast(where: str | Town, *words: str) -> tuple[int, str]:
    """Run the command in a thread, as it has a loop of its own; its exit code and all that it said."""
    environ = await environ_of(where)
    done = await asyncio.to_thread(CliRunner(env=environ).invoke, main, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


async def lines(where: str | Town, *words: str) -> list[Any]:
    code, told = await holdfast(where, *words, "--json")
    assert code == 0, told
    return [json.loads(line) for line in told.splitlines()]


async def test_events_and_calls_are_listed_shown_and_acted_on(database_url: str) -> None:
    async with town(database_url) as t:
        await block_lost(t)
        await t.live(60)
        await _of_calls(t)
        await _of_events(t)


async def _of_calls(t: Town) -> None:
    (push,) = await dead_pushes(t)
    (row,) = await lines(t, "pushes", "ls", "--state", "dead")
    assert (row["id"], row["call"], row["listing"]) == (push, "place", "salon-mozrest")
    assert await holdfast(t, "pushes", "ls", "--state", "dead", "--ids") == (
        0,
        f"{push}\n",
    )
    code, told = await holdfast(t, "pushes", "show", str(push))
    assert code == 0
    assert "given up" in told
    assert "try 1  not_done  422" in told
    drop = ("pushes", "drop", str(push), "--reason", "nobody sells that there")
    assert await holdfast(t, *drop) == (0, f"Push {push}: dropped.\n")
    assert await dead_pushes(t) == []
    code, told = await holdfast(t, *drop)
    assert (code, "not given up" in told) == (1, True)
    code, told = await holdfast(t, "pushes", "ls", "--state", "lost")
    assert (code, "one of open" in told) == (1, True)


async def _of_events(t: Town) -> None:
    (row, *_) = await lines(t, "events", "ls", "--via", "webhook", "--account", "boseat-main")
    event = str(row["id"])
    code, told = await holdfast(t, "events", "show", event)
    assert code == 0
    assert f"about {row['ref']}" in told
    assert '"name": "•••"' in told
    (seen,) = await lines(t, "events", "replay", event, "--dry-run")
    assert (seen["event"], seen["verdict"]) == (row["id"], "nothing")
    code, told = await holdfast(t, "events", "replay", event)
    assert (code, "say why" in told) == (2, True)
    replay = ("events", "replay", event, "--reason", "the guest says otherwise")
    code, told = await holdfast(t, *replay)
    assert (code, told.startswith(f"Event {event}: read again as event")) == (0, True)
    code, told = await holdfast(t, *replay)
    assert (code, "waits already" in told) == (1, True)
    (asked,) = await t.rows("select ref from inbox where via = 'replay'")
    assert asked["ref"] == row["ref"]
