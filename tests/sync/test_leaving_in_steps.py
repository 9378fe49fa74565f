"""Leaving is a state: what left the configuration gives back its blocks, waits for its guests, and only then is gone."""

import re
from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import Plan, Town, configuration_text, town

from holdfast import configuration, configuration_apply
from holdfast.kind import discover

ANNEX = """
[[venues]]
name = "annex"
timezone = "Europe/Paris"
house_contact = { name = "Holdfast", email = "house@annex.example", phone = "+33123456789" }
"""
GLASSHOUSE = r'(?s)\[\[venues\]\]\nname = "glasshouse".*\Z'
LISTING = r'(?s)\[\[venues\.listings\]\]\nname = "{}".*?(?=\[\[|\Z)'
MOZREST = (
    r'(?s)\[\[accounts\]\]\nname = "mozrest-main".*?(?=\[\[)',
    r'(?s)\[\[venues\.listings\]\]\nname = "[a-z-]*-mozrest".*?(?=\[\[|\Z)',
)
HOUR = timedelta(hours=1)


async def applied(t: Town, *without: str, more: str = "") -> None:
    """The town's file without these tables, taken over."""
    text = configuration_text({name: side.url for name, side in t.sides.items()}, Plan())
    for table in without:
        assert re.search(table, text), table
        text = re.sub(table, "", text)
    wanted = configuration.parse(text + more, "holdfast.toml", discover())
    async with t.pool.acquire() as connection:
        await configuration_apply.apply(connection, wanted, t.clock.now())
    assert await t.wiring.refresh()


async def states(t: Town) -> dict[str, str]:
    """Of all that is not in service."""
    found = {}
    for table in ("accounts", "venues", "units", "listings"):
        for row in await t.rows(f"select name, left_at from {table} where not active"):
            found[str(row["name"])] = "gone" if row["left_at"] else "leaving"
    return found


async def ours(t: Town) -> int:
    return sum([len(await side.ours(u)) for side in t.sides.values() for u in side.places])


async def problems(t: Town) -> list[str]:
    rows = await t.rows("select kind from conflicts where closed_at is null")
    braked = await t.rows("select name from accounts where braked_at is not null")
    return [str(row[0]) for row in [*rows, *braked]]


async def live(t: Town, ref: str) -> bool:
    rows = await t.rows("select status from bookings where external_id = $1", ref)
    return [row["status"] for row in rows] == ["confirmed"]


async def booked(t: Town) -> list[str]:
    """Guests on both channels, six blocks or more of ours."""
    rooms = [await t.boseat.book("salon", NOON + n * HOUR, SLOT) for n in range(3)]
    tables = [await t.mozrest.book("chefs-table", NOON + 2 * n * HOUR, 90) for n in range(3)]
    await t.pass_time(60)
    assert await ours(t) >= 6
    return rooms + tables


async def test_a_venue_that_leaves_gives_its_blocks_back_and_waits_for_its_guests(
    database_url: str,
) -> None:
    """The kind: what is taken out vanishes for us and stays for all others. It stands for venues, accounts, listings
    and units."""
    async with town(database_url, Plan(webhooks=False)) as t:
        refs = await booked(t)
        await applied(t, GLASSHOUSE, more=ANNEX)
        await t.pass_time(180)
        assert await ours(t) == 0
        assert [await live(t, ref) for ref in refs] == [True] * 6
        told = await states(t)
        assert [told[n] for n in ("glasshouse", "salon", "salon-boseat")] == ["leaving"] * 3
        await t.boseat.act(refs[0], "cancel")
        await t.pass_time(180)
        assert not await live(t, refs[0])  # it is still read, and known
        assert await problems(t) == []
        t.clock.advance(timedelta(hours=14).total_seconds())
        await t.pass_time(60)
        told = await states(t)
        assert set(told.values()) == {"gone"}
        assert {"glasshouse", "salon", "salon-boseat"} <= set(told)
        await t.wiring.refresh()
        assert [p.name for p in t.wiring.parts.premises.values()] == ["annex"]
        assert await problems(t) == []


@pytest.mark.parametrize("after", [5, 200], ids=["at once", "when all was given back"])
async def test_a_venue_that_comes_back_picks_up_where_it_was(database_url: str, after: int) -> None:
    """The same kind the other way round: what comes back must know its own. It stands for accounts and listings."""
    async with town(database_url, Plan(webhooks=False)) as t:
        refs = await booked(t)
        before = await t.rows("select id, name from listings order by id")
        await applied(t, GLASSHOUSE, more=ANNEX)
        await t.pass_time(after)
        await applied(t)
        await t.pass_time(300)
        assert await t.rows("select id, name from listings order by id") == before
        assert [await live(t, ref) for ref in refs] == [True] * 6
        assert await problems(t) == []
        assert await t.violations() == []
        doubles = await t.rows(
            "select listing_id, during from blocks where closed_at is null and state <> 'absent'"
            " group by 1, 2 having count(*) > 1"
        )
        assert doubles == []


async def test_an_account_stays_connected_until_nothing_of_it_is_left(database_url: str) -> None:
    """The same kind, for an account: without it nothing can be given back and nobody be read."""
    async with town(database_url, Plan(webhooks=False)) as t:
        refs = await booked(t)
        await applied(t, *MOZREST)
        await t.pass_time(180)
        assert [await t.mozrest.ours(u) for u in ("salon", "chefs-table")] == [[], []]
        assert (await states(t))["mozrest-main"] == "leaving"
        assert [await live(t, ref) for ref in refs] == [True] * 6
        assert await t.boseat.ours("chefs-table")  # its guests' tables are still closed elsewhere
        for ref in refs[3:]:
            await t.mozrest.act(ref, "cancel")
        await t.pass_time(240)
        assert await t.boseat.ours("chefs-table") == []
        assert set((await states(t)).values()) == {"gone"}
        assert await problems(t) == []


async def test_a_listing_that_leaves_alone_keeps_what_stands_for_guests_and_takes_nothing_new(
    database_url: str,
) -> None:
    """The same kind, for a listing: its unit is taken meanwhile, and it may be on sale."""
    async with town(database_url, Plan(webhooks=False)) as t:
        refs = await booked(t)
        stood = len(await t.mozrest.ours("salon"))
        await applied(t, LISTING.format("salon-mozrest"))
        late = await t.boseat.book("salon", NOON + 5 * HOUR, SLOT)
        await t.pass_time(120)
        assert len(await t.mozrest.ours("salon")) == stood
        assert await states(t) == {"salon-mozrest": "leaving"}
        for ref in [*refs[:3], late]:
            await t.boseat.act(ref, "cancel")
        await t.pass_time(180)
        assert await t.mozrest.ours("salon") == []
        assert await states(t) == {"salon-mozrest": "gone"}
        assert await problems(t) == []


async def test_a_leaving_account_whose_secrets_are_gone_stops_nobody(database_url: str) -> None:
    """The kind: what leaves takes all with it. Secrets go with the account whose they were; a process that begins then
    must still serve all others."""
    async with town(database_url, Plan(webhooks=False)) as t:
        await booked(t)
        settings = '{"base_url": "http://127.0.0.1:9", "api_key": {"env": "NOT_THERE"}}'
        await t.pool.execute(
            "update accounts set settings = $1 where name = 'mozrest-main'", settings
        )
        await applied(t, *MOZREST)
        assert [a.name for a in t.wiring.parts.accounts.values()] == ["boseat-main"]
        ref = await t.boseat.book("board-room", NOON, SLOT)
        await t.pass_time(60)
        assert await live(t, ref)
