"""What we wait because a channel refused us is over as soon as the refusal is: nobody else's time is sold meanwhile.

The kind of fault: a wait grows with failures that have since been explained, or that were of another kind. It stood in
three places: refusals of a time that somebody really had, credentials that are accepted again, and tries that failed
for other reasons before.
"""

from datetime import timedelta

from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, Town, town


async def _refused_for_a_guest(t: Town) -> None:
    """Somebody has the same time on either channel; both leave again."""
    boseat = await t.boseat.book("salon", NOON, SLOT)
    mozrest = await t.mozrest.book("salon", NOON, 120)
    await t.settle()
    await t.live(20)
    await t.mozrest.act(mozrest, "cancel")
    await t.boseat.act(boseat, "cancel")
    await t.live(20)


async def test_a_channel_that_rightly_refused_is_asked_at_once_when_it_sells_the_time_again(
    database_url: str,
) -> None:
    """Five guests were there, one after the other, and each was the reason for a refusal."""
    async with town(database_url, Plan(pace=CALM)) as t:
        for _ in range(5):
            await _refused_for_a_guest(t)
        assert len(await t.rows("select from pushes where outcome = 'taken'")) >= 4
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(5)
        assert await t.exposures() == []


async def test_a_key_that_is_accepted_again_closes_what_was_left_open_within_a_minute(
    database_url: str,
) -> None:
    """It was refused for a quarter of an hour: by then each call waited for five minutes."""
    async with town(database_url, Plan(pace=CALM)) as t:
        await t.mozrest.ask("PUT", "/switches", {"key": "revoked"})
        for hours in range(3):
            await t.boseat.book("salon", NOON + timedelta(hours=2 * hours), SLOT)
        await t.live(15 * 60)
        assert await t.exposures() != []
        await t.mozrest.ask("PUT", "/switches", {"key": "valid"})
        await t.live(60)
        assert await t.exposures() == []
