"""When answers are lost, refused or unreadable: nothing is done twice on a guess, and nothing is given up silently."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import CALM, Plan, Town, town

from holdfast.channels.mozrest.client import HOLD_SECONDS
from holdfast.inventory.model import Guest, Span
from holdfast.sync.operate import DirectBooking, WishRefused

LOST_ANSWERS: Sequence[dict[str, object]] = [
    {"kind": "status", "status": 502, "when": "after"},
    {"kind": "reset", "when": "after"},
    {"kind": "truncated", "when": "after"},
    {"kind": "html", "when": "after"},
]
WRITES = {
    "boseat": [("POST", "/v1/bookings"), ("PATCH", "/v1/bookings/.*")],
    "mozrest": [("POST", "/v1/bc/pending-booking"), ("PUT", "/v1/bc/pending-booking/.*")],
}


async def broken(t: Town, name: str, fault: dict[str, object], write: tuple[str, str]) -> None:
    rule = {**fault, "method": write[0], "path": write[1], "count": 1}
    await t.sides[name].ask("POST", "/faults", rule)


def lost_answers() -> Iterator[Any]:
    """Every kind with either channel and with either call; every three of them together only by hand."""
    for number, (fault, step, target) in enumerate(product(LOST_ANSWERS, (0, 1), WRITES)):
        marks = [pytest.mark.soak] if (number // 4 + number // 2 + number) % 2 else []
        name = f"{target}-{('place', 'commit')[step]}-{fault['kind']}"
        yield pytest.param(target, step, fault, marks=marks, id=name)


@pytest.mark.parametrize(("target", "step", "fault"), [*lost_answers()])
async def test_a_lost_answer_is_settled_by_reading_and_never_books_twice(
    database_url: str, target: str, step: int, fault: dict[str, object]
) -> None:
    async with town(database_url) as t:
        source = t.mozrest if target == "boseat" else t.boseat
        await broken(t, target, fault, WRITES[target][step])
        await source.book("chefs-table", NOON, SLOT if target == "mozrest" else 90)
        await t.live(600)
        ours = await t.sides[target].ours("chefs-table")
        assert len({(o["start"], o["end"]) for o in ours}) == len(ours)
        assert {o["status"].lower() for o in ours} == {"confirmed"}
        outcomes = {r["outcome"] for r in await t.rows("select outcome from attempts")}
        assert outcomes == {"done", "unknown"}
        assert await t.violations() == []


async def test_a_lost_hold_that_was_a_guests_is_placed_as_soon_as_the_guest_lets_go(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=CALM)) as t:
        await broken(
            t, "mozrest", {"kind": "status", "status": 502, "when": "before"}, WRITES["mozrest"][0]
        )
        await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        t.clock.advance(HOLD_SECONDS - 60)  # nobody has read the offers since
        await t.boseat.book("chefs-table", NOON, SLOT)
        await t.live(40)
        (block,) = await t.rows("select state, external_id from blocks")
        assert (block["state"], block["external_id"]) == ("held", None)  # so it looks to us
        t.clock.advance(30)  # the guest let it lapse
        await t.rows("update readings set due_at = $1 where task = 'offers'", t.clock.now())
        await t.live(30)  # far less than a hold lives
        assert len(await t.mozrest.ours("chefs-table")) == 1
        assert await t.violations() == []


async def test_a_lost_hold_is_disproved_by_any_offer_over_its_time(database_url: str) -> None:
    """Found by the soak, seed 1: what it stood for was on sale, only its very own span was not."""
    async with town(database_url, Plan(pace=CALM)) as t:
        await broken(
            t, "mozrest", {"kind": "status", "status": 502, "when": "before"}, WRITES["mozrest"][0]
        )
        await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        t.clock.advance(HOLD_SECONDS - 60)
        await t.boseat.book("chefs-table", NOON, SLOT)
        await t.live(40)
        (block,) = await t.rows("select state, external_id from blocks")
        assert (block["state"], block["external_id"]) == ("held", None)
        t.clock.advance(30)  # the guest let it lapse; the next one sits down beside, in a clash
        await t.mozrest.book("chefs-table", NOON + timedelta(minutes=45), 90)
        await t.rows("update readings set due_at = $1", t.clock.now())
        await t.live(60)  # far less than a hold lives
        assert await t.violations() == []


@pytest.mark.parametrize("target", ["boseat", "mozrest"])
async def test_a_refused_credential_is_tried_again_and_costs_no_block(
    database_url: str, target: str
) -> None:
    async with town(database_url) as t:
        source = t.mozrest if target == "boseat" else t.boseat
        rule = {"kind": "status", "status": 401, "path": "/v1/.*", "count": 3}
        await t.sides[target].ask("POST", "/faults", rule)
        await source.book("salon", NOON, SLOT if target == "mozrest" else 120)
        await t.live(900)
        assert await t.sides[target].ours("salon")
        assert await t.violations() == []


async def test_an_answer_that_cannot_be_read_is_kept_and_the_booking_is_still_found(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        fault = {"kind": "html", "path": "/v1/bookings/.*", "method": "GET", "count": 2}
        await t.boseat.ask("POST", "/faults", fault)
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(120)
        kept = await t.rows("select body from inbox where raw_type = 'unreadable_answer'")
        assert kept
        assert all(b"<html>" in row["body"] for row in kept)
        assert await t.mozrest.ours("salon")


async def test_a_slot_that_somebody_took_meanwhile_ends_in_a_conflict_not_in_a_loop(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await t.mozrest.ask("POST", "/faults", {"path": "/v1/bc/booking", "count": 20})
        await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("salon", NOON, 120)
        await t.live(600)
        attempts = await t.rows("select count(*) n from attempts where failure = 'taken'")
        assert attempts[0]["n"] <= 3
        await t.mozrest.ask("DELETE", "/faults")
        await t.live(300)
        assert await t.violations() == []
        assert await t.rows("select 1 from conflicts where closed_at is null")


async def test_a_channel_that_offers_what_it_refuses_is_not_asked_again_and_again(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        refusal = {"kind": "status", "status": 402, "path": "/v1/bc/pending-booking"}
        await t.mozrest.ask("POST", "/faults", refusal)
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        (tried,) = await t.rows("select count(*) n from attempts where failure = 'taken'")
        assert 2 <= tried["n"] <= 5  # at once, and after 15 and 30 s more
        await t.mozrest.ask("DELETE", "/faults")
        await t.live(60)
        assert await t.violations() == []


async def test_a_booking_of_an_unknown_space_is_kept_as_unmapped(database_url: str) -> None:
    switches = {"boseat": {"space_id_in_booking": "present"}}
    async with town(database_url, Plan(switches=switches)) as t:
        async with t.pool.acquire() as connection:
            await connection.execute(
                "update listings set active = false where name = 'salon-boseat'"
            )
        await t.wiring.refresh()
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        rows = await t.rows("select venue_id, status from bookings")
        assert [(r["venue_id"], r["status"]) for r in rows] == [(None, "confirmed")]
        assert [r["kind"] for r in await t.rows("select kind from conflicts")] == ["unmapped"]


async def test_a_call_under_way_is_not_cut_off_when_the_configuration_changes(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        (account,) = [a for a in t.wiring.parts.accounts.values() if a.channel_name == "boseat"]
        listing = next(iter(account.listings.values()))
        async with t.pool.acquire() as connection:
            await connection.execute("update accounts set mode = 'shadow' where channel = 'boseat'")
        assert await t.wiring.refresh()
        window = Span.of(t.clock.now(), timedelta(days=1))
        assert (await account.channel.offers(listing, window)).offers


async def test_a_direct_booking_closes_both_channels_and_its_end_frees_them(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        wish = DirectBooking(
            venue="glasshouse",
            unit="board-room",
            listing=None,
            start=NOON,
            end=NOON + timedelta(hours=2),
            party_size=4,
            contact=Guest(name="Vera", email="vera@glasshouse.example"),
        )
        booking_id = await t.operator.book(wish)
        await t.live(60)
        assert await t.boseat.ours("board-room")
        assert await t.mozrest.ours("board-room")
        assert await t.operator.cancel(booking_id, "the guest called")
        await t.live(60)
        assert await t.boseat.ours("board-room") == []
        assert await t.mozrest.ours("board-room") == []


async def test_an_operator_cancels_a_guests_booking_at_its_channel(database_url: str) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        booking_id = (await t.rows("select id from bookings"))[0]["id"]
        assert not await t.operator.cancel(booking_id, "flooded")
        await t.live(60)
        assert await t.boseat.taken("salon") == []
        assert await t.mozrest.ours("salon") == []
        assert [r["status"] for r in await t.rows("select status from bookings")] == ["cancelled"]
        with pytest.raises(WishRefused):
            await t.operator.cancel(booking_id, "again")


async def test_news_older_than_what_is_known_changes_nothing(database_url: str) -> None:
    async with town(database_url) as t:
        ref = await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        await t.boseat.ask("PUT", "/webhooks", {"keep_back": True, "copies": 3})
        await t.boseat.act(ref, "cancel")
        await t.live(60)
        await t.boseat.ask("POST", "/webhooks/flush", {"order": "reverse"})
        await t.live(60)
        assert [r["status"] for r in await t.rows("select status from bookings")] == ["cancelled"]
        assert await t.mozrest.ours("salon") == []


async def test_a_block_that_somebody_cancels_at_the_channel_is_placed_again_and_told(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await t.mozrest.book("chefs-table", NOON, 90)
        await t.live(60)
        ours = await t.boseat.ours("chefs-table")
        await t.boseat.act(ours[0]["ref"], "cancel")
        await t.live(120)
        assert len(await t.boseat.ours("chefs-table")) == len(ours)
        assert await t.rows("select 1 from journal where kind = 'block.lost'")
        assert await t.violations() == []


async def test_the_journal_is_whole_and_holds_no_guest(database_url: str) -> None:
    from holdfast.store import journal

    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("board-room", NOON, 90)
        await t.live(300)
        async with t.pool.acquire() as connection:
            assert await journal.broken_at(connection, 1) is None
        told = " ".join(r["told"] for r in await t.rows("select kind || data as told from journal"))
        assert "guest@example" not in told
        assert "Guest Example" not in told
        assert "booking.created" in told
