"""A pool's channel goes on selling beside a hold of ours whose answer was lost: what can be told, and what not."""

from datetime import timedelta

import pytest
from tests.sync.harbour import POOL, SPACE, conflicts, harbour, many, ours, oversold
from tests.town import CALM, MORNING, Town

from holdfast.channels.mozrest.client import HOLD_SECONDS

NOON = MORNING + timedelta(hours=4)
HOLD = ("POST", "/v1/bc/pending-booking")
COMMIT = ("PUT", "/v1/bc/pending-booking/.*")


async def lose(t: Town, call: tuple[str, str], when: str) -> None:
    rule = {"kind": "status", "status": 502, "when": when, "method": call[0], "path": call[1]}
    await t.mozrest.ask("POST", "/faults", {**rule, "count": 1})


async def holds(t: Town) -> int:
    """How many holds were ever taken there."""
    asked = await t.mozrest.ask("GET", "/requests")
    return sum((one["method"], one["path"]) == HOLD for one in asked)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_hold_is_never_asked_for_twice_while_it_may_stand(
    database_url: str, when: str
) -> None:
    async with harbour(database_url) as t:
        await lose(t, HOLD, when)
        await t.boseat.book(SPACE, NOON, 60)
        await t.live(HOLD_SECONDS - 30)
        assert await holds(t) == 1
        assert many(await ours(t, "mozrest", POOL), NOON) == (1 if when == "after" else 0)
        await t.live(120)
        assert [entry["expires"] for entry in await t.mozrest.ours(POOL)] == [None]
        assert await oversold(t) == []


async def test_a_lost_hold_is_placed_again_at_once_when_the_pool_is_full_and_still_sells(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await lose(t, HOLD, "before")
        await t.boseat.book(SPACE, NOON, 60)
        await t.live(60)
        for party in (2, 2, 6):
            await t.mozrest.book(POOL, NOON, 90, party=party)
        await t.live(60)
        assert await oversold(t) == []
        assert many(await ours(t, "mozrest", POOL), NOON) == 1
        assert await conflicts(t) == []


async def test_a_lost_hold_whose_booking_was_cancelled_leaves_nothing_behind(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await lose(t, HOLD, "after")
        ref = await t.boseat.book(SPACE, NOON, 60)
        await t.live(60)
        await t.boseat.act(ref, "cancel")
        await t.live(HOLD_SECONDS + 60)
        assert await ours(t, "mozrest", POOL) == []
        assert await holds(t) == 1
        assert await t.rows("select 1 from blocks where closed_at is null") == []


async def test_of_equals_in_a_pool_a_lost_commit_is_told_by_its_mark(database_url: str) -> None:
    async with harbour(database_url) as t:
        await lose(t, COMMIT, "after")
        await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.boseat.book(SPACE, NOON, 60)
        await t.live(120)
        assert many(await ours(t, "mozrest", POOL), NOON) == 1
        assert await holds(t) == 1
        assert await conflicts(t) == []


async def test_a_hold_that_was_a_guests_is_placed_as_soon_as_a_full_pool_sells_that_time(
    database_url: str,
) -> None:
    """Not offered when we looked, and so believed to be ours; the guest lets it lapse, and it is sold again."""
    async with harbour(database_url, pace=CALM) as t:
        for party in (2, 2, 6):
            await t.mozrest.book(POOL, NOON, 90, party=party)
        await t.live(60)
        await lose(t, HOLD, "before")
        await t.mozrest.book(POOL, NOON, 90, party=4, confirm=False)
        t.clock.advance(HOLD_SECONDS - 60)
        await t.boseat.book(SPACE, NOON, 60)
        await t.live(40)
        (block,) = await t.rows("select state, external_id from blocks where lane > 0")
        assert (block["state"], block["external_id"]) == ("held", None)  # so it looks to us
        t.clock.advance(30)
        await t.rows("update readings set due_at = $1 where task = 'offers'", t.clock.now())
        await t.live(30)  # far less than a hold lives
        assert many(await ours(t, "mozrest", POOL), NOON) == 1
        assert await oversold(t) == []
