"""What a channel sells again once a guest of its own is gone, while somebody elsewhere has the same time."""

from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, Town, town


async def _two_guests(t: Town) -> str:
    """On either channel, seconds apart; the reference of Mozrest's."""
    await t.boseat.book("salon", NOON, SLOT)
    ref = await t.mozrest.book("salon", NOON, 120)
    await t.settle()
    return ref


async def test_what_was_never_seen_to_be_sold_is_read_when_its_guest_goes(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        ref = await _two_guests(t)
        await t.live(60)
        assert len(await t.rows("select from bookings")) == 2
        async with t.pool.acquire() as connection:
            # as if the guest had been there before the offers were first read
            await connection.execute("delete from offers where not open")
        await t.mozrest.act(ref, "cancel")
        await t.live(3)
        assert await t.exposures() == []


async def test_a_guest_who_is_gone_before_we_heard_of_him_leaves_no_time_open(
    database_url: str,
) -> None:
    """He is why a block of ours was refused: it is asked for again at once."""
    async with town(database_url, Plan(pace=CALM)) as t:
        ref = await _two_guests(t)
        await t.live(20)
        assert await t.rows("select from pushes where outcome = 'taken'")
        assert not await t.rows("select from bookings where channel = 'mozrest'")
        await t.mozrest.act(ref, "cancel")
        await t.live(3)
        assert await t.exposures() == []
