"""Conflicts to their end: what is chosen is carried out, and it is settled only when every channel has confirmed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import BRISK, CALM, Plan, Town, town

from holdfast.inventory.model import Guest
from holdfast.store import journal
from holdfast.sync.operate import DirectBooking, WishRefused
from holdfast.sync.remedy import ConflictUnknown, Settling, Stale, Wish, act, choose
from holdfast.sync.sides import read_sides

REFUSES = {"boseat": {"cancel_confirmed": "refused_409"}, "mozrest": {"cancel_late": "refused"}}


async def clash(
    t: Town, first: str = "boseat", seconds: float = 3.0, patience: float = 20.0
) -> int:
    """Two guests, one room, seconds apart, and no call between them; returns the conflict."""
    order = [first, "mozrest" if first == "boseat" else "boseat"]
    for name in order:
        await t.sides[name].book("salon", NOON, SLOT if name == "boseat" else 120)
        await t.arrived()
        t.clock.advance(seconds)
    await t.live(patience)
    (row,) = await t.rows(
        "select id from conflicts where kind = 'double_booking' and closed_at is null"
    )
    return int(row["id"])


async def clash_in_order(t: Town) -> int:
    """Mozrest's guest was heard of before Boseat's booked: Boseat took no block meanwhile."""
    refuses = {"kind": "status", "status": 503, "method": "POST", "path": "/v1/bookings.*"}
    await t.mozrest.book("salon", NOON, 120)
    await t.boseat.ask("POST", "/faults", refuses)
    await t.live(20)
    await t.boseat.book("salon", NOON, SLOT)
    await t.boseat.ask("DELETE", "/faults")
    await t.live(20)
    (row,) = await t.rows(
        "select id from conflicts where kind = 'double_booking' and closed_at is null"
    )
    return int(row["id"])


async def direct(t: Town, unit: str, party: int = 4) -> int:
    return await t.operator.book(
        DirectBooking(
            venue="glasshouse",
            unit=unit,
            listing=None,
            start=NOON,
            end=NOON + timedelta(hours=2),
            party_size=party,
            contact=Guest(name="Vera", email="vera@glasshouse.example"),
        )
    )


async def chosen(t: Town, conflict: int, what: str, reason: str = "vera says so") -> Settling:
    if (await one(t, conflict))["decision"] is None:
        await read_sides(t.wiring.parts, conflict)
        await t.settle()
    return await act(t.wiring.parts, conflict, Wish(act=what, actor="vera", reason=reason))


async def one(t: Town, conflict: int) -> dict[str, Any]:
    (row,) = await t.rows("select * from conflicts where id = $1", conflict)
    told = dict(row)
    for name in ("evidence", "decision"):
        told[name] = json.loads(told[name]) if told[name] else None
    return told


async def open_kinds(t: Town) -> list[str]:
    rows = await t.rows("select kind from conflicts where closed_at is null order by kind")
    return [row["kind"] for row in rows]


async def kinds_in_journal(t: Town, like: str = "conflict.%") -> list[str]:
    rows = await t.rows("select kind from journal where kind like $1 order by venue_id, seq", like)
    return [row["kind"] for row in rows]


async def auto(t: Town) -> None:
    async with t.pool.acquire() as connection:
        await connection.execute("update venues set conflicts = 'auto'")
        await connection.execute(  # somebody settled one before: the first is never the policy's
            "insert into conflicts (venue_id, kind, opened_at, decided_at, closed_at, decision)"
            " select id, 'double_booking', $1, $1, $1,"
            ' \'{"act": "keep_a", "actor": "vera", "reason": "x", "calls": [], "cancels": [0], "pushes": []}\''
            " from venues",
            t.clock.now(),
        )
    await t.wiring.refresh()


async def sides(t: Town, conflict: int) -> tuple[str, str]:
    """The channels of A and B."""
    (row,) = await t.rows(
        "select a.channel as a, b.channel as b from conflicts c join bookings b on b.id = c.booking_id"
        " join bookings a on a.id = c.against_ids[1] where c.id = $1",
        conflict,
    )
    return row["a"], row["b"]


async def without(t: Town, conflict: int, channel: str) -> str:
    """The act that cancels a channel's side, whoever of the two was the first."""
    return "keep_b" if (await sides(t, conflict))[0] == channel else "keep_a"


@pytest.mark.parametrize(("first", "keep"), [("boseat", "keep_b"), ("mozrest", "keep_a")])
async def test_whom_we_do_not_keep_is_cancelled_at_its_channel_and_only_then_is_it_settled(
    database_url: str, first: str, keep: str
) -> None:
    async with town(database_url) as t:
        conflict = await clash(t, first)
        a, b = await sides(t, conflict)
        goes, stays = (b, a) if keep == "keep_a" else (a, b)
        settling = await chosen(t, conflict, keep)
        assert settling.state == "under_way"
        assert (await one(t, conflict))["closed_at"] is None
        await t.live(60)
        assert (await one(t, conflict))["resolution"] == f"{keep} by vera: vera says so"
        guests = [e for e in await t.sides[goes].taken("salon") if e["by"] != "client"]
        assert guests == []
        assert [e for e in await t.sides[stays].taken("salon") if e["by"] != "client"]
        assert await open_kinds(t) == []
        await t.live(600)
        assert await t.violations() == []


async def test_the_calls_are_shown_before_they_are_made_and_are_the_ones_that_are_made(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        conflict = await clash(t)
        shown = await choose(t.pool, conflict, "keep_a")
        for side in t.sides.values():
            await side.ask("DELETE", "/requests")
        settling = await chosen(t, conflict, "keep_a")
        assert settling.calls == shown.calls
        await t.live(60)
        (row,) = await t.rows(
            "select b.external_id, a.name from conflicts c join bookings b on b.id = c.booking_id"
            " join accounts a on a.id = b.account_id where c.id = $1",
            conflict,
        )
        asked = [(c.call, c.account, c.ref) for c in shown.calls if c.call == "cancel"]
        assert asked == [("cancel", row["name"], row["external_id"])]


async def test_the_same_decision_twice_is_one_and_another_one_meanwhile_is_refused(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        conflict = await clash(t)
        first = await chosen(t, conflict, "keep_a")
        assert await chosen(t, conflict, "keep_a") == first
        with pytest.raises(Stale, match="keep_a by vera is under way"):
            await chosen(t, conflict, "keep_b")
        assert len(await t.rows("select 1 from pushes where call = 'cancel'")) == 1
        await t.live(60)
        assert (await chosen(t, conflict, "keep_a")).state == "settled"
        with pytest.raises(Stale, match="settled"):
            await chosen(t, conflict, "keep_both")
        assert (await kinds_in_journal(t)).count("conflict.decided") == 1


async def test_what_cannot_be_done_is_refused_with_what_can(database_url: str) -> None:
    async with town(database_url) as t:
        conflict = await clash(t)
        with pytest.raises(WishRefused, match="keep_a, keep_b, keep_both, snooze"):
            await chosen(t, conflict, "retry")
        with pytest.raises(ConflictUnknown):
            await chosen(t, 4711, "keep_a")
        assert (await one(t, conflict))["decision"] is None


async def test_an_intended_overlap_is_settled_and_asked_about_again_only_when_one_changes(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        conflict = await clash(t)
        assert (await chosen(t, conflict, "keep_both", "one party")).state == "settled"
        await t.live(1300)
        assert await open_kinds(t) == []
        ref = (await t.rows("select external_id from bookings where channel = 'mozrest'"))[0][0]
        later = NOON + timedelta(minutes=30)
        to = {"start": later.isoformat(), "end": (later + timedelta(hours=2)).isoformat()}
        await t.mozrest.act(ref, "move", to)
        await t.live(60)
        assert await open_kinds(t) == ["double_booking"]


async def test_a_direct_booking_moves_to_a_free_room_and_both_channels_follow(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(20)
        booking = await direct(t, "salon")
        await t.live(20)
        (row,) = await t.rows("select id from conflicts where closed_at is null")
        shown = await choose(t.pool, row["id"], "move")
        assert {(c.call, c.account) for c in shown.calls if c.call == "place"} == {
            ("place", "boseat-main"),
            ("place", "mozrest-main"),
        }
        assert (await chosen(t, row["id"], "move")).state == "settled"
        await t.live(60)
        assert await open_kinds(t) == []
        granted = await t.rows(
            "select u.name from allocations g join units u on u.id = g.unit_id where booking_id = $1",
            booking,
        )
        assert [g["name"] for g in granted] == ["chefs-table"]
        assert await t.boseat.ours("chefs-table")
        assert await t.mozrest.ours("chefs-table")


async def test_a_direct_booking_that_is_not_kept_ends_by_our_own_word(database_url: str) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(20)
        booking = await direct(t, "salon", party=10)
        await t.live(20)
        (row,) = await t.rows("select id from conflicts where closed_at is null")
        settling = await chosen(t, row["id"], "keep_a")
        assert (settling.state, {c.call for c in settling.calls}) == ("settled", {"release"})
        statuses = await t.rows("select status from bookings where id = $1", booking)
        assert [s["status"] for s in statuses] == ["cancelled"]
        assert await open_kinds(t) == []


@pytest.mark.parametrize("goes", ["boseat", "mozrest"])
async def test_a_cancel_that_the_channel_refuses_opens_the_conflict_again_and_says_why(
    database_url: str, goes: str
) -> None:
    async with town(database_url, Plan(switches={goes: REFUSES[goes]})) as t:
        if goes == "mozrest":
            venue = t.mozrest.places["salon"].partition("/")[0]
            await t.mozrest.ask("PUT", f"/hours/{venue}", {"min_advance_cancelling": 48})
        conflict = await clash(t)
        await chosen(t, conflict, await without(t, conflict, goes))
        await t.live(60)
        told = await one(t, conflict)
        assert (told["closed_at"], told["decision"]) == (None, None)
        assert [r["why"] for r in told["evidence"]["reopened"]] == ["rejected"]
        assert await open_kinds(t) == ["cancel_refused", "double_booking"]
        assert "conflict.reopened" in await kinds_in_journal(t)
        (refused,) = await t.rows("select id from conflicts where kind = 'cancel_refused'")
        await t.sides[goes].ask("PUT", "/switches", dict.fromkeys(REFUSES[goes], "allowed"))
        assert (await chosen(t, refused["id"], "retry")).state == "under_way"
        await t.live(60)
        assert await open_kinds(t) == []
        guests = [e for e in await t.sides[goes].taken("salon") if e["by"] != "client"]
        assert guests == []


async def test_a_cancel_that_is_answered_and_not_done_opens_the_conflict_again(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        conflict = await clash(t)
        # the channel says yes and does nothing
        lie = {"kind": "status", "status": 204, "method": "PUT", "path": ".*/cancel"}
        await t.mozrest.ask("POST", "/faults", {**lie, "when": "before"})
        await chosen(t, conflict, await without(t, conflict, "mozrest"))
        await t.live(10)
        assert (await one(t, conflict))["decision"] is not None
        await t.live(60)
        told = await one(t, conflict)
        assert (told["closed_at"], told["decision"]) == (None, None)
        assert "is still there" in told["evidence"]["reopened"][0]["why"]


async def test_policy_auto_cancels_the_loser_after_the_grace_time_and_not_before(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await auto(t)
        conflict = await clash_in_order(t)
        told = await one(t, conflict)
        assert told["auto_at"] - told["opened_at"] == timedelta(seconds=120)
        await t.live((told["auto_at"] - t.clock.now()).total_seconds() - 1)
        assert (await one(t, conflict))["decision"] is None
        await t.live(60)
        told = await one(t, conflict)
        assert told["resolution"].startswith("keep_a by policy")
        statuses = {r["channel"]: r["status"] for r in await t.rows("select * from bookings")}
        assert sorted(statuses.values()) == ["cancelled", "confirmed"]
        assert await t.violations() == []
        (push,) = await t.rows("select decision from pushes where call = 'cancel'")
        decided = json.loads(push["decision"])
        assert len(decided["reads"]) == 2
        assert all(read["read_at"] >= decided["decided_at"] for read in decided["reads"])


async def test_the_policy_chooses_nobody_where_it_cannot_tell_who_came_first(
    database_url: str,
) -> None:
    """Kind: the order of our reads, taken for the order of the guests. Mozrest does not say when a booking was made."""
    async with town(database_url) as t:
        await auto(t)
        conflict = await clash(t, "mozrest")
        told = await one(t, conflict)
        assert (told["evidence"]["first_by"], told["auto_at"]) == ("unknown", None)
        await t.live(300)
        assert await t.rows("select 1 from pushes where call = 'cancel'") == []


async def test_the_first_double_booking_of_a_venue_is_settled_by_a_person(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await auto(t)
        await t.pool.execute("delete from conflicts")
        conflict = await clash_in_order(t)
        assert (await one(t, conflict))["auto_at"] is None
        await t.live(300)
        assert await t.rows("select 1 from pushes where call = 'cancel'") == []


async def lost_news(t: Town, name: str) -> None:
    """Neither webhooks nor lists tell of anything more; a read by its id still does."""
    await t.sides[name].ask("PUT", "/webhooks", {"lose": 1.0})
    lists = {"boseat": "/v1/bookings", "mozrest": "/v1/bc/booking"}[name]
    await t.sides[name].ask("POST", "/faults", {"kind": "status", "status": 503, "path": lists})


@pytest.mark.parametrize("actor", ["policy", "person"])
async def test_nobody_is_cancelled_for_a_guest_who_left_meanwhile(
    database_url: str, actor: str
) -> None:
    """Kind: acting on what was known minutes ago. It stood for the policy and for persons, and for both channels alike:
    nothing was read between a decision and its cancel, so both guests were gone and no conflict was open.
    """
    async with town(database_url) as t:
        await auto(t)
        conflict = await clash_in_order(t)
        first = await t.rows("select external_id from bookings where channel = 'mozrest'")
        await lost_news(t, "mozrest")
        await read_sides(t.wiring.parts, conflict)
        await t.settle()
        await t.mozrest.act(first[0]["external_id"], "cancel")
        if actor == "person":
            await act(t.wiring.parts, conflict, Wish(act="keep_a", actor="vera", reason="x"))
        await t.live(300)
        statuses = {r["channel"]: r["status"] for r in await t.rows("select * from bookings")}
        assert statuses["boseat"] == "confirmed"
        asked = await open_kinds(t) == ["double_booking"]
        assert (
            statuses["mozrest"] == "cancelled" or asked
        )  # the policy does not act where lists cannot be read
        assert [x for x in await t.boseat.taken("salon") if x["by"] != "client"]
        assert await t.rows("select 1 from pushes where call = 'cancel' and state = 'done'") == []


async def test_who_was_kept_and_leaves_is_shown_with_those_who_were_cancelled_for_it(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        conflict = await clash_in_order(t)
        await chosen(t, conflict, "keep_a")
        await t.live(60)
        assert await open_kinds(t) == []
        (kept,) = await t.rows("select external_id from bookings where status = 'confirmed'")
        await t.mozrest.act(kept["external_id"], "cancel")
        await t.live(60)
        assert await open_kinds(t) == ["kept_left"]


async def test_nobody_decides_on_what_was_read_minutes_ago(database_url: str) -> None:
    async with town(database_url) as t:
        conflict = await clash(t)
        await t.live(120)
        wish = Wish(act="keep_a", actor="vera", reason="x")
        with pytest.raises(Stale, match="last read"):
            await act(t.wiring.parts, conflict, wish)
        await t.settle()
        assert (await act(t.wiring.parts, conflict, wish)).state == "under_way"


async def test_the_policy_waits_for_a_person_while_a_side_does_not_answer(
    database_url: str,
) -> None:
    async with town(database_url) as t:
        await auto(t)
        conflict = await clash_in_order(t)
        away = {"kind": "status", "status": 503, "path": "/v1/.*"}
        await t.mozrest.ask("POST", "/faults", away)
        await t.live(400)
        told = await one(t, conflict)
        assert (told["auto_at"], told["decision"], told["closed_at"]) == (None, None, None)
        await t.mozrest.ask("DELETE", "/faults")
        await t.live(120)
        assert await t.rows("select 1 from pushes where call = 'cancel'") == []


async def test_policy_auto_can_be_stopped(database_url: str) -> None:
    async with town(database_url) as t:
        await auto(t)
        conflict = await clash(t)
        assert (await chosen(t, conflict, "snooze")).state == "snoozed"
        await t.live(300)
        told = await one(t, conflict)
        assert (told["auto_at"], told["decision"], told["closed_at"]) == (None, None, None)
        assert [r["status"] for r in await t.rows("select status from bookings")] == [
            "confirmed"
        ] * 2


async def test_policy_auto_leaves_to_a_person_what_was_refused_once(database_url: str) -> None:
    async with town(database_url, Plan(switches={"boseat": REFUSES["boseat"]})) as t:
        await auto(t)
        conflict = await clash_in_order(t)
        await t.live(900)
        told = await one(t, conflict)
        assert (told["closed_at"], told["auto_at"], told["decision"]) == (None, None, None)
        assert len(await t.rows("select 1 from pushes where call = 'cancel'")) == 1


async def test_policy_auto_leaves_alone_what_starts_soon(database_url: str) -> None:
    soon = Plan(start=NOON - timedelta(minutes=100))
    async with town(database_url, soon) as t:
        await auto(t)
        conflict = await clash(t)
        assert (await one(t, conflict))["auto_at"] is None
        await t.live(300)
        assert await t.rows("select 1 from pushes where call = 'cancel'") == []
        assert "conflict.left_to_a_person" in await kinds_in_journal(t)


async def test_a_guest_who_moves_away_while_we_cancel_is_not_cancelled(database_url: str) -> None:
    async with town(database_url) as t:
        conflict = await clash(t, "boseat")
        ref = (await t.rows("select external_id from bookings where channel = 'mozrest'"))[0][0]
        later = NOON + timedelta(hours=5)
        to = {"start": later.isoformat(), "end": (later + timedelta(hours=2)).isoformat()}
        await t.mozrest.ask("POST", "/faults", {"status": 503, "path": ".*cancel.*"})
        await chosen(t, conflict, await without(t, conflict, "mozrest"))
        await t.live(2)
        await t.mozrest.act(ref, "move", to)
        await t.live(60)
        await t.mozrest.ask("DELETE", "/faults")
        await t.live(120)
        assert await open_kinds(t) == ["both_edited"]
        assert [e["ref"] for e in await t.mozrest.taken("salon") if e["by"] != "client"] == [ref]
        (crossed,) = await t.rows("select id, evidence from conflicts where kind = 'both_edited'")
        told = json.loads(crossed["evidence"])
        assert told["shown_now"]["start"] == later.isoformat()
        assert (await chosen(t, crossed["id"], "accept")).state == "settled"
        assert await open_kinds(t) == []


async def test_the_evidence_names_both_clocks_the_late_push_and_what_took_so_long(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=BRISK)) as t:
        fault = {"status": 503, "path": "/v1/bc/pending-booking", "count": 50}
        await t.mozrest.ask("POST", "/faults", fault)
        ref = await t.boseat.book("salon", NOON, SLOT)
        await t.live(30)
        other = await t.mozrest.book("salon", NOON, 120)
        await t.live(60)
        (row,) = await t.rows("select evidence from conflicts where closed_at is null")
        told = json.loads(row["evidence"])
        assert [(b["side"], b["ref"], b["via"]) for b in told["bookings"]] == [
            ("A", ref, "webhook"),
            ("B", other, "poll"),
        ]
        assert told["bookings"][0]["made_at"] is not None
        assert all(b["firm_at"] and b["first_seen_at"] and b["inbox_id"] for b in told["bookings"])
        assert told["exposure"]["account"] == "mozrest-main"
        assert told["exposure"]["tries"] > 1
        assert told["why"]["delay"] == "unanswered"
        assert "guest" not in row["evidence"].lower().replace("guests", "")


async def test_a_hold_that_its_channel_hid_is_named_as_the_cause(database_url: str) -> None:
    async with town(database_url, Plan(pace=BRISK)) as t:
        ref = await t.mozrest.book("chefs-table", NOON, 90, confirm=False)
        await t.live(90)
        await t.boseat.book("chefs-table", NOON, SLOT)
        await t.live(20)
        await t.mozrest.act(ref, "confirm")
        await t.live(60)
        (row,) = await t.rows("select evidence from conflicts where closed_at is null")
        told = json.loads(row["evidence"])
        assert (told["why"]["delay"], told["sold_there"]) == ("hidden", False)


async def test_a_conflict_whose_time_is_over_is_no_question_any_more(database_url: str) -> None:
    async with town(database_url, Plan(pace=CALM, start=NOON - timedelta(hours=1))) as t:
        conflict = await clash(t, patience=200)
        await t.live(5 * 3600)
        assert (await one(t, conflict))["resolution"] is not None
        assert await open_kinds(t) == []


async def test_an_unmapped_booking_is_settled_once_its_space_is_known_again(
    database_url: str,
) -> None:
    switches = {"boseat": {"space_id_in_booking": "present"}}
    async with town(database_url, Plan(switches=switches)) as t:
        listing = "update listings set active = $1 where name = 'salon-boseat'"
        await t.pool.execute(listing, False)
        await t.wiring.refresh()
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        assert await open_kinds(t) == ["unmapped"]
        await t.pool.execute(listing, True)
        await t.wiring.refresh()
        await t.live(180)
        assert await open_kinds(t) == []
        assert await t.mozrest.ours("salon")


async def test_every_decision_is_in_the_journal_with_who_and_why(database_url: str) -> None:
    async with town(database_url) as t:
        conflict = await clash(t)
        await chosen(t, conflict, "keep_a", "the room is promised")
        await t.live(60)
        (row,) = await t.rows("select actor, data from journal where kind = 'conflict.decided'")
        told = json.loads(row["data"])
        assert (row["actor"], told["reason"]) == ("vera", "the room is promised")
        assert told["calls"][0]["call"] == "cancel"
        async with t.pool.acquire() as connection:
            assert await journal.broken_at(connection, 1) is None
