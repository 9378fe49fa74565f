"""Somebody at the venue who takes our block away is told, then asked; never fought for ever."""

import pytest
from tests.sync.test_main_job import NOON
from tests.town import CALM, Plan, Side, Town, town

from holdfast.sync.remedy import Stale, Wish, act

OTHER = {"boseat": "mozrest", "mozrest": "boseat"}


async def blocked(t: Town, target: str) -> Side:
    """A guest books elsewhere, and one block of ours stands here."""
    await t.sides[OTHER[target]].book("chefs-table", NOON, 60)
    await t.live(60)
    return t.sides[target]


async def take_away(t: Town, side: Side) -> None:
    for block in await side.ours("chefs-table"):
        act = "guest" if side is t.boseat else "venue"
        await side.ask("POST", f"/{act}/{block['ref']}/cancel")
    await t.live(300)


async def asked(t: Town) -> list[tuple[int, bool]]:
    rows = await t.rows(
        "select (evidence->>'losses')::int n, (evidence->>'asks')::bool a from conflicts"
        " where kind = 'block_lost' and closed_at is null"
    )
    return [(row["n"], row["a"]) for row in rows]


@pytest.mark.parametrize("target", ["boseat", "mozrest"])
async def test_the_first_time_it_is_told_and_placed_again(database_url: str, target: str) -> None:
    async with town(database_url) as t:
        side = await blocked(t, target)
        before = len(await side.ours("chefs-table"))
        await take_away(t, side)
        assert len(await side.ours("chefs-table")) == before
        assert await asked(t) == []
        told = await t.rows(
            "select against_ids, resolution from conflicts where kind = 'block_lost'"
        )
        assert {row["resolution"] for row in told} == {"placed again"}
        bookings = await t.rows("select id from bookings")
        assert all(list(row["against_ids"]) == [bookings[0]["id"]] for row in told)
        assert await t.violations() == []


@pytest.mark.soak  # half a minute each
@pytest.mark.parametrize("target", ["boseat", "mozrest"])
async def test_the_second_time_it_is_left_and_people_are_asked(
    database_url: str, target: str
) -> None:
    async with town(database_url) as t:
        side = await blocked(t, target)
        for _ in range(2):
            await take_away(t, side)
        await t.live(900)
        assert await side.ours("chefs-table") == []
        assert set(await asked(t)) == {(2, True)}
        wanted = await t.rows("select wants from blocks where closed_at is null")
        assert {row["wants"] for row in wanted} == {"booked"}
        assert await t.exposures() != []
        shown = await t.wiring.parts.pool.fetchval("select count(*) from offers where open")
        assert shown


async def test_people_may_have_it_placed_once_more(database_url: str) -> None:
    async with town(database_url) as t:
        side = await blocked(t, "mozrest")
        for _ in range(2):
            await take_away(t, side)
        (conflict,) = await t.rows("select id from conflicts where closed_at is null")
        again = Wish(act="retry", actor="vera", reason="it is ours")
        assert (await act(t.wiring.parts, conflict["id"], again)).state == "under_way"
        await t.live(60)
        assert len(await side.ours("chefs-table")) == 1
        assert await asked(t) == []
        with pytest.raises(Stale, match="settled"):
            await act(t.wiring.parts, conflict["id"], Wish(act="accept", actor="vera", reason="-"))
        await take_away(t, side)
        assert await asked(t) == [(2, True)]


async def test_nobody_is_asked_any_more_once_the_booking_behind_it_is_gone(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        ref = await t.boseat.book("chefs-table", NOON, 60)
        await t.live(60)
        for _ in range(2):
            await take_away(t, t.mozrest)
        await t.boseat.act(ref, "cancel")
        await t.live(60)
        assert await asked(t) == []
        assert await t.rows("select 1 from blocks where closed_at is null") == []


async def test_a_hold_that_lapses_is_no_loss(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        await t.boseat.book("salon", NOON, 60, confirm=False)
        await t.live(860)  # ours at the other channel lapses before the guest's does
        assert await t.rows("select 1 from journal where kind = 'block.lapsed'")
        assert await t.rows("select 1 from conflicts where kind = 'block_lost'") == []
        assert await t.rows("select 1 from blocks where losses > 0") == []
