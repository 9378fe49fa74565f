"""What carries a marker of ours, or stands under the id of a block of ours, is never kept as a guest's booking."""

from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import Plan, Town, town

from holdfast.inventory.marker import mark
from holdfast.inventory.model import Guest, Seen, Span
from holdfast.sync.absorb import apply
from holdfast.sync.decide import Observation
from holdfast.sync.parts import Account
from holdfast.sync.replay import preview

SIDES = pytest.mark.parametrize("target", ["boseat", "mozrest"])


async def closed_at(t: Town, target: str) -> str:
    """A booking on the other side, closed here; the reference of our block."""
    source = "mozrest" if target == "boseat" else "boseat"
    await t.sides[source].book("salon", NOON, SLOT if source == "boseat" else 120)
    await t.pass_time(45)
    return str((await t.sides[target].ours("salon"))[0]["ref"])


async def out_of_service(t: Town) -> None:
    for table in ("listings", "units", "venues"):
        await t.pool.execute(f"update {table} set active = false")
    assert await t.wiring.refresh()


def account(t: Town, channel: str) -> Account:
    return next(a for a in t.wiring.parts.accounts.values() if a.channel_name == channel)


async def heard_of(t: Town, channel: str, ref: str, via: str) -> int:
    event: int = await t.pool.fetchval(
        "insert into inbox (account_id, via, ref, raw_type, received_at, due_at)"
        " values ($1, $2, $3, 'test', $4, $4) returning id",
        account(t, channel).id,
        via,
        ref,
        t.clock.now(),
    )
    return event


async def kept_for_guests(t: Town, ref: str) -> list[str]:
    rows = await t.rows(
        "select status from bookings where external_id = $1"
        " and status in ('held', 'pending', 'confirmed', 'seated', 'unknown')",
        ref,
    )
    open_ones = await t.rows("select kind from conflicts where closed_at is null")
    return [str(row[0]) for row in [*rows, *open_ones]]


@SIDES
@pytest.mark.parametrize("via", ["webhook", "poll", "replay", "operator", "clock"])
async def test_our_block_at_a_venue_that_left_is_no_guests_booking(
    database_url: str, target: str, via: str
) -> None:
    """The kind: who a booking is of is asked where it is mapped only. It stands in each path by which a booking
    is heard of, at either channel, and for holds as for bookings."""
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await closed_at(t, target)
        await out_of_service(t)
        event = await heard_of(t, target, ref, via)
        assert (await preview(t.wiring.parts, event)).verdict != "unmapped"
        await t.settle()
        assert await kept_for_guests(t, ref) == []


@SIDES
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_a_list_that_shows_a_marker_of_ours_shows_no_guest(
    database_url: str, target: str, known: bool
) -> None:
    """The same kind, where a list, a poll or an audit shows the block itself, mapped to nothing; and where our store
    is older than the block, so that only its marker tells."""
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await closed_at(t, target) if known else "a-block-of-before"
        marker = (
            await t.pool.fetchval("select marker from blocks where external_id = $1", ref)
            if known
            else "7-abc"
        )
        seen = Seen(
            external_id=ref,
            listing=None,
            status="confirmed",
            raw_status="CONFIRMED",
            payment="none",
            span=Span.of(NOON, timedelta(hours=1)),
            party_size=2,
            held_until=None,
            made_at=None,
            read_at=t.clock.now(),
            marker=marker,
            guest=Guest(email=mark("house@glasshouse.example", marker)),
        )
        await out_of_service(t)
        observation = Observation(
            account=account(t, target), seen=seen, via="poll", heard_at=t.clock.now()
        )
        await apply(t.wiring.parts, [observation])
        await t.settle()
        assert await kept_for_guests(t, ref) == []


@SIDES
@pytest.mark.parametrize("left", [True, False], ids=["venue left", "venue stays"])
@pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "unmapped"])
async def test_what_was_kept_as_a_guests_before_is_turned_out_when_it_is_met_again(
    database_url: str, target: str, left: bool, mapped: bool
) -> None:
    """The same kind, in what an older release left behind: by a webhook, and by a list that shows it."""
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await closed_at(t, target)
        owner = account(t, target)
        listing = next(i for i, one in owner.listings.items() if one.name.startswith("salon"))
        t.by_hand = True
        booking = await t.pool.fetchval(
            "insert into bookings (venue_id, listing_id, account_id, channel, external_id, status, raw_status, payment,"
            " during, first_seen_at, read_at) select case when $3 then l.venue_id end, case when $3 then l.id end, $1, $4,"
            " $2, 'confirmed', 'CONFIRMED', 'none', k.during, k.created_at, k.created_at"
            "   from listings l, blocks k where l.id = $5 and k.external_id = $2 returning id",
            owner.id,
            ref,
            mapped,
            target,
            listing,
        )
        await t.pool.execute(
            "insert into conflicts (kind, booking_id, opened_at) values ('unmapped', $1, $2)",
            booking,
            t.clock.now(),
        )
        if left:
            await out_of_service(t)
            await heard_of(t, target, ref, "webhook")
        await t.pass_time(60)
        assert await kept_for_guests(t, ref) == []
        stands = await t.rows("select 1 from allocations where booking_id = $1", booking)
        assert stands == []
