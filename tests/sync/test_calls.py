"""What a booking's life costs at the other channel, counted at the providers: no call more than needed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from tests.sync.test_main_job import NOON, SLOT, pair
from tests.town import Side, Town, town

MINUTES = {"boseat": SLOT, "mozrest": 90}

# A Boseat hour is closed at Mozrest by one start; 90 minutes there are closed at Boseat by two hours.
PIECES = {"boseat": 1, "mozrest": 2}
"""By source: how many of the other channel's offers close the booking's time."""


async def writes(side: Side) -> dict[str, int]:
    """How often each kind of write was called since last asked."""
    counted: dict[str, int] = {}
    for call in await side.ask("GET", "/requests"):
        if call["method"] != "GET" and "token" not in call["path"]:
            kind = f"{call['method']} {_shape(call['path'])}"
            counted[kind] = counted.get(kind, 0) + 1
    await side.ask("DELETE", "/requests")
    return counted


def _shape(path: str) -> str:
    """The path with ids left out."""
    return "/".join(
        "*" if len(part) > 2 and any(c.isdigit() for c in part) else part
        for part in path.split("/")
    )


async def reads_of_one(side: Side) -> int:
    """How often a single booking was read since requests were last forgotten."""
    calls = await side.ask("GET", "/requests")
    return len([c for c in calls if c["method"] == "GET" and _shape(c["path"]).endswith("*")])


HOLD = {"boseat": "POST /v1/bookings", "mozrest": "POST /v1/bc/pending-booking"}
COMMIT = {"boseat": "PATCH /v1/bookings/*", "mozrest": "PUT /v1/bc/pending-booking/*"}
RELEASE = {"boseat": "PATCH /v1/bookings/*", "mozrest": "PUT /v1/bc/booking/*/cancel"}


def needed(target: str, *calls: Mapping[str, str], times: int) -> dict[str, int]:
    """The least: each of these once for every piece."""
    counted: dict[str, int] = {}
    for call in calls:
        counted[call[target]] = counted.get(call[target], 0) + times
    return counted


async def begin(t: Town, source: str) -> tuple[Side, Side, str, int]:
    """Both sides, the target's name, and how many of its offers close a booking of this source."""
    here, there = pair(t, source)
    for side in t.sides.values():
        await side.ask("DELETE", "/requests")
    return here, there, "mozrest" if source == "boseat" else "boseat", PIECES[source]


def to(start: datetime, minutes: int) -> dict[str, str]:
    return {"start": start.isoformat(), "end": (start + timedelta(minutes=minutes)).isoformat()}


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_booking_moving_and_cancelling_cost_the_least_possible(
    database_url: str, source: str
) -> None:
    async with town(database_url) as t:
        here, there, target, n = await begin(t, source)
        minutes = MINUTES[source]
        ref = await here.book("chefs-table", NOON, minutes)
        await t.live(30)
        assert await writes(there) == needed(target, HOLD, COMMIT, times=n)
        await here.act(ref, "move", to(NOON + timedelta(hours=5), minutes))
        await t.live(30)
        assert await writes(there) == needed(target, HOLD, COMMIT, RELEASE, times=n)
        await here.act(ref, "cancel")
        await t.live(30)
        assert await writes(there) == needed(target, RELEASE, times=n)
        assert await writes(here) == {}
        assert await t.violations() == []


async def test_a_hold_that_is_confirmed_is_committed_and_never_placed_again(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        here, there, target, n = await begin(t, "boseat")
        ref = await here.book("chefs-table", NOON, SLOT, confirm=False)
        await t.live(30)
        assert await writes(there) == needed(target, HOLD, times=n)
        await here.act(ref, "confirm")
        await t.live(30)
        assert await writes(there) == needed(target, COMMIT, times=n)


async def test_a_hold_that_turns_confirmed_while_its_block_waits_costs_one_hold_and_one_booking(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        here, there, target, n = await begin(t, "boseat")
        busy = {"status": 429, "headers": {"Retry-After": "8"}, "path": "/v1/bc/pending-booking"}
        await there.ask("POST", "/faults", {**busy, "count": 1})
        ref = await here.book("chefs-table", NOON, SLOT, confirm=False)
        await t.live(7)
        assert await t.rows("select 1 from pushes where call = 'place' and state = 'waiting'")
        await here.act(ref, "confirm")
        await t.live(60)
        made = await writes(there)
        made[HOLD[target]] -= 1  # the one that was refused
        assert made == needed(target, HOLD, COMMIT, times=n)
        assert [b["expires"] for b in await there.ours("chefs-table")] == [None]


async def test_no_time_passes_in_a_town_while_a_provider_takes_its_time(database_url: str) -> None:
    async with town(database_url) as t:
        here, there, target, _ = await begin(t, "boseat")
        slow = {"kind": "slow", "seconds": 0.4, "path": "/v1/bc/pending-booking", "count": 1}
        await there.ask("POST", "/faults", slow)
        await here.book("chefs-table", NOON, SLOT)
        before = t.clock.now()
        await t.live(5)
        assert t.clock.now() == before + timedelta(seconds=5)
        assert HOLD[target] in await writes(there)


async def test_a_booking_that_is_gone_before_its_block_was_placed_costs_nothing(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        here, there, target, _ = await begin(t, "boseat")
        busy = {"status": 429, "headers": {"Retry-After": "8"}, "path": "/v1/bc/pending-booking"}
        await there.ask("POST", "/faults", {**busy, "count": 1})
        ref = await here.book("chefs-table", NOON, SLOT)
        await t.live(7)
        assert await t.rows("select 1 from pushes where call = 'place' and state = 'waiting'")
        await here.act(ref, "cancel")
        await t.live(60)
        assert await writes(there) == {HOLD[target]: 1}
        assert await there.ours("chefs-table") == []


@pytest.mark.parametrize("source", ["boseat", "mozrest"])
async def test_what_our_own_calls_did_is_not_read_back(database_url: str, source: str) -> None:
    async with town(database_url) as t:
        here, there, _, _ = await begin(t, source)
        ref = await here.book("chefs-table", NOON, MINUTES[source])
        await t.live(40)
        await here.act(ref, "cancel")
        await t.live(40)
        assert await there.ours("chefs-table") == []
        assert await reads_of_one(there) == 0
