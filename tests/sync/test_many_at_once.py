"""Hundreds of bookings closed at once within a small budget: what starts first goes first, and no hold lapses."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from tests.sync.test_shadow import YES
from tests.town import (
    CALM,
    MORNING,
    UNITS,
    UNLIMITED,
    Pace,
    Plan,
    Town,
    configuration_text,
    town,
)
from tests.typed import environ_of

from holdfast import closing, commands, going_live
from holdfast.store.closing import closings
from holdfast.sync.awaken import PORTION

WRITES = 20
DAYS = int(os.environ.get("MANY_AT_ONCE_DAYS", "8"))
"""By hand: with 157 days it is 5,000 blocks on Boseat; give it `--timeout 7200`."""
STARTS = {"boseat": range(9, 21), "mozrest": range(9, 21, 2)}
LENGTH = {"boseat": 60, "mozrest": 90}
MORE_THAN_A_HOLD_LIVES = {"boseat": 200, "mozrest": 80}
"""Places that the steady rate takes longer for than until the first hold must be confirmed."""
BY_HAND = DAYS > 30
PACE = (
    Pace(polls={"boseat": 900, "mozrest": 900}, offers=86_400, audits=86_400, days=DAYS)
    if BY_HAND
    else replace(CALM, days=DAYS)
)
"""What is read meanwhile is most of what a long run costs."""
TICK = 20.0 if BY_HAND else 4.0
"""Seconds: a call lasts four at the steady rate, and five make a burst."""


async def set_mode(t: Town, folder: Path, account: str, mode: str, agreed: int) -> None:
    """Of one account, which may write as seldom as its contract says."""
    urls = {name: side.url for name, side in t.sides.items()}
    plan = Plan(pace=PACE)
    head, sep, tail = configuration_text(urls, plan).partition(f'name = "{account}"')
    tail = tail.replace('mode = "live"', f'mode = "{mode}"', 1)
    tail = tail.replace("writes_per_minute = 100000", f"writes_per_minute = {WRITES}", 1)
    file = folder / "holdfast.toml"
    file.write_text(head + sep + tail, encoding="utf-8")
    await commands.apply(await environ_of(t), file, replace(YES, going_live=agreed))
    await t.wiring.refresh()


async def book_much(t: Town, source: str) -> int:
    """Every other slot of each room, for days."""
    side, many = t.sides[source], 0
    for day in range(1, DAYS):
        for unit in UNITS:
            for hour in STARTS[source]:
                start = (MORNING + timedelta(days=day)).replace(hour=hour)
                if (hour + day) % 2 == 0 or source == "mozrest":
                    minutes = 120 if source == "mozrest" and unit == "salon" else LENGTH[source]
                    await side.book(unit, start, minutes)
                    many += 1
    return many


async def placed(t: Town, account: str) -> Sequence[asyncpg.Record]:
    """In the order in which they were asked for."""
    return await t.rows(
        "select p.starts_at, a.sent_at, p.state from attempts a join pushes p on p.id = a.push_id"
        " join accounts c on c.id = p.account_id where c.name = $1 and p.call = 'place'"
        " order by a.sent_at, a.id",
        account,
    )


async def largest_portion(t: Town) -> int:
    """Calls that one turn derived anew, by the journal: one about thousands would outlast its transaction."""
    assert await t.rows("select 1 from pushes where state = 'shadow'") == []
    rows = await t.rows("select data::jsonb as data from journal where kind = 'account.live'")
    return max(int(json.loads(row["data"])["blocks"]) for row in rows)


async def in_turn(t: Town, account: str) -> list[str]:
    """Live until all is closed; what was told meanwhile."""
    told: list[str] = []
    for _ in range(20_000):
        await t.pass_time(TICK, step=TICK)
        row = (await closings(t.pool, t.clock.now()))[account]
        told.append(closing.told(row))
        if not row.writes:
            return told
    pytest.fail(f"not closed in time: {told[-1]}")


async def each_was_placed_once_and_in_order(t: Town, account: str) -> None:
    """A hold that lapsed would have been placed again."""
    calls = await placed(t, account)
    starts: list[datetime] = [call["starts_at"] for call in calls]
    assert starts == sorted(starts)
    assert {call["state"] for call in calls} == {"done"}
    (once,) = await t.rows(
        "select count(*) as blocks, count(*) filter (where state = 'booked' and gap_since is null)"
        " as booked from blocks b join accounts a on a.id = b.account_id"
        " where a.name = $1 and b.wants <> 'nothing' and b.closed_at is null",
        account,
    )
    assert len(calls) == once["blocks"] == once["booked"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("source", "account"), [("mozrest", "boseat-main"), ("boseat", "mozrest-main")]
)
async def test_what_starts_first_is_closed_first_and_no_hold_lapses(
    database_url: str, tmp_path: Path, source: str, account: str
) -> None:
    """The kind: a promise that holds for one booking and is lost in a crowd. Both channels: one holds for a
    quarter of an hour, the other for seven minutes."""
    channel = account.removesuffix("-main")
    switches = {channel: {**UNLIMITED.get(channel, {}), "writes_per_minute": str(WRITES)}}
    if channel == "mozrest":
        switches = {}
    async with town(database_url, Plan(pace=PACE, switches=switches)) as t:
        await set_mode(t, tmp_path, account, "shadow", 0)
        await book_much(t, source)
        await t.live(2 * PACE.polls[source] + 40)
        async with t.pool.acquire() as connection:
            found = await going_live.look(connection, [account], t.clock.now())
        assert found.number > MORE_THAN_A_HOLD_LIVES[channel]
        await set_mode(t, tmp_path, account, "live", found.number)
        told = await in_turn(t, account)
        assert await largest_portion(t) == min(found.number, PORTION)
        await each_was_placed_once_and_in_order(t, account)
        assert await t.exposures() == []
        assert told[0].startswith("closing ")
        assert told[-1] == ""
