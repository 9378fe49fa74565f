"""Every kind of conflict arises in a living town, names both channels and what happened, and ends by its action."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from tests.sync.harbour import POOL, harbour
from tests.sync.test_conflicts import REFUSES, chosen, clash, open_kinds, sides, without
from tests.sync.test_main_job import NOON, SLOT
from tests.town import STEADY, Plan, Town, town

from holdfast.sync.remedy import choose

HOUR = timedelta(hours=1)
BLIND = {"kind": "status", "status": 422, "method": "POST", "body": "{}"}


async def double_booking(t: Town) -> None:
    await clash(t)


async def block_lost(t: Town) -> None:
    fault = {**BLIND, "path": "/v1/bc/pending-booking"}
    await t.mozrest.ask("POST", "/faults", fault)
    await t.boseat.book("salon", NOON, SLOT)


async def cancel_refused(t: Town) -> None:
    await t.boseat.ask("PUT", "/switches", REFUSES["boseat"])
    conflict = await clash(t)
    await chosen(t, conflict, await without(t, conflict, "boseat"))


async def both_edited(t: Town) -> None:
    conflict = await clash(t)
    (row,) = await t.rows("select external_id from bookings where channel = 'mozrest'")
    fault = {"status": 503, "path": ".*cancel.*"}
    await t.mozrest.ask("POST", "/faults", fault)
    await chosen(t, conflict, await without(t, conflict, "mozrest"))
    await t.live(2)
    start = NOON + 5 * HOUR
    to = {"start": start.isoformat(), "end": (start + 2 * HOUR).isoformat()}
    await t.mozrest.act(row["external_id"], "move", to)


async def orphan_at_channel(t: Town) -> None:
    await t.boseat.ask("PUT", "/switches", REFUSES["boseat"])
    start = NOON + 5 * HOUR
    wish = {
        "place": t.boseat.places["board-room"],
        "start": start.isoformat(),
        "end": (start + HOUR).isoformat(),
        "email": "house+hf-stray@glasshouse.example",
    }
    await t.boseat.ask("POST", "/guest/book", wish)


async def orphan_block(t: Town) -> None:
    ref = await t.mozrest.book("salon", NOON, 120)
    await t.live(60)
    assert await t.boseat.ours("salon")
    await t.boseat.ask("PUT", "/switches", REFUSES["boseat"])
    await t.mozrest.act(ref, "cancel")


async def unmapped(t: Town) -> None:
    await t.boseat.ask("PUT", "/switches", {"space_id_in_booking": "present"})
    await t.pool.execute("update listings set active = false where name = 'salon-boseat'")
    await t.wiring.refresh()
    await t.boseat.book("salon", NOON, SLOT)


async def allowed(t: Town) -> None:
    await t.boseat.ask("PUT", "/switches", {"cancel_confirmed": "allowed"})
    for side in t.sides.values():
        await side.ask("DELETE", "/faults")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How one arises, from whose channel to whose, what its evidence holds, and the act that ends it."""

    arise: Callable[[Town], Awaitable[None]]
    labels: tuple[str, str] | None
    evidence: frozenset[str]
    act: str
    calls: frozenset[str]


TRIED = frozenset({"call", "push", "tries", "why", "answer", "at"})
KINDS: Mapping[str, Kind] = {
    "double_booking": Kind(
        arise=double_booking,
        labels=None,  # A and B: who came first, the channels' own clocks say
        evidence=frozenset({"bookings", "exposure", "why", "first_by", "decided_by"}),
        act="keep_a",
        calls=frozenset({"cancel"}),
    ),
    "block_lost": Kind(
        arise=block_lost,
        labels=("boseat", "mozrest"),
        evidence=TRIED,
        act="retry",
        calls=frozenset({"place"}),
    ),
    "cancel_refused": Kind(
        arise=cancel_refused,
        labels=("boseat", "boseat"),
        evidence=TRIED,
        act="retry",
        calls=frozenset({"cancel"}),
    ),
    "both_edited": Kind(
        arise=both_edited,
        labels=("mozrest", "mozrest"),
        evidence=frozenset({"decided_on", "shown_now", "pushes"}),
        act="accept",
        calls=frozenset(),
    ),
    "orphan_at_channel": Kind(
        arise=orphan_at_channel,
        labels=("boseat", "boseat"),
        evidence=TRIED | {"ref", "listing"},
        act="retry",
        calls=frozenset({"release"}),
    ),
    "orphan_block": Kind(
        arise=orphan_block,
        labels=("boseat", "boseat"),
        evidence=TRIED | {"ref", "listing"},
        act="retry",
        calls=frozenset({"release"}),
    ),
    "unmapped": Kind(
        arise=unmapped,
        labels=("boseat", "boseat"),
        evidence=frozenset({"account", "ref", "made_at", "heard_at", "read_at"}),
        act="accept",
        calls=frozenset(),
    ),
}


def counted(t: Town, kind: str, labels: tuple[str, str]) -> float | None:
    source, target = labels
    return t.wiring.parts.metrics.registry.get_sample_value(
        "holdfast_conflicts_detected_total", {"kind": kind, "source": source, "target": target}
    )


async def conflicts_of(t: Town, kind: str) -> list[int]:
    rows = await t.rows(
        "select id from conflicts where kind = $1 and closed_at is null order by id", kind
    )
    assert rows
    return [int(row["id"]) for row in rows]


@pytest.mark.parametrize("name", KINDS)
async def test_it_arises_tells_its_story_and_ends_by_what_is_proposed(
    database_url: str, name: str
) -> None:
    kind = KINDS[name]
    async with town(database_url, Plan(pace=replace(STEADY, audits=100_000))) as t:
        await kind.arise(t)
        await t.live(200)
        several = await conflicts_of(t, name)
        labels = kind.labels or await sides(t, several[0])
        assert counted(t, name, labels) == len(several)
        await allowed(t)
        for conflict in several:
            (row,) = await t.rows("select evidence from conflicts where id = $1", conflict)
            assert kind.evidence <= json.loads(row["evidence"]).keys()
            proposed = await choose(t.pool, conflict, kind.act)
            assert kind.calls <= {call.call for call in proposed.calls}
            await chosen(t, conflict, kind.act)
        await t.live(60)
        assert name not in await open_kinds(t)


@pytest.mark.parametrize("name", ["block_lost", "orphan_block", "orphan_at_channel"])
async def test_what_its_channel_refuses_once_more_is_asked_about_once_more(
    database_url: str, name: str
) -> None:
    async with town(database_url, Plan(pace=replace(STEADY, audits=100_000))) as t:
        await KINDS[name].arise(t)
        await t.live(60)
        conflict, *others = await conflicts_of(t, name)
        assert (await chosen(t, conflict, "retry")).state == "under_way"
        await t.live(60)
        assert await conflicts_of(t, name) == [conflict, *others]
        (row,) = await t.rows("select decision, evidence from conflicts where id = $1", conflict)
        assert row["decision"] is None
        assert [one["why"] for one in json.loads(row["evidence"])["reopened"]] == ["rejected"]


async def test_a_party_that_no_table_fits_is_told_and_ends_with_its_cancelling(
    database_url: str,
) -> None:
    async with harbour(database_url) as t:
        await t.pool.execute("update units set seats = 4 where name = 'yew'")
        await t.wiring.refresh()
        await t.mozrest.book(POOL, NOON, 90, party=6)
        await t.live(60)
        (conflict,) = await conflicts_of(t, "too_small")
        assert counted(t, "too_small", ("mozrest", "mozrest")) == 1
        (row,) = await t.rows("select evidence from conflicts where id = $1", conflict)
        (booking,) = json.loads(row["evidence"])["bookings"]
        assert {"heard_at", "made_at", "first_seen_at"} <= booking.keys()
        assert (await chosen(t, conflict, "cancel")).state == "under_way"
        await t.live(60)
        assert await open_kinds(t) == []


async def test_a_party_that_no_table_fits_is_asked_about_once(database_url: str) -> None:
    """The kind: an answer of a person that is forgotten with the next plan. Two names for one booking likewise."""
    async with harbour(database_url) as t:
        await t.pool.execute("update units set seats = 4 where name = 'yew'")
        await t.wiring.refresh()
        ref = await t.mozrest.book(POOL, NOON, 90, party=6)
        await t.live(60)
        (conflict,) = await conflicts_of(t, "too_small")
        assert (await chosen(t, conflict, "accept")).state == "settled"
        await t.mozrest.book(POOL, NOON + HOUR / 2, 90, party=2)
        await t.live(60)
        assert await open_kinds(t) == []
        moved = {"start": (NOON + HOUR).isoformat(), "end": (NOON + 2.5 * HOUR).isoformat()}
        await t.mozrest.act(ref, "move", moved)
        await t.live(60)
        assert await open_kinds(t) == ["too_small"]


async def test_a_second_block_of_ours_on_the_time_of_another_is_given_back_unasked(
    database_url: str,
) -> None:
    async with town(database_url, Plan(pace=replace(STEADY, audits=100_000))) as t:
        await block_lost(t)
        await t.live(60)
        (block,) = await t.rows("select lower(during) as s, upper(during) as e from blocks")
        wish = {
            "place": t.mozrest.places["salon"],
            "start": block["s"].isoformat(),
            "end": block["e"].isoformat(),
            "email": "house+hf-twin@glasshouse.example",
        }
        await t.mozrest.ask("POST", "/guest/book", wish)
        await t.live(300)
        assert await t.mozrest.ours("salon") == []
        assert await open_kinds(t) == ["block_lost"]
