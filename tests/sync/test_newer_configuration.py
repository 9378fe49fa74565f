"""A process whose configuration is older than another's leaves to that one what it does not know, and soon.

The kind of fault: who does not know a thing speaks for those who do. It stood three times: a new list of bookings was
put off by five minutes, in which nothing was released on any other channel; the offers of a new listing counted as read;
and a read that a decision waited for was dropped. A decision of its own it makes on what is configured by then: it freed
units that only a newer listing's booking needed.
"""

from datetime import timedelta

from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, Town, configuration_text, town

from holdfast import configuration, configuration_apply
from holdfast.kind import discover
from holdfast.sync.readings import NOT_MINE

SOON = NOT_MINE + timedelta(seconds=2)


async def _new_listing(t: Town) -> int:
    """Of another process's configuration: this one does not know it."""
    (row,) = await t.rows(
        "insert into listings (venue_id, account_id, name, takes, party_size, settings, active)"
        " select venue_id, account_id, 'attic-boseat', takes, party_size, settings, false"
        " from listings where name = 'salon-boseat' returning id"
    )
    return int(row["id"])


async def test_a_list_that_another_process_reads_is_not_put_off(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        await t.rows(
            "insert into readings (account_id, task, place, due_at)"
            " select id, 'bookings', 'attic', $1 from accounts where name = 'boseat-main'",
            t.clock.now(),
        )
        await t.settle()
        (reading,) = await t.rows("select due_at, complete_at from readings where place = 'attic'")
        assert reading["complete_at"] is None
        assert reading["due_at"] <= t.clock.now() + SOON


async def test_offers_that_were_not_read_do_not_count_as_read(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        listing = await _new_listing(t)
        await t.rows(
            "insert into readings (account_id, task, listing_id, place, during, due_at)"
            " select account_id, task, $1, place, during, $2 from readings"
            " where task = 'offers' order by id limit 1",
            listing,
            t.clock.now(),
        )
        await t.settle()
        (reading,) = await t.rows("select * from readings where listing_id = $1", listing)
        assert reading["complete_at"] is None
        assert reading["due_at"] <= t.clock.now() + SOON


async def test_a_read_that_a_decision_waits_for_is_left_to_who_knows_the_listing(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        listing = await _new_listing(t)
        await t.rows(
            "insert into probes (listing_id, during, due_at) values ($1, tstzrange($2, $3), $2)",
            listing,
            t.clock.now(),
            t.clock.now() + timedelta(hours=1),
        )
        await t.settle()
        (probe,) = await t.rows("select due_at from probes where listing_id = $1", listing)
        assert probe["due_at"] <= t.clock.now() + SOON
        await t.live(120)
        assert not await t.rows("select from probes")  # nobody knows it: it has left


async def test_a_decision_goes_by_what_is_configured_when_it_is_made(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        unit = '[[venues.units]]\nname = "salon"\n'
        text = configuration_text({name: side.url for name, side in t.sides.items()}, Plan())
        assert unit in text
        text = text.replace(unit, f"{unit}cleanup_minutes = 25\n")
        wanted = configuration.parse(text, "holdfast.toml", discover())
        t.clock.advance(1)
        async with t.pool.acquire() as connection:
            await configuration_apply.apply(connection, wanted, t.clock.now())
        await t.boseat.book("salon", NOON, SLOT)
        await t.settle()
        (grant,) = await t.rows(
            "select upper(a.during) - upper(b.during) as more"
            " from allocations a join bookings b on b.id = a.booking_id"
        )
        assert grant["more"] == timedelta(minutes=25)
