"""A block on an offer that is itself harmless stays, although it hides the offers that it is there for."""

from datetime import datetime, timedelta

from tests.town import MORNING, town

from holdfast.inventory.model import Guest, Span
from holdfast.sync.operate import DirectBooking
from holdfast.sync.replan import replan
from holdfast.sync.turn import turn

WRITTEN = ("blocks", "pushes", "exposures", "conflicts")
DAY = MORNING.replace(hour=0) + timedelta(days=1)


def at(hour: int, minute: int) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


async def test_a_block_is_not_given_up_for_what_it_hides(database_url: str) -> None:
    async with town(database_url) as t:
        await t.mozrest.book("salon", at(11, 30), 120)
        await t.mozrest.book("salon", at(17, 30), 120)
        await t.pass_time(60)
        for start, end in ((at(13, 30), at(13, 45)), (at(17, 15), at(17, 30))):
            await t.operator.book(
                DirectBooking(
                    venue="glasshouse",
                    unit="salon",
                    listing=None,
                    start=start,
                    end=end,
                    party_size=2,
                    contact=Guest(),
                )
            )
        await t.pass_time(600)
        (block,) = await t.mozrest.ours("salon")
        assert (
            block["expires"] is None
        )  # booked: before, it stayed a hold that lapsed again and again
        assert await t.exposures() == []


async def test_once_blocks_stand_deciding_on_everything_anew_changes_nothing(
    database_url: str,
) -> None:
    """Their standing is settled without it, and leaves nothing for it to do."""
    async with town(database_url) as t:
        parts = t.wiring.parts
        await t.boseat.book("salon", at(11, 0), 60)
        await t.mozrest.book("chefs-table", at(11, 30), 90)
        await t.mozrest.book("salon", at(17, 30), 120, confirm=False)
        await t.pass_time(60)
        assert await t.rows("select 1 from blocks where state = 'booked'")
        (venue_id,) = parts.premises
        before = [await t.rows(f"select * from {table} order by id") for table in WRITTEN]
        async with turn(parts, venue_id, actor="worker") as current:
            current.touch(Span(start=MORNING, end=MORNING + timedelta(days=2)))
            await replan(current)
            assert current.entries == []
        assert before == [await t.rows(f"select * from {table} order by id") for table in WRITTEN]
