"""Drift made by hand where a pool of tables is sold: the audit of its channel finds it and ends it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from tests.sync.harbour import BUY_OUT, POOL, SPACE, conflicts, harbour, many, ours, oversold
from tests.sync.test_audit import HOUR, asleep, audited, awake, kinds, rows_of
from tests.sync.test_main_job import NOON
from tests.town import MORNING, Town

MINUTE = timedelta(minutes=1)
PLACES = {"mozrest": POOL, "boseat": SPACE}
MINUTES = {"mozrest": 90, "boseat": 60}


async def guest(t: Town, name: str, start: datetime = NOON) -> str:
    return await t.sides[name].book(PLACES[name], start, MINUTES[name], party=4)


async def booked(t: Town, name: str) -> None:
    await asleep(t)
    await guest(t, name)


async def cancelled(t: Town, name: str) -> None:
    ref = await guest(t, name)
    await t.live(60)
    await asleep(t)
    await t.sides[name].act(ref, "cancel")


async def moved(t: Town, name: str) -> None:
    ref = await guest(t, name)
    await t.live(60)
    await asleep(t)
    start = NOON + 4 * HOUR
    end = start + timedelta(minutes=MINUTES[name])
    await t.sides[name].act(ref, "move", {"start": start.isoformat(), "end": end.isoformat()})


async def block_cancelled(t: Town, name: str) -> None:
    """One of ours for the buy-out, and one for the guest of the pool who sits at the oak."""
    if name == "mozrest":
        await t.boseat.book(BUY_OUT, MORNING + 2 * HOUR, 180)
    else:
        await guest(t, "mozrest")
    await t.live(60)
    await asleep(t)
    side = t.sides[name]
    block = (await side.ours(PLACES[name]))[0]
    act = "guest" if name == "boseat" else "venue"
    await side.ask("POST", f"/{act}/{block['ref']}/cancel")


async def stray(t: Town, name: str) -> None:
    await asleep(t)
    side = t.sides[name]
    wish = {
        "place": side.places[PLACES[name]],
        "start": NOON.isoformat(),
        "end": (NOON + timedelta(minutes=MINUTES[name])).isoformat(),
        "party": 4,
        "email": "house+hf-stray@harbour.example",
    }
    await side.ask("POST", "/guest/book", wish)


async def exposed(t: Town, name: str) -> None:
    """Every block on the time is gone at once: all that is taken elsewhere is sold there."""
    await t.boseat.book(BUY_OUT, MORNING + 2 * HOUR, 180)
    await t.live(60)
    await asleep(t)
    side = t.sides[name]
    act = "guest" if name == "boseat" else "venue"
    for block in await side.ours(PLACES[name]):
        await side.ask("POST", f"/{act}/{block['ref']}/cancel")


DRIFTS: dict[str, tuple[Callable[[Town, str], Awaitable[None]], set[str]]] = {
    "booked": (booked, {"missing_here"}),
    "cancelled": (cancelled, {"differing"}),
    "moved": (moved, {"differing"}),
    "block cancelled": (block_cancelled, {"missing_there"}),
    "stray": (stray, {"orphan_block"}),
    "exposed": (exposed, {"missing_there", "exposure"}),
}


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("name", ["mozrest", "boseat"])
async def test_drift_of_a_pool_and_of_its_table_is_found_and_ended(
    database_url: str, name: str, drift: str
) -> None:
    async with harbour(database_url) as t:
        make, expected = DRIFTS[drift]
        await make(t, name)
        before = await rows_of(t)
        dry = await audited(t, name, dry_run=True)
        assert await rows_of(t) == before
        found = {kind for kind, _ in kinds(dry)}
        assert expected <= found <= expected | {"exposure"}
        repaired = await audited(t, name)
        assert not any(one.left for one in repaired.became), repaired.became
        await awake(t)
        await t.live(120)
        for channel in t.sides:
            again = await audited(t, channel)
            assert kinds(again) == [], again.look.findings
        assert await oversold(t) == []
        assert await conflicts(t) == []


async def test_one_lane_of_a_pool_that_was_cancelled_is_placed_again_and_the_others_stay(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await block_cancelled(t, "mozrest")
        there = await ours(t, "mozrest", POOL)
        at = NOON - 90 * MINUTE
        assert many(there, at) == 3
        await audited(t, "mozrest")
        await t.live(60)
        now = await ours(t, "mozrest", POOL)
        assert many(now, at) == 4
        assert set(there) <= set(now)
