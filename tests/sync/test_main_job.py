"""The main job: a booking on one channel closes the other, by the providers' own books."""

from datetime import datetime, timedelta

from tests.town import MORNING, Town, town


async def test_a_confirmed_booking_on_boseat_becomes_a_booking_on_mozrest(database_url: str) -> None:
    async with town(database_url) as t:
        start = MORNING + timedelta(hours=4)
        await t.boseat.book("salon", start, 60)
        await t.pass_time(30)
        ours = await t.mozrest.ours("salon")
        assert [o["status"] for o in ours] == ["confirmed"], ours
        assert await t.exposures() == []
