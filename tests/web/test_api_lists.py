"""Lists of the API: what they hold, what narrows them, how one pages through them."""

from datetime import timedelta
from typing import Any

import pytest
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOON, Rows


async def get(client: Client, path: str, **query: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1/{path}", params=query)
    assert answer.status == 200, await answer.text()
    told: dict[str, Any] = await answer.json()
    return told


async def ids(client: Client, path: str, **query: str) -> list[int]:
    return sorted(int(item["id"]) for item in (await get(client, path, **query))["data"])


async def test_a_booking_is_told_with_its_units_and_without_its_guest(
    client: Client, rows: Rows
) -> None:
    venue, account = await rows.venue(), await rows.account()
    unit = await rows.unit(venue)
    listing = await rows.listing(venue, account, "salon-rooms", [unit])
    booking = await rows.booking(venue, listing, external_id="ext", payment="due", party_size=6)
    await rows.granted(booking, unit, after=15)
    await rows.guest(booking, "Jane Doe", "jane@example.test", "+33612345678")
    told = await get(client, "bookings")
    assert "Jane" not in str(told)
    (item,) = told["data"]
    assert item.pop("created_at").endswith("Z")
    assert item.pop("updated_at").endswith("Z")
    assert told["next"] is None
    assert item == {
        "id": str(booking),
        "venue": "glasshouse",
        "listing": "salon-rooms",
        "account": "rooms-main",
        "channel": "rooms",
        "external_id": "ext",
        "status": "confirmed",
        "raw_status": "CONFIRMED",
        "payment": "due",
        "start": "2026-11-20T12:00:00Z",
        "end": "2026-11-20T13:00:00Z",
        "party_size": 6,
        "units": ["salon"],
        "conflict": False,
        "version": 1,
    }


async def test_a_booking_that_nobody_can_place_is_listed_all_the_same(
    client: Client, rows: Rows
) -> None:
    booking = await rows.booking(None, None, during=None)
    (item,) = (await get(client, "bookings"))["data"]
    assert item["id"] == str(booking)
    assert (item["venue"], item["start"], item["units"]) == (None, None, [])


async def test_only_the_booking_without_its_units_is_in_conflict(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    unit = await rows.unit(venue)
    holder = await rows.granted(await rows.booking(venue), unit)
    loser = await rows.booking(venue)
    await rows.conflict(loser, [holder], [unit])
    told = {item["id"]: item["conflict"] for item in (await get(client, "bookings"))["data"]}
    assert told == {str(holder): False, str(loser): True}
    (conflict,) = (await get(client, "conflicts"))["data"]
    assert conflict["booking"] == str(loser)
    assert conflict["against"] == [str(holder)]
    assert conflict["units"] == ["salon"]
    assert conflict["kind"] == "double_booking"


async def test_bookings_are_narrowed_by_venue_time_and_status(client: Client, rows: Rows) -> None:
    one, other = await rows.venue("one"), await rows.venue("other")
    noon = await rows.booking(one)
    evening = await rows.booking(one, start=NOON + 6 * HOUR, status="cancelled")
    elsewhere = await rows.booking(other, status="held")
    assert await ids(client, "bookings", venue="one") == [noon, evening]
    assert await ids(client, "bookings", venue="nowhere") == []
    assert await ids(client, "bookings", status="cancelled") == [evening]
    late = (NOON + 2 * HOUR).isoformat()
    assert await ids(client, "bookings", **{"from": late}) == [evening]
    assert await ids(client, "bookings", to=late) == [noon, elsewhere]
    touching = {"from": (NOON + HOUR).isoformat(), "to": (NOON + 6 * HOUR).isoformat()}
    assert await ids(client, "bookings", **touching) == []
    unmapped = await rows.booking(None)
    day = {"from": NOON.isoformat(), "to": late}
    assert await ids(client, "bookings", **day) == [noon, elsewhere, unmapped]
    assert await ids(client, "bookings", venue="other", **day) == [elsewhere]
    assert await ids(client, "bookings", venue="nowhere", **day) == []
    years = {"from": NOON.isoformat(), "to": (NOON + 9000 * HOUR).isoformat()}
    assert await ids(client, "bookings", **years) == [noon, evening, elsewhere, unmapped]


async def test_several_statuses_may_be_asked_for_at_once(client: Client, rows: Rows) -> None:
    venue = await rows.venue()
    made = {
        status: await rows.booking(venue, status=status) for status in ("held", "seated", "expired")
    }
    answer = await client.get("/api/v1/bookings?status=held&status=seated")
    found = {int(item["id"]) for item in (await answer.json())["data"]}
    assert found == {made["held"], made["seated"]}


@pytest.mark.parametrize("path", ["bookings", "blocks", "conflicts"])
async def test_paging_gives_every_row_once_also_when_new_ones_come_in(
    client: Client, rows: Rows, path: str
) -> None:
    venue, account = await rows.venue(), await rows.account()
    unit = await rows.unit(venue)
    listing = await rows.listing(venue, account, "salon-rooms", [unit])

    async def one_more(number: int) -> int:
        start = NOON + number * HOUR
        booking = await rows.booking(venue, listing, start=start)
        conflict = await rows.conflict(booking, [], [unit])
        block = await rows.block(listing, [booking], start=start)
        return {"bookings": booking, "blocks": block, "conflicts": conflict}[path]

    made = [await one_more(number) for number in range(5)]
    seen: list[int] = []
    query = {"limit": "2"}
    while True:
        page = await get(client, path, **query)
        assert len(page["data"]) <= 2
        seen += [int(item["id"]) for item in page["data"]]
        await one_more(10 + len(seen))
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "garbage"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "YmxvY2tzOjE"}, "cursor"),  # of the blocks
        ({"cursor": "Ym9va2luZ3M6MDE"}, "cursor"),  # bookings:01
        ({"cursor": "Ym9va2luZ3M6MQ=="}, "cursor"),  # padded, as we never write it
        ({"cursor": "Ym9va2luZ3M6OTk5OTk5OTk5OTk5OTk5OTk5OTk5"}, "cursor"),  # no bigint
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-20T12:00:00"}, "from"),  # which noon?
        ({"status": "lost"}, "status.0"),
        ({"from": "2026-11-20T12:00:00Z", "to": "2026-11-20T12:00:00Z"}, "to"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_a_problem_that_names_it(
    client: Client, query: dict[str, str], field: str
) -> None:
    answer = await client.get("/api/v1/bookings", params=query)
    told = await answer.json()
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert told["type"] == "urn:holdfast:problem:invalid"
    assert [error["field"] for error in told["errors"]] == [field]


async def test_a_block_tells_what_it_stands_for(client: Client, rows: Rows) -> None:
    venue, account = await rows.venue(), await rows.account()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    expires = rows.now + timedelta(minutes=10)
    held = {"state": "held", "wants": "held", "expires_at": expires, "external_id": "hold-1"}
    block = await rows.block(listing, [7, 8], **held)
    (item,) = (await get(client, "blocks"))["data"]
    assert item == {
        "id": str(block),
        "venue": "glasshouse",
        "listing": "salon-rooms",
        "account": "rooms-main",
        "start": "2026-11-20T12:00:00Z",
        "end": "2026-11-20T13:00:00Z",
        "wants": "held",
        "state": "held",
        "external_id": "hold-1",
        "expires_at": "2026-11-20T10:15:30Z",
        "because": ["7", "8"],
    }


async def test_what_is_over_is_listed_only_when_asked_for(client: Client, rows: Rows) -> None:
    venue, account = await rows.venue(), await rows.account()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    block = await rows.block(listing, [], closed_at=rows.now)
    conflict = await rows.conflict(await rows.booking(venue), [], [])
    await rows.pool.execute("update conflicts set closed_at = now(), resolution = 'cancelled'")
    assert await ids(client, "blocks") == []
    assert await ids(client, "blocks", over="true") == [block]
    assert await ids(client, "conflicts") == []
    assert await ids(client, "conflicts", settled="true") == [conflict]


async def test_an_account_tells_what_waits_and_never_its_settings(
    client: Client, rows: Rows
) -> None:
    account = await rows.account("rooms-main", mode="shadow")
    await rows.pool.execute('update accounts set settings = \'{"client_secret": "x"}\'')
    await rows.event(account, received_at=rows.now - HOUR)
    venue = await rows.venue()
    listing = await rows.listing(venue, account, "salon-rooms", [await rows.unit(venue)])
    await rows.push(await rows.block(listing, [], state="absent", external_id=None))
    await rows.account("tables-main", "tables")
    told = await get(client, "accounts")
    assert "secret" not in str(told)
    assert [item["name"] for item in told["data"]] == ["rooms-main", "tables-main"]
    first = told["data"][0]
    assert (first["mode"], first["unprocessed"], first["waiting"]) == ("shadow", 1, 1)
    assert first["oldest_unprocessed_at"] == "2026-11-20T09:05:30Z"
