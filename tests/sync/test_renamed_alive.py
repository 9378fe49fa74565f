"""A rename while guests are booked: nothing is cancelled, booked twice or blocked twice, and nothing is lost on the way."""

import re
from datetime import timedelta

from tests.sync.test_leaving_in_steps import problems
from tests.sync.test_main_job import NOON, SLOT
from tests.town import Plan, Town, configuration_text, town

from holdfast import configuration, configuration_apply
from holdfast.kind import discover
from holdfast.sync.absorb import apply as decided
from holdfast.sync.decide import Observation
from holdfast.sync.parts import follow_nothing

HOUR = timedelta(hours=1)
NAMES = (
    "boseat-main",
    "salon-boseat",
    "chefs-table-boseat",
    "board-room-boseat",
    "glasshouse",
    "salon",
)
"""An account, its listings, a venue and a unit."""


def called_anew(text: str) -> str:
    """All of them with another name, and what they were called; references follow."""
    for name in NAMES:
        text = re.sub(
            rf'^name = "{name}"$', f'name = "{name}-2"\nrenamed_from = "{name}"', text, flags=re.M
        )
        text = re.sub(rf'^account = "{name}"$', f'account = "{name}-2"', text, flags=re.M)
        text = re.sub(rf'^units = \["{name}"\]$', f'units = ["{name}-2"]', text, flags=re.M)
    return text


async def renamed(t: Town) -> str:
    text = configuration_text({name: side.url for name, side in t.sides.items()}, Plan())
    text = called_anew(text.replace('conflicts = "propose"', 'conflicts = "auto"'))
    wanted = configuration.parse(text, "holdfast.toml", discover())
    async with t.pool.acquire() as connection:
        done = await configuration_apply.apply(connection, wanted, t.clock.now())
    return str(done)


async def booked(t: Town) -> list[str]:
    refs = [await t.boseat.book("salon", NOON + n * HOUR, SLOT) for n in range(3)]
    refs += [await t.mozrest.book("chefs-table", NOON + 2 * n * HOUR, 90) for n in range(2)]
    await t.pass_time(60)
    return refs


async def rows(t: Town) -> list[tuple[object, ...]]:
    """Which bookings there are, which blocks, and which calls were ever wanted."""
    queries = (
        "select 'booking', id, external_id from bookings where status = 'confirmed'",
        "select 'block', id, marker from blocks where closed_at is null",
        "select 'push', id, call from pushes where call <> 'commit'",
    )
    return [tuple(row) for query in queries for row in await t.rows(f"{query} order by id")]


async def test_five_guests_of_a_renamed_account_stay_five_guests(database_url: str) -> None:
    """The kind: a new name is a new thing, and each booking is known a second time, overlaps itself and is cancelled by
    the policy. It stands for accounts, listings, venues and units, and for both channels."""
    async with town(database_url) as t:
        refs = await booked(t)
        await t.pool.execute("update venues set conflicts = 'auto'")
        before = await rows(t)
        told = await renamed(t)
        assert told.count("renamed from") == len(NAMES)
        assert await t.wiring.refresh()
        await t.pass_time(600)
        assert await rows(t) == before
        assert await problems(t) == []
        assert await t.rows("select 1 from pushes where call = 'cancel'") == []
        assert await t.violations() == []
        late = await t.boseat.book("board-room", NOON, SLOT)
        await t.settle()  # its webhook comes to the old address
        found = await t.rows("select via from inbox where ref = $1 order by id", late)
        assert [row["via"] for row in found][:1] == ["webhook"]
        assert len(await t.rows("select 1 from bookings where external_id = any($1)", refs)) == 5


async def test_what_was_read_under_the_old_name_is_still_of_the_same_listing(
    database_url: str,
) -> None:
    """The same kind, for what is under way: a booking is read before and decided on after. Without its listing it would
    free its unit, and the other channel would sell it."""
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await t.boseat.book("salon", NOON, SLOT)
        await t.pass_time(60)
        (before,) = [a for a in t.wiring.parts.accounts.values() if a.channel_name == "boseat"]
        seen = await before.channel.fetch(ref, "salon-boseat")
        blocks = await rows(t)
        await renamed(t)
        assert await t.wiring.refresh()
        observation = Observation(account=before, seen=seen, via="poll", heard_at=t.clock.now())
        await decided(t.wiring.parts, [observation])
        assert await rows(t) == blocks
        assert await t.rows("select 1 from bookings where listing_id is null") == []


async def test_a_process_that_still_knows_the_old_names_does_no_harm(database_url: str) -> None:
    """The same kind, for processes: each follows the configuration in its own time."""
    async with town(database_url) as t:
        await booked(t)
        before = await rows(t)
        t.wiring.parts.follow = follow_nothing
        await renamed(t)
        await t.pass_time(120)  # on the old names
        assert await rows(t) == before
        assert await t.wiring.refresh()
        await t.pass_time(120)
        assert await rows(t) == before
        assert await problems(t) == []
