"""What `holdfast up` tells in the terminal: short lines, one clock, and a summary that leaves nothing slow out."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.sync.harbour import BUY_OUT, POOL, harbour
from tests.town import MORNING, Town

from holdfast.narrator import Narrator
from holdfast.store.exposures import Lasted

NOON = MORNING + timedelta(hours=4)


async def narrator(t: Town) -> Narrator:
    parts = t.wiring.parts
    told = Narrator(parts, {number: ZoneInfo("Europe/Paris") for number in parts.premises})
    await told.skip_the_past()
    return told


async def test_a_buy_out_is_told_in_short_lines_that_name_the_table_each_block_is_for(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with harbour(database_url) as t:
        told = await narrator(t)
        await t.boseat.book(BUY_OUT, NOON + timedelta(hours=1), 180)
        await t.pass_time(60)
        await told.catch_up()
    lines = [re.sub(r"\x1b\[\d*m", "", text) for text in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) <= 110
    assert any(re.search(r"<- boseat +booking.created +whole-house-boseat", text) for text in lines)
    held = [text for text in lines if re.search(r"-> mozrest +block.held +dining-room-moz", text)]
    assert {found[1] for text in held if (found := re.search(r" for (\w+), \d+ ms$", text))} == {
        "elm",
        "ash",
        "oak",
        "yew",
    }


async def test_the_summary_counts_what_still_goes_on(database_url: str) -> None:
    async with harbour(database_url) as t:
        told = await narrator(t)
        await t.boseat.ask("POST", "/faults", {"method": "POST"})
        await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.pass_time(90)
        await told.weigh()
    going = [one for one in told.exposed if one.goes_on]
    assert going
    assert max(one.seconds for one in going) > 30
    assert told.unplaced > 0
    assert f"{told.unplaced} blocks not placed yet" in told.summary()[1]


async def test_the_summary_says_how_it_was_measured(database_url: str) -> None:
    async with harbour(database_url) as t:
        told = await narrator(t)
        told.exposed = [
            Lasted(seconds=0.0, told=True, goes_on=False),
            Lasted(seconds=0.4, told=True, goes_on=False),
            Lasted(seconds=31.0, told=False, goes_on=True),
        ]
        assert told.summary()[1:] == [
            "Sellable on another channel after it was taken: median 400 ms, worst 31 s",
            "  3 measured: 1 never on sale there, 1 still on sale;"
            " 1 counted from when we heard (no earlier time was told)",
        ]
