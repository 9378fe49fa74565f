"""A migration under running workers: what they had prepared is void, and nobody waits for a lease because of it."""

from datetime import timedelta

from tests.sync.test_main_job import NOON
from tests.town import Plan, town


async def test_a_table_that_grows_a_column_delays_nothing(database_url: str) -> None:
    async with town(database_url, Plan()) as t:
        await t.boseat.book("salon", NOON, 60)
        await t.pass_time(20, 2)
        for number, name in enumerate(("blocks", "bookings", "pushes", "venues", "readings")):
            await t.pool.execute(f"alter table {name} add column added text")
            await t.boseat.book("salon", NOON + timedelta(hours=1 + number), 60)
            await t.pass_time(12, 2)
            assert await t.exposures() == []
            assert await t.rows("select from pushes where state in ('in_flight', 'unknown')") == []
