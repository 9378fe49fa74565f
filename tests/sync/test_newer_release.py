"""A newer release works beside this one: what it writes and we do not understand, we leave alone, and go on."""

from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON
from tests.town import SECRETS, Plan, Town, town

from holdfast.configuration_problem import NotUnderstood
from holdfast.secret import SecretMissing

HOUR = timedelta(hours=1)

NEWER = {
    "a channel that we do not know": (
        "insert into accounts (name, channel, mode, settings, reads_per_minute, writes_per_minute,"
        " poll_seconds, offers_seconds, horizon_days)"
        " values ('third-main', 'third', 'live', '{}', 1, 1, 60, 60, 1)",
        NotUnderstood,
    ),
    "a setting that we do not know": (
        "update accounts set settings = jsonb_set(settings, '{colour}', '\"blue\"')"
        " where name = 'mozrest-main'",
        NotUnderstood,
    ),
}


async def goes_on(t: Town) -> None:
    """As often as it likes to look: what was opened before still works."""
    await t.boseat.book("salon", NOON + 4 * HOUR, 60)
    await t.pass_time(60, 5)
    assert await t.mozrest.ours("salon")
    assert await t.exposures() == []


@pytest.mark.parametrize("what", NEWER)
async def test_what_a_newer_release_configures_is_not_taken_over_and_the_old_parts_go_on(
    database_url: str, what: str
) -> None:
    change, refusal = NEWER[what]
    async with town(database_url, Plan()) as t:
        await t.pool.execute(change)
        for _ in range(3):
            with pytest.raises(refusal):
                await t.wiring.refresh()
        await goes_on(t)


async def test_a_secret_that_is_missing_leaves_the_old_parts_working(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town(database_url, Plan()) as t:
        await t.pool.execute(
            "update accounts set poll_seconds = poll_seconds + 1 where name = 'boseat-main'"
        )
        for name in list(SECRETS):
            monkeypatch.delitem(SECRETS, name)
        for _ in range(3):
            with pytest.raises(SecretMissing):
                await t.wiring.refresh()
        await goes_on(t)
