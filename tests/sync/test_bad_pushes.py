"""One call that cannot be made fails by its name; it never ends its account's lane."""

from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import Plan, Town, town

from holdfast.channel import Contact, Listing, Placed
from holdfast.inventory.model import Offer

LONG_GONE = """
with venue as (
  insert into venues (name, timezone, house_contact, holds, conflicts, active, left_at)
  values ('elsewhere', 'Europe/Paris', '{"name": "H", "email": "h@e.example", "phone": "+33123456789"}', 'rehold', 'propose',
          false, now()) returning id),
unit as (insert into units (venue_id, name, seats, active, left_at) select id, 'hall', 4, false, now() from venue returning id),
listing as (
  insert into listings (venue_id, account_id, name, takes, party_size, settings, active, left_at)
  select venue.id, a.id, 'hall-' || a.channel, 'all', 2, '{}', false, now() from venue, accounts a
  returning id, venue_id, account_id),
block as (
  insert into blocks (venue_id, listing_id, account_id, during, marker, wants, state, external_id, because, expires_at)
  select venue_id, id, account_id, tstzrange($1::timestamptz, $1::timestamptz + interval '1 hour'), id || '-bad', 'booked', $2::text,
         case $2::text when 'absent' then null else 'ref-' || account_id end, '{}', case $2::text when 'held' then $1::timestamptz end
    from listing returning id, venue_id, account_id)
insert into pushes (venue_id, account_id, block_id, call, state, risk, starts_at, due_at, observed_at, wished_at)
select venue_id, account_id, id, $3::text, $4::text, 1, $1::timestamptz, $5::timestamptz, $5, $5 from block returning id
"""
"""A venue that is in the configuration no more, and one call of each account about it, riskier than all others."""

LANES = [
    ("absent", "place", "waiting"),
    ("absent", "place", "unknown"),
    ("held", "commit", "waiting"),
    ("held", "commit", "unknown"),
    ("booked", "release", "waiting"),
]


async def spoil(t: Town, state: str, call: str, was: str) -> list[int]:
    t.by_hand = True
    rows = await t.rows(LONG_GONE, NOON, state, call, was, t.clock.now())
    return [row["id"] for row in rows]


@pytest.mark.parametrize(("state", "call", "was"), LANES)
async def test_a_call_about_a_venue_that_is_gone_is_given_up_and_all_others_go_on(
    database_url: str, state: str, call: str, was: str
) -> None:
    """The kind: a look-up that fails ends the work of all. It stands wherever something is looked up by an id that the
    database has and the configuration may not: in each call that is made or found out about, at each channel."""
    async with town(database_url, Plan(webhooks=False)) as t:
        bad = await spoil(t, state, call, was)
        await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("chefs-table", NOON, 90)
        await t.pass_time(60)
        assert await t.mozrest.ours("salon")
        assert await t.boseat.ours("chefs-table")
        rows = await t.rows(
            "select p.state, p.error, a.channel from pushes p join accounts a on a.id = p.account_id"
            " where p.id = any($1::bigint[])",
            bad,
        )
        assert {row["state"] for row in rows} == {"dead"}
        assert all("is not in the configuration any more" in row["error"] for row in rows)


async def test_a_call_about_a_listing_that_is_gone_is_given_up_by_name(database_url: str) -> None:
    """The same kind, where the venue is there and the listing is not."""
    async with town(database_url, Plan(webhooks=False)) as t:
        bad = await spoil(t, "absent", "place", "waiting")
        await t.pool.execute(
            "update pushes set venue_id = (select id from venues where name = 'glasshouse') where id = any($1::bigint[])",
            bad,
        )
        await t.boseat.book("salon", NOON, SLOT)
        await t.pass_time(60)
        assert await t.mozrest.ours("salon")
        rows = await t.rows("select state, error from pushes where id = any($1::bigint[])", bad)
        assert {row["state"] for row in rows} == {"dead"}
        assert all("listing" in row["error"] for row in rows)


async def test_a_cancel_of_a_guests_booking_at_a_venue_that_is_gone_is_never_sent(
    database_url: str,
) -> None:
    """The same kind, for the call that is about a guest."""
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await t.boseat.book("salon", NOON, SLOT)
        await t.pass_time(60)
        await spoil(t, "absent", "place", "waiting")
        (push,) = await t.rows(
            "insert into pushes (venue_id, account_id, booking_id, call, state, risk, starts_at, due_at, observed_at, wished_at)"
            " select v.id, b.account_id, b.id, 'cancel', 'waiting', 1, $1::timestamptz, $2::timestamptz, $2, $2 from bookings b, venues v"
            "  where v.name = 'elsewhere' and b.external_id = $3 returning id",
            NOON,
            t.clock.now(),
            ref,
        )
        await t.pass_time(60)
        rows = await t.rows("select state from pushes where id = $1", push["id"])
        assert [row["state"] for row in rows] == ["dead"]
        assert len(await t.boseat.taken("salon")) == 1


@pytest.mark.parametrize("what", ["hold", "shadow"])
async def test_the_clock_goes_on_over_what_is_at_a_venue_that_is_gone(
    database_url: str, what: str
) -> None:
    """The same kind in what the clock does for all accounts at once: a hold of ours lapses there, a call is recorded
    that was not to be sent. It ended every lane of every account."""
    async with town(database_url, Plan(webhooks=False)) as t:
        state, call, was = (
            ("held", "commit", "dead") if what == "hold" else ("absent", "place", "shadow")
        )
        await spoil(t, state, call, was)
        await t.pool.execute(
            "update blocks set expires_at = $1 where state = 'held'",
            t.clock.now() - timedelta(minutes=1),
        )
        await t.boseat.book("salon", NOON, SLOT)
        await t.pass_time(60)
        assert await t.mozrest.ours("salon")
        assert await t.rows("select 1 from pushes where state = 'shadow'") == []
        assert (
            await t.rows("select 1 from blocks where marker like '%-bad' and state = 'held'") == []
        )


async def test_a_fault_of_ours_in_one_call_hurts_no_other(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same kind, whatever the fault is: it is looked at again, and given up when it stays."""
    async with town(database_url, Plan(webhooks=False)) as t:
        (account,) = [a for a in t.wiring.parts.accounts.values() if a.channel_name == "mozrest"]
        hold = account.channel.hold

        async def faulty(listing: Listing, offer: Offer, contact: Contact) -> Placed:
            if listing.name == "salon-mozrest":
                raise KeyError("a fault of ours")
            return await hold(listing, offer, contact)

        monkeypatch.setattr(account.channel, "hold", faulty)
        await t.boseat.book("salon", NOON, SLOT)
        await t.boseat.book("chefs-table", NOON, SLOT)
        await t.pass_time(60)
        assert await t.mozrest.ours("chefs-table")
        rows = await t.rows("select error from pushes where state in ('unknown', 'waiting')")
        assert any("a fault of ours, KeyError" in str(row["error"]) for row in rows)
