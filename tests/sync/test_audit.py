"""Drift made by hand on a simulator: the audit finds it, a dry run changes nothing, the repair ends it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.sync.test_main_job import NOON
from tests.town import STEADY, Plan, Town, town

from holdfast.auditing import plain, told
from holdfast.sync.audit import Report, audit

DRIFT = Plan(webhooks=True, pace=replace(STEADY, audits=100_000))
HOUR = timedelta(hours=1)
TABLES = (
    "bookings",
    "blocks",
    "pushes",
    "inbox",
    "offers",
    "conflicts",
    "journal",
    "audits",
    "occupied",
)


async def asleep(t: Town) -> None:
    """No webhook comes, no poll is due: what happens now, only an audit can find."""
    for side in t.sides.values():
        await side.ask("PUT", "/webhooks", {"lose": 1.0})
    await t.pool.execute(
        "update readings set due_at = now() + interval '1 year', every_seconds = 1e9"
    )
    await t.pool.execute("update cursors set next_due_at = now() + interval '1 year'")


async def awake(t: Town) -> None:
    """Everything is read by polls again: nothing is freed before the other channels were."""
    await t.pool.execute("update readings set due_at = $1, every_seconds = 60", t.clock.now())


async def audited(t: Town, name: str, *, dry_run: bool = False) -> Report:
    account = next(a for a in t.wiring.parts.accounts.values() if a.channel_name == name)
    (venue_id,) = set(account.venues.values())
    return await audit(t.wiring.parts, account, venue_id, dry_run=dry_run)


async def rows_of(t: Town) -> dict[str, str]:
    return {
        table: await t.pool.fetchval(
            f"select coalesce(string_agg(t::text, '|' order by t::text), '') from {table} t"
        )
        for table in TABLES
    }


def kinds(report: Report) -> list[tuple[str, str]]:
    return [(finding.kind, finding.what) for finding in report.look.findings]


async def a_guest_books(t: Town, name: str) -> None:
    await asleep(t)
    await t.sides[name].book("salon", NOON + 4 * HOUR, 120 if name == "mozrest" else 60)


async def a_guest_cancels(t: Town, name: str) -> None:
    ref = await t.sides[name].book("salon", NOON + 4 * HOUR, 120 if name == "mozrest" else 60)
    await t.live(60)
    await asleep(t)
    await t.sides[name].act(ref, "cancel")


async def a_guest_moves(t: Town, name: str) -> None:
    minutes = 120 if name == "mozrest" else 60
    ref = await t.sides[name].book("salon", NOON + 4 * HOUR, minutes)
    await t.live(60)
    await asleep(t)
    start = NOON + 7 * HOUR
    end = start + timedelta(minutes=minutes)
    await t.sides[name].act(ref, "move", {"start": start.isoformat(), "end": end.isoformat()})


async def our_block_is_cancelled(t: Town, name: str) -> None:
    await t.sides["mozrest" if name == "boseat" else "boseat"].book("chefs-table", NOON, 60)
    await t.live(60)
    await asleep(t)
    side = t.sides[name]
    for block in await side.ours("chefs-table"):
        await side.ask("POST", f"/{'guest' if name == 'boseat' else 'venue'}/{block['ref']}/cancel")


async def a_stray_booking_bears_our_mark(t: Town, name: str) -> None:
    await asleep(t)
    side, start = t.sides[name], NOON + 5 * HOUR
    wish = {
        "place": side.places["board-room"],
        "start": start.isoformat(),
        "end": (start + HOUR).isoformat(),
        "email": "house+hf-stray@glasshouse.example",
    }
    await side.ask("POST", "/guest/book", wish)


DRIFTS: dict[str, tuple[Callable[[Town, str], Awaitable[None]], str]] = {
    "booked": (a_guest_books, "missing_here"),
    "cancelled": (a_guest_cancels, "differing"),
    "moved": (a_guest_moves, "differing"),
    "block cancelled": (our_block_is_cancelled, "missing_there"),
    "stray": (a_stray_booking_bears_our_mark, "orphan_block"),
}


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_drift_is_found_by_a_dry_run_that_changes_nothing_and_ended_by_the_repair(
    database_url: str, name: str, drift: str
) -> None:
    async with town(database_url, DRIFT) as t:
        make, kind = DRIFTS[drift]
        await make(t, name)
        before = await rows_of(t)
        dry = await audited(t, name, dry_run=True)
        assert kind in {found for found, _ in kinds(dry)}
        assert {found for found, _ in kinds(dry)} <= {kind, "exposure"}
        assert await rows_of(t) == before
        repaired = await audited(t, name)
        assert kinds(repaired) == kinds(dry)
        assert not any(one.left for one in repaired.became), repaired.became
        await awake(t)
        await t.live(120)
        for channel in t.sides:
            again = await audited(t, channel)
            assert kinds(again) == [], again.look.findings
        assert await t.violations() == []


async def test_a_booking_that_was_deleted_is_read_by_its_id_and_ended(database_url: str) -> None:
    async with town(database_url, DRIFT) as t:
        ref = await t.boseat.book("salon", NOON, 60)
        await t.live(60)
        await asleep(t)
        await t.boseat.ask("POST", f"/boseat/{ref}/delete")
        report = await audited(t, "boseat")
        assert [found for found, _ in kinds(report)] == ["missing_there"]
        assert [one.how for one in report.became] == ["being read by its id"]
        await awake(t)
        await t.live(180)
        assert await t.mozrest.ours("salon") == []


@pytest.mark.parametrize("name", ["boseat", "mozrest"])
async def test_a_block_that_somebody_moved_is_told_given_back_and_placed_where_it_belongs(
    database_url: str, name: str
) -> None:
    async with town(database_url, DRIFT) as t:
        other = "mozrest" if name == "boseat" else "boseat"
        await t.sides[other].book("salon", NOON, 120 if other == "mozrest" else 60)
        await t.live(60)
        side = t.sides[name]
        before = [(o["start"], o["end"]) for o in await side.ours("salon")]
        await asleep(t)
        start = NOON + 7 * HOUR
        end = start + (HOUR if name == "boseat" else 2 * HOUR)
        (moved, *_) = await side.ours("salon")
        to = {"start": start.isoformat(), "end": end.isoformat()}
        await side.act(moved["ref"], "move", to)
        report = await audited(t, name)
        assert "differing" in {found for found, _ in kinds(report)}
        await awake(t)
        await t.live(120)
        assert [(o["start"], o["end"]) for o in await side.ours("salon")] == before
        assert await t.rows("select 1 from conflicts where kind = 'block_lost'")
        assert kinds(await audited(t, name)) == []


async def test_a_scan_that_is_not_complete_concludes_nothing_from_absence(
    database_url: str,
) -> None:
    async with town(database_url, DRIFT) as t:
        refs = [await t.boseat.book("salon", NOON + n * HOUR, 60) for n in range(2)]
        await t.live(60)
        await asleep(t)
        await t.boseat.ask("POST", f"/boseat/{refs[0]}/delete")
        await t.boseat.ask("PUT", "/switches", {"page_fault": "unreadable_row"})
        report = await audited(t, "boseat")
        assert not report.look.scanned
        assert all(found != "missing_there" for found, _ in kinds(report))
        assert len(await t.rows("select 1 from bookings where status = 'confirmed'")) == 2
        assert await t.rows("select 1 from audits where complete") == []


async def test_an_offer_over_taken_time_is_found_and_closed(database_url: str) -> None:
    async with town(database_url, DRIFT) as t:
        await t.boseat.book("salon", NOON, 60)
        await t.live(60)
        await asleep(t)
        for block in await t.mozrest.ours("salon"):
            await t.mozrest.ask("POST", f"/venue/{block['ref']}/cancel")
        report = await audited(t, "mozrest", dry_run=True)
        assert {found for found, _ in kinds(report)} == {"missing_there", "exposure"}


async def test_a_block_that_people_keep_taking_away_is_left_as_an_exposure(
    database_url: str,
) -> None:
    async with town(database_url, DRIFT) as t:
        await t.boseat.book("salon", NOON, 60)
        await t.live(60)
        for _ in range(2):
            for block in await t.mozrest.ours("salon"):
                await t.mozrest.ask("POST", f"/venue/{block['ref']}/cancel")
            await t.live(120)
        report = await audited(t, "mozrest")
        assert [(one.finding.kind, one.left) for one in report.became] == [("exposure", True)]
        await t.wiring.parts.metrics.refresh(t.pool, t.clock.now())
        value = t.wiring.parts.metrics.registry.get_sample_value(
            "holdfast_audit_differences", {"channel": "mozrest", "kind": "exposure"}
        )
        assert value == 1


async def test_reading_goes_round_and_finds_what_nobody_told_of_and_the_audit_records_how_it_stands(
    database_url: str,
) -> None:
    plan = Plan(webhooks=False, pace=replace(STEADY, audits=120))
    async with town(database_url, plan) as t:
        await t.boseat.book("salon", NOON, 60)
        await t.live(150)
        assert await t.mozrest.ours("salon")
        kept = await t.rows("select complete, findings::text as f from audits")
        assert {(row["complete"], row["f"]) for row in kept} == {(True, "[]")}
        complete = await t.rows(
            "select 1 from cursors where task = 'audit' and last_complete_at is not null"
        )
        assert len(complete) == 2


async def test_the_plan_reads_as_a_careful_operator_would_write_it(database_url: str) -> None:
    async with town(database_url, DRIFT) as t:
        await a_guest_books(t, "boseat")
        account = next(a for a in t.wiring.parts.accounts.values() if a.channel_name == "boseat")
        zone = next(iter(account.listings.values())).zone
        dry = await audited(t, "boseat", dry_run=True)
        lines = told(dry, zone)
        assert lines[0].startswith("boseat-main at glasshouse: compared 1 booking and ")
        at = NOON.astimezone(zone)
        day = [f"{at:%a}", str(at.day), f"{at:%b}"]
        assert lines[1].split()[:6] == ["+", "missing", "here", *day]
        assert lines[1].endswith("will be observed")
        assert lines[-1] == (
            "1 difference. Nothing was changed. Repair with: holdfast audit"
            " --account boseat-main --venue glasshouse"
        )
        assert "guest@example" not in "".join(lines) + str(plain(dry))
        done = told(await audited(t, "boseat"), zone)
        assert done[1].endswith("observed as booking #1")
        assert done[-1] == "1 difference, none left."
