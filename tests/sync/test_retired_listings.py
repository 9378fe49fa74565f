"""A listing is taken out of holdfast.toml while guests have booked on it: they keep their tables."""

from datetime import timedelta

from tests.sync.harbour import BUY_OUT, POOL, SPACE, conflicts, harbour, many, ours, seats
from tests.town import MORNING, Town

NOON = MORNING + timedelta(hours=4)
TURN = timedelta(minutes=90)
BUSY = {"kind": "status", "status": 429, "headers": {"Retry-After": "30"}, "count": 1}


async def retire(t: Town, listing: str) -> None:
    await t.pool.execute("update listings set active = false where name = $1", listing)
    assert await t.wiring.refresh()


async def granted(t: Town, ref: str) -> list[str]:
    rows = await t.rows(
        "select u.name from allocations a join units u on u.id = a.unit_id"
        " join bookings b on b.id = a.booking_id where b.external_id = $1 order by u.name",
        ref,
    )
    return [row["name"] for row in rows]


async def test_a_booking_of_a_retired_listing_keeps_its_table_until_it_is_cancelled(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        ref = await t.boseat.book(SPACE, NOON, 60)
        await t.pass_time(45)
        await retire(t, "oak-boseat")
        four = await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.pass_time(120)
        assert await granted(t, ref) == ["oak"]
        assert await granted(t, four) == ["yew"]
        assert many(await ours(t, "mozrest", POOL), NOON) == 1
        await t.boseat.act(ref, "cancel")
        await t.pass_time(120)
        assert await granted(t, ref) == []
        assert await ours(t, "mozrest", POOL) == []
        assert await conflicts(t) == []


async def test_a_guest_of_a_retired_pool_keeps_a_table_and_may_change_it(database_url: str) -> None:
    async with harbour(database_url) as t:
        ref = await t.mozrest.book(POOL, NOON, 90, party=4)
        await t.pass_time(45)
        await retire(t, "dining-room-mozrest")
        await t.boseat.act(await t.boseat.book(SPACE, NOON + TURN * 2, 60), "cancel")
        await t.mozrest.ask("POST", f"/venue/{ref}/move", {"party": 6})
        await t.pass_time(120)
        assert await seats(t) == {ref: "yew"}
        offered = [s for s, e in await t.boseat.offered(BUY_OUT) if s < NOON + TURN and e > NOON]
        assert offered == []
        assert await conflicts(t) == []


async def test_that_a_retired_listing_shows_nothing_any_more_is_no_mass_disappearance(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        refs = [
            await t.boseat.book(SPACE, NOON + timedelta(hours=n), 60) for n in (0, 1, 2, 3, 4, 5)
        ]
        await t.pass_time(45)
        await retire(t, "oak-boseat")
        await t.pass_time(120)
        assert await t.rows("select 1 from accounts where braked_at is not null") == []
        assert [await granted(t, ref) for ref in refs] == [["oak"]] * 6


async def test_our_block_on_a_retired_listing_goes_with_the_booking_behind_it(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        ref = await t.boseat.book(SPACE, NOON, 60)
        await t.pass_time(45)
        await retire(t, "dining-room-mozrest")
        other = await t.boseat.book(SPACE, NOON + timedelta(hours=1), 60)
        await t.pass_time(120)
        assert len(await ours(t, "mozrest", POOL)) == 1  # nothing new is placed there
        await t.boseat.act(ref, "cancel")
        await t.pass_time(120)
        assert await ours(t, "mozrest", POOL) == []
        assert await granted(t, other) == ["oak"]


async def test_what_waits_to_be_placed_on_a_listing_that_is_retired_is_not_placed(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await t.mozrest.ask("POST", "/faults", {**BUSY, "path": "/v1/bc/pending-booking"})
        ref = await t.boseat.book(SPACE, NOON, 60)
        await t.settle()
        await retire(t, "dining-room-mozrest")
        await t.boseat.act(ref, "cancel")
        await t.pass_time(120)
        assert await ours(t, "mozrest", POOL) == []
        assert await t.rows("select 1 from blocks where closed_at is null") == []
