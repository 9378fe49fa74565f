"""To keep two bookings hides no third."""

from datetime import timedelta

from tests.sync.test_conflicts import chosen, direct, open_kinds
from tests.sync.test_main_job import NOON
from tests.town import Town, town

from holdfast.inventory.model import Guest
from holdfast.sync.operate import DirectBooking


async def between(t: Town, start: int, end: int) -> None:
    """A direct booking of the salon, in hours from noon."""
    wish = DirectBooking(
        venue="glasshouse",
        unit="salon",
        listing=None,
        start=NOON + timedelta(hours=start),
        end=NOON + timedelta(hours=end),
        party_size=2,
        contact=Guest(),
    )
    await t.operator.book(wish)


async def test_an_overlap_with_one_who_came_later_and_has_the_unit_is_shown_too(
    database_url: str,
) -> None:
    """Kind: a false all-clear. A conflict names those who came before; to intend that overlap hid the other one."""
    async with town(database_url) as t:
        await direct(t, "salon")
        await between(t, 1, 5)
        await between(t, 4, 6)
        (first,) = await t.rows("select id from conflicts where closed_at is null")
        await chosen(t, first["id"], "keep_both")
        await t.live(60)
        assert await open_kinds(t) == ["double_booking"]
        (second,) = await t.rows("select id, against_ids from conflicts where closed_at is null")
        assert second["against_ids"] == [3]
        await chosen(t, second["id"], "keep_both")
        await t.live(60)
        assert await open_kinds(t) == []
