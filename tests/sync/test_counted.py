"""What happened is counted once, where it happens, under labels that are known from the start."""

import re
from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON, SLOT
from tests.town import Plan, Town, town

from holdfast.exchange import BudgetSpent, Reply, Request
from holdfast.inventory.model import Guest
from holdfast.measured import MeasuredTransport
from holdfast.metrics import Metrics, exposition
from holdfast.store.inbox import Incoming
from holdfast.sync.heard import hear
from holdfast.sync.operate import DirectBooking


def total(t: Town, name: str, **labels: str) -> float:
    """The sum of all series of a name with these labels. A name that does not exist fails the test."""
    registry = t.wiring.parts.metrics.registry
    samples = [s for family in registry.collect() for s in family.samples]
    named = [s for s in samples if s.name == f"holdfast_{name}"]
    assert named, name
    return sum(s.value for s in named if labels.items() <= s.labels.items())


def strange(t: Town) -> list[str]:
    """Series whose labels nobody foresaw; a kind of event may well be another."""
    lines = (exposition(t.wiring.parts.metrics).body or b"").decode().splitlines()
    others = [line for line in lines if re.search(r'(?<!type)="other"', line)]
    return [line for line in others if not line.endswith(" 0.0")]


@pytest.mark.parametrize(
    ("source", "result"), [("boseat", "missed_by_webhook"), ("mozrest", "new")]
)
async def test_a_change_that_its_channel_announces_and_no_webhook_told_of_is_missed(
    database_url: str, source: str, result: str
) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        await t.live(120)
        before = total(t, "poll_items_total", channel=source, result=result)
        await t.sides[source].book("salon", NOON, SLOT if source == "boseat" else 120)
        await t.live(300)
        missed = total(t, "poll_items_total", result="missed_by_webhook")
        assert (before, missed >= 1) == (0, source == "boseat")
        assert total(t, "poll_items_total", channel=source, result=result) >= 1
        assert total(t, "poll_items_total", channel=source, result="unchanged") >= 1
        assert total(t, "events_received_total", channel=source, via="poll") >= 1
        assert strange(t) == []


async def test_what_webhooks_tell_of_is_not_missed(database_url: str) -> None:
    async with town(database_url) as t:
        await t.live(120)
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(300)
        assert total(t, "poll_items_total", result="missed_by_webhook") == 0
        assert total(t, "events_received_total", channel="boseat", via="webhook") >= 1
        assert total(t, "events_processed_total", channel="boseat", outcome="applied") >= 1
        await t.wiring.parts.metrics.refresh(t.pool, t.clock.now())
        told = total(t, "webhook_last_accepted_timestamp_seconds", channel="boseat")
        assert 0 < t.clock.now().timestamp() - told < 310
        counted = total(t, "events_processed_total")
        rows = await t.rows("select count(*) n from inbox where done_at is not null")
        assert counted == rows[0]["n"]
        slow = total(t, "event_processing_duration_seconds_count", channel="boseat")
        assert 1 <= slow <= counted
        for operation in ("scan", "offers", "fetch"):
            assert total(t, "channel_requests_total", channel="boseat", operation=operation) >= 1
        assert strange(t) == []


async def test_every_row_of_the_inbox_is_an_event_received(database_url: str) -> None:
    async with town(database_url) as t:
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        account = next(iter(t.wiring.parts.accounts.values()))
        row = Incoming(
            account_id=account.id,
            via="webhook",
            ref="nobody",
            raw_type="booking.created",
            received_at=t.clock.now(),
            delivery_id="d-1",
        )
        for _ in range(2):
            async with t.pool.acquire() as connection:
                await hear(t.wiring.parts, connection, [row])
        rows = await t.rows("select count(*) n from inbox")
        assert total(t, "events_received_total") == rows[0]["n"]


async def test_what_the_venue_does_itself_is_counted_as_direct(database_url: str) -> None:
    async with town(database_url) as t:
        wish = DirectBooking(
            venue="glasshouse",
            unit="salon",
            listing=None,
            start=NOON,
            end=NOON + timedelta(hours=1),
            party_size=2,
            contact=Guest(),
        )
        assert await t.operator.cancel(await t.operator.book(wish), "a mistake")
        for change in ("booking", "cancellation"):
            assert total(t, "bookings_ingested_total", source="direct", change=change) == 1
        assert total(t, "events_received_total", channel="direct", via="operator") == 1
        assert strange(t) == []


async def test_a_conflict_that_is_over_by_itself_is_counted(database_url: str) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        ref = await t.boseat.book("salon", NOON, SLOT)
        await t.mozrest.book("salon", NOON, 120)
        await t.live(120)
        assert total(t, "conflicts_resolved_total") == 0
        await t.boseat.act(ref, "cancel")
        await t.live(300)
        kind = {"kind": "double_booking"}
        assert total(t, "conflicts_resolved_total", **kind, resolution="by_itself") == 1
        assert total(t, "conflicts_resolved_total", **kind) == 1


async def test_a_block_that_somebody_takes_away_is_counted_as_lost(database_url: str) -> None:
    async with town(database_url) as t:
        await t.mozrest.book("chefs-table", NOON, 120)
        await t.live(60)
        blocks = await t.boseat.ours("chefs-table")
        for block in blocks:
            await t.boseat.ask("POST", f"/guest/{block['ref']}/cancel")
        await t.live(120)
        lost = total(t, "block_lapses_total", channel="boseat", reason="lost")
        assert lost == len(blocks) >= 1


async def test_a_call_that_is_refused_for_good_is_counted_as_dead(database_url: str) -> None:
    async with town(database_url) as t:
        fault = {"kind": "status", "status": 422, "method": "POST", "body": "{}"}
        await t.mozrest.ask("POST", "/faults", fault)
        await t.boseat.book("salon", NOON, SLOT)
        await t.live(60)
        dead = await t.rows("select count(*) n from pushes where state = 'dead'")
        assert dead[0]["n"] >= 1
        assert total(t, "dead_lettered_total", channel="mozrest", reason="rejected") == dead[0]["n"]
        await t.wiring.parts.metrics.refresh(t.pool, t.clock.now())
        assert total(t, "dead_letters", channel="mozrest") >= 1


class Spent:
    """A transport whose account has no budget left."""

    async def send(self, request: Request) -> Reply:
        raise BudgetSpent(1.0)


async def test_what_our_own_budget_keeps_back_is_no_failure_of_the_channel() -> None:
    metrics = Metrics(["rooms"])
    request = Request(operation="hold", method="POST", url="", budget="write")
    with pytest.raises(BudgetSpent):
        await MeasuredTransport(Spent(), metrics, "rooms").send(request)
    labels = {"channel": "rooms", "operation": "hold"}
    for outcome, amount in (("held_back", 1), ("limited", 0)):
        value = metrics.registry.get_sample_value(
            "holdfast_channel_requests_total", {**labels, "outcome": outcome}
        )
        assert value == amount
