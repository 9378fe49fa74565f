"""Taken time where a listing's offers were never read: a first block goes by its grid, and the reading corrects it."""

from dataclasses import replace
from datetime import timedelta

from tests.town import CALM, MORNING, Plan, Town, town

from holdfast.inventory.model import Span

FAR = MORNING + timedelta(days=9)
"""A weekday of which the offers were read two days from now."""
TAKEN = Span.of(FAR.replace(hour=12), timedelta(hours=1))
AHEAD = replace(CALM, days=12)


async def blinded(t: Town) -> None:
    """As if Mozrest's offers of that day were never read, and cannot be read now."""
    listing = "(select id from listings where name = 'salon-mozrest')"
    later = MORNING + timedelta(days=8)
    await t.pool.execute(
        f"delete from looks where listing_id = {listing} and upper(during) > $1", later
    )
    await t.pool.execute(
        f"delete from offers where listing_id = {listing} and starts_at > $1", later
    )
    fault = {"kind": "status", "status": 503, "path": "/v1/bc/availability"}
    await t.mozrest.ask("POST", "/faults", fault)


async def test_a_first_block_is_placed_by_the_grid_while_the_offers_cannot_be_read(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=AHEAD)) as t:
        await t.live(30)
        await blinded(t)
        await t.boseat.book("salon", TAKEN.start, 60)
        await t.live(20)
        (block,) = await t.mozrest.ours("salon")
        assert str(block["start"]) < TAKEN.end.isoformat()
        assert str(block["end"]) > TAKEN.start.isoformat()
        assert await t.rows("select 1 from probes") != [], "it is still to be read"


async def test_a_guess_that_the_channel_refuses_waits_for_the_reading_and_wakes_nobody(
    database_url: str,
) -> None:
    """The kind: a guess that is tried again and again. The other direction reads a month of slots at once."""
    async with town(database_url, Plan(pace=AHEAD)) as t:
        await t.live(30)
        await blinded(t)
        await t.mozrest.book("salon", TAKEN.start - timedelta(hours=1), 120)
        await t.mozrest.ask("PUT", "/webhooks", {"lose": 1.0})
        await t.boseat.book("salon", TAKEN.start, 60)
        await t.live(120)
        places = await t.rows(
            "select count(*) as many from attempts a join pushes p on p.id = a.push_id"
            " join accounts c on c.id = p.account_id where p.call = 'place' and c.channel = 'mozrest'"
        )
        assert places[0]["many"] <= 3
