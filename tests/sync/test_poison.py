"""One booking that nobody can use, among good ones: the good ones are answered, and the other is shown."""

import json
from datetime import timedelta

import aiohttp
import pytest
from structlog.testing import capture_logs
from tests.sync.test_main_job import NOON, SLOT
from tests.town import BRISK, Plan, Town, town

from holdfast import account_commands
from holdfast.doctor_readings import fresh, unreadable
from holdfast.store.freshness import knowledge

JSON = {"Content-Type": "application/json"}
GUEST = "Canary Guest"

REFUSES = """
create function refuse_the_poison() returns trigger language plpgsql as $$
begin
  if new.external_id = any(string_to_array(current_setting('holdfast.poison', true), ',')) then
    raise exception 'no such value: %', new.external_id using errcode = '22003';
  end if;
  return new;
end $$;
create trigger refuse_the_poison before insert on bookings
  for each row execute function refuse_the_poison();
"""


async def items(t: Town, channel: str, result: str) -> float:
    """How many the polls met of that kind."""
    labels = {"channel": channel, "result": result}
    found = t.wiring.parts.metrics.registry.get_sample_value("holdfast_poll_items_total", labels)
    return found or 0.0


def good(t: Town, ref: str) -> dict[str, object]:
    (listing,) = [
        one
        for account in t.wiring.parts.accounts.values()
        for one in account.listings.values()
        if one.name == "salon-mozrest"
    ]
    settings = listing.settings.model_dump()
    named = {"venueId": settings["venue_id"], "areaId": settings["area_id"]}
    kind = {"bookingType": settings["booking_type"], "status": "confirmed", "partySize": 2}
    return {"id": ref, "date": NOON.isoformat(), **named, **kind}


async def shows(t: Town, *rows: object) -> None:
    """The list of bookings that Mozrest gives from now on."""
    body = json.dumps({"total": len(rows), "data": rows})
    rule = {"kind": "status", "status": 200, "headers": JSON, "method": "GET", "body": body}
    await t.mozrest.ask("POST", "/faults", {**rule, "path": "/v1/bc/booking"})


async def test_what_cannot_be_read_is_kept_once_and_counted_and_stops_nobody(
    database_url: str,
) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        poison = {**good(t, "poison"), "date": "9999-12-31", "contact": {"firstname": GUEST}}
        await shows(t, poison, good(t, "good"), {**poison, "id": "\0"}, 17)
        with capture_logs() as logs:
            await t.live(40)
        assert [r["external_id"] for r in await t.rows("select external_id from bookings")] == [
            "good"
        ]
        assert await t.boseat.ours("salon")
        kept = await t.rows("select ref, body from inbox where raw_type = 'unreadable_booking'")
        assert sorted(row["ref"] for row in kept) == ["", "", "poison"]
        assert any(GUEST.encode() in row["body"] for row in kept)
        assert GUEST not in str(logs)
        assert {"poison", None} <= {
            line.get("ref") for line in logs if line["event"] == "booking_unreadable"
        }
        assert await items(t, "mozrest", "unreadable") > 3  # kept once, counted every time


async def shown_of(t: Town, path: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{t.web_url}{path}") as answer:
        assert answer.status == 200
        return " ".join((await answer.text()).split())


async def test_what_cannot_be_read_is_named_wherever_people_look_until_it_can_be(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kind of fault: an account is not read to its end, and everything is green or nobody says why."""
    named = "booking poison of mozrest-main cannot be read (date)"
    async with town(database_url, Plan(webhooks=False, pace=BRISK)) as t:
        assert "cannot be read" not in await shown_of(t, "/")
        await shows(t, {**good(t, "poison"), "date": "2026-11-23T13:00:00"}, good(t, "good"))
        await t.live(90)
        for path in ("/", "/ops", "/accounts/mozrest-main"):
            page = await shown_of(t, path)
            assert named in page, path
            assert "All channels agree" not in page
        (account,) = [
            one
            for one in json.loads(await shown_of(t, "/api/v1/accounts"))["data"]
            if one["name"] == "mozrest-main"
        ]
        assert (account["freshness"], account["unreadable"]) == ("blind", ["poison"])
        known = await knowledge(t.pool, t.clock.now())
        assert [line.told for line in map(unreadable, known.unreadable)] == [named]
        assert fresh("mozrest-main", known.states["mozrest-main"]).health == "fail"
        await account_commands.ls({"HOLDFAST_DATABASE_URL": database_url}, as_json=False)
        assert named in capsys.readouterr().out
        await t.mozrest.ask("DELETE", "/faults")
        await t.live(60)
        assert (await knowledge(t.pool, t.clock.now())).unreadable == []
        assert "cannot be read" not in await shown_of(t, "/")


async def test_a_scan_with_something_unreadable_in_it_frees_nothing(database_url: str) -> None:
    async with town(database_url, Plan(webhooks=False)) as t:
        await t.mozrest.book("chefs-table", NOON, 90)
        await t.live(60)
        assert await t.boseat.ours("chefs-table")
        await shows(t, {"id": {}})
        await t.mozrest.ask("DELETE", "/requests")
        await t.live(40)
        asked = [r["path"] for r in await t.mozrest.ask("GET", "/requests")]
        assert [path for path in asked if "/v1/bc/booking/" in path] == []  # not even asked after
        assert [r["status"] for r in await t.rows("select status from bookings")] == ["confirmed"]
        assert await t.boseat.ours("chefs-table")


@pytest.mark.parametrize("webhooks", [True, False], ids=["told", "found"])
async def test_a_value_that_the_store_refuses_hurts_only_its_own_booking(
    database_url: str, webhooks: bool
) -> None:
    async with town(database_url, Plan(webhooks=webhooks)) as t:
        async with t.pool.acquire() as connection:
            await connection.execute(REFUSES)
        refs = [
            await t.boseat.book("salon", NOON, SLOT),
            await t.boseat.book("chefs-table", NOON + timedelta(hours=1), SLOT),
            await t.boseat.book("board-room", NOON, SLOT),
        ]
        name = (await t.rows("select current_database() n"))[0]["n"]
        await t.rows(f"alter database {name} set holdfast.poison = '{refs[1]}'")
        await t.pool.expire_connections()
        with capture_logs() as logs:
            await t.live(40)
        kept = {r["external_id"] for r in await t.rows("select external_id from bookings")}
        assert kept == {refs[0], refs[2]}
        assert await t.mozrest.ours("salon")
        assert await t.mozrest.ours("board-room")
        unusable = [line for line in logs if line["event"] == "booking_unusable"]
        assert {line["ref"] for line in unusable} == {refs[1]}
        assert "database_away" not in str(logs)
        assert await items(t, "boseat", "unusable") > 0
        await t.rows(f"alter database {name} reset holdfast.poison")
        await t.pool.expire_connections()
        await t.live(400)
        assert await t.mozrest.ours("chefs-table")
        assert await t.violations() == []
