"""The simulator keeps the provider's rules, so that a test against it means something."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.channels.boseat import KIND
from holdfast.channels.boseat.simulator.switches import CHOICES
from holdfast.channels.boseat.workspace import catalogue
from holdfast.inventory.model import Offer
from holdfast.kind import SimulatorOptions

from .desk import START, Desk, goods, hour, opened, place, times

CONTACT = {"email": "ada@example.test", "phone": "+33612345678"}


def wish(offer: Offer, number: int = 1) -> dict[str, object]:
    slot = {"from": _z(offer.span.start), "to": _z(offer.span.end)}
    return {"productId": goods(number), "spaceId": place(number), "slot": slot}


def _z(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def test_the_example_world_has_three_rooms_open_from_eight_to_eleven_at_night(
    desk: Desk,
) -> None:
    places = await desk.control("GET", "places")
    assert [one["place"] for one in places] == [place(1), place(2), place(3)]
    assert {one["zone"] for one in places} == {"Europe/Paris"}
    offers = await desk.control("GET", "offers?days=2")
    salon = [one["start"] for one in offers if one["place"] == place(1)]
    assert salon[0] == "2026-03-02T10:00:00+00:00"
    assert "2026-03-03T07:00:00+00:00" in salon
    assert "2026-03-03T21:00:00+00:00" in salon
    assert "2026-03-02T22:00:00+00:00" not in salon


async def test_slots_follow_the_venues_clock_across_the_change_to_summer_time(desk: Desk) -> None:
    query = f"bookings/slots?spaceId={place(1)}&productId={goods(1)}&to=2&from="
    _, before = await desk.api("GET", query + "2026-03-28T00:00:00Z")
    starts = [slot["from"] for slot in before]
    assert (starts[0], starts[15]) == ("2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z")
    assert len(starts) == 30


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"productId": None}, "productId"),
        ({"spaceId": 7}, "spaceId"),
        ({"slot": None}, "slot"),
        ({"slot": {"from": "2026-03-02T12:00:00Z"}}, "slot"),
        ({"slot": {"from": "2026-03-02T12:30:00Z", "to": "2026-03-02T13:30:00Z"}}, "slot"),
        ({"slot": {"from": "2026-03-02T23:00:00Z", "to": "2026-03-03T00:00:00Z"}}, "slot"),
        ({"slot": {"from": "2026-03-02T09:00:00Z", "to": "2026-03-02T10:00:00Z"}}, "slot"),
        ({"productId": goods(2)}, "slot"),
    ],
)
async def test_a_booking_that_is_no_slot_is_refused(
    desk: Desk, change: dict[str, object], field: str
) -> None:
    status, body = await desk.api("POST", "bookings", wish(hour(2)) | change)
    assert (status, body["code"]) == (400, "VALIDATION_FAILED")
    assert body["details"][0]["field"] == field
    assert body["correlationId"].startswith("cor-")


async def test_products_of_different_length_exclude_each_other() -> None:
    spaces = [{"id": place(1), "name": "Salon"}]
    products = [
        {"id": goods(1), "spaces": [place(1)]},
        {"id": goods(2), "unit": "daily", "spaces": [place(1)]},
        {"id": goods(3), "length": 2.5, "spaces": [place(1)]},
        {"id": goods(4), "category": "additional", "spaces": [place(1)]},
    ]
    venue = {"id": "v1", "name": "Glasshouse", "spaces": spaces}
    world = {"workspaces": [{"venues": [venue], "products": products}]}
    async with opened(world=world) as desk:
        tomorrow = datetime(2026, 3, 3, 7, tzinfo=UTC)
        day = {"from": _z(tomorrow), "to": _z(tomorrow + timedelta(hours=15))}
        booking = {"productId": goods(2), "spaceId": place(1), "slot": day}
        assert (await desk.api("POST", "bookings", booking))[0] == 201
        first = {"from": day["from"], "to": _z(tomorrow + timedelta(hours=1))}
        hourly = {"productId": goods(1), "spaceId": place(1), "slot": first}
        assert (await desk.api("POST", "bookings", hourly))[0] == 400
        assert (await desk.api("POST", "bookings", {**hourly, "productId": goods(4)}))[0] == 400
        query = f"bookings/slots?spaceId={place(1)}&productId={goods(3)}&from={_z(tomorrow)}&to=2"
        _, slots = await desk.api("GET", query)
        assert [slot["from"][11:16] for slot in slots] == [
            "07:00",
            "09:30",
            "12:00",
            "14:30",
            "17:00",
            "19:30",
        ]


@pytest.mark.parametrize(("mode", "winners"), [("exclusive", 1), ("capacity_many", 10)])
async def test_of_parallel_bookings_as_many_win_as_there_is_room(mode: str, winners: int) -> None:
    async with opened({"capacity_mode": mode}) as desk:
        token = await desk.token()
        calls = (desk.api("POST", "bookings", wish(hour(2), 3), token) for _ in range(15))
        statuses = [status for status, _ in await asyncio.gather(*calls)]
        assert (statuses.count(201), statuses.count(400)) == (winners, 15 - winners)


async def test_a_patch_needs_a_contact_and_one_of_two_statuses(desk: Desk) -> None:
    _, made = await desk.api("POST", "bookings", wish(hour(2)))
    path = f"bookings/{made['id']}"
    for body in ({"status": "CANCEL"}, CONTACT | {"status": "PAID"}, CONTACT | {"phone": 7}):
        assert (await desk.api("PATCH", path, body))[0] == 400
    status, booking = await desk.api("PATCH", path, CONTACT | {"name": "Ada"})
    assert (status, booking["status"]) == (200, "RESERVED_15_MIN")
    assert booking["customer"]["name"] == "Ada"


async def test_confirming_and_cancelling_twice_changes_nothing_and_tells_nothing(
    desk: Desk,
) -> None:
    _, made = await desk.api("POST", "bookings", wish(hour(2)))
    for status in ("CONFIRMED", "CONFIRMED", "CANCEL", "CANCEL"):
        answer = await desk.api("PATCH", f"bookings/{made['id']}", CONTACT | {"status": status})
        assert (answer[0], answer[1]["status"]) == (200, status)
    assert len(await desk.control("GET", "webhooks")) == 3
    late = await desk.api("PATCH", f"bookings/{made['id']}", CONTACT | {"status": "CONFIRMED"})
    assert late[0] == 400


DELETABLE = {
    "PENDING_and_CANCEL": {"PENDING", "CANCEL"},
    "also_RESERVED_15_MIN": {"PENDING", "CANCEL", "RESERVED_15_MIN"},
    "any_status": {"PENDING", "CANCEL", "RESERVED_15_MIN", "CONFIRMED"},
}


@pytest.mark.parametrize("rule", DELETABLE)
@pytest.mark.parametrize("status", ["PENDING", "RESERVED_15_MIN", "CONFIRMED", "CANCEL"])
async def test_deleting_is_permitted_in_some_statuses_only(rule: str, status: str) -> None:
    hold = status if status in ("PENDING", "RESERVED_15_MIN") else "RESERVED_15_MIN"
    async with opened({"delete_from": rule, "status_after_create": hold}) as desk:
        _, made = await desk.api("POST", "bookings", wish(hour(2)))
        path = f"bookings/{made['id']}"
        if hold != status:
            await desk.api("PATCH", path, CONTACT | {"status": status})
        answered, _ = await desk.api("DELETE", path)
        assert answered == (204 if status in DELETABLE[rule] else 409)
        assert (await desk.api("GET", path))[0] == (404 if answered == 204 else 200)
        assert len((await desk.api("GET", "bookings"))[1]["data"]) == (answered != 204)


@pytest.mark.parametrize("query", ["page=0", "limit=0", "limit=101", "page=x"])
async def test_pages_outside_their_range_are_refused(desk: Desk, query: str) -> None:
    assert (await desk.api("GET", f"bookings?{query}"))[0] == 400


async def test_no_filter_but_the_documented_ones_has_an_effect(desk: Desk) -> None:
    refs = [await desk.guest(number, hour(2)) for number in (1, 2)]
    _, everything = await desk.api("GET", "bookings?status=CANCEL&from=2030-01-01&sort=x")
    assert {row["id"] for row in everything["data"]} == set(refs)
    customer = everything["data"][0]["customer"]["id"]
    _, one = await desk.api("GET", f"bookings?customerId={customer}&spaceIds={place(2)}")
    assert [row["id"] for row in one["data"]] == [refs[1]]
    assert (await desk.api("GET", "bookings?customerId=nobody"))[1]["data"] == []


async def test_without_a_valid_token_or_scope_nothing_is_told(desk: Desk) -> None:
    assert (await desk.api("GET", "bookings", token="nonsense"))[0] == 401
    narrow = await desk.token("org_read")
    assert (await desk.api("GET", "bookings", token=narrow))[0] == 403
    assert (await desk.api("GET", "venues", token=narrow))[0] == 200
    reader = await desk.token("booking:read")
    assert (await desk.api("POST", "bookings", wish(hour(2)), token=reader))[0] == 403
    desk.clock.advance(3600)
    assert (await desk.api("GET", "bookings", token=reader))[0] == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"grant_type": "password"}, 400),
        ({"client_secret": "wrong"}, 401),
        ({"scope": "everything"}, 400),
        ({}, 200),
    ],
)
async def test_the_token_endpoint_keeps_the_grants_rules(
    desk: Desk, change: dict[str, str], status: int
) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "boseat-example",
        "client_secret": "boseat-example-secret",
        "scope": "booking:write nonsense",
    }
    async with desk.http.post(f"{desk.root}/oauth/token", data=form | change) as answer:
        body = await answer.json()
        assert answer.status == status
        assert body.get("scope") == ("booking:write" if status == 200 else None)
        assert "refresh_token" not in body
    async with desk.http.post(f"{desk.root}/oauth/token", json=form) as answer:
        assert answer.status == 400


async def test_workspaces_see_nothing_of_each_other() -> None:
    parts: list[dict[str, Any]] = [
        {
            "client_id": f"client-{number}",
            "client_secret": "s",
            "venues": [
                {"id": f"v{number}", "name": "V", "spaces": [{"id": place(number), "name": "S"}]}
            ],
            "products": [{"id": goods(number), "spaces": [place(number)]}],
        }
        for number in (1, 2)
    ]
    async with opened(world={"workspaces": parts}) as desk:
        one, two = [await desk.token(client=(f"client-{n}", "s")) for n in (1, 2)]
        _, made = await desk.api("POST", "bookings", wish(hour(2)), one)
        assert (await desk.api("GET", f"bookings/{made['id']}", token=two))[0] == 404
        assert (await desk.api("GET", "bookings", token=two))[1]["data"] == []
        assert (await desk.api("POST", "bookings", wish(hour(3)), two))[0] == 404
        assert (await desk.api("GET", "venues/v1", token=two))[0] == 404
        assert len(await desk.taken(1)) == 1


async def test_each_budget_is_for_itself_and_guests_cost_nothing() -> None:
    async with opened({"reads_per_minute": "2", "writes_per_minute": "1"}) as desk:
        for number in range(5):
            await desk.guest(2, hour(number))
        assert (await desk.api("POST", "bookings", wish(hour(2))))[0] == 201
        status, body = await desk.api("POST", "bookings", wish(hour(3)))
        assert (status, body["code"]) == (429, "RATE_LIMITED")
        reads = [(await desk.api("GET", "venues"))[0] for _ in range(3)]
        assert reads == [200, 200, 429]
        desk.clock.advance(60)
        assert (await desk.api("POST", "bookings", wish(hour(3))))[0] == 201


async def test_a_world_may_set_its_own_budgets() -> None:
    venue = {"id": "v1", "name": "V", "spaces": [{"id": place(1), "name": "S"}]}
    part = {"venues": [venue], "products": [], "reads_per_minute": 1}
    async with opened(world={"workspaces": [part]}) as desk:
        reads = [(await desk.api("GET", "venues"))[0] for _ in range(2)]
        assert reads == [200, 429]


@pytest.mark.parametrize(
    ("scope", "statuses"),
    [
        ("workspace", [200, 200, 429, 429]),
        ("workspace_and_endpoint", [200, 200, 200, 200]),
        ("smoothed", [200, 200, 200, 200]),
    ],
)
async def test_budgets_may_be_counted_per_endpoint_or_only_slow_down(
    scope: str, statuses: list[int]
) -> None:
    async with opened({"reads_per_minute": "2", "rate_scope": scope}) as desk:
        paths = ("venues", "venues", "products", "products")
        assert [(await desk.api("GET", path))[0] for path in paths] == statuses


@pytest.mark.parametrize(
    ("idempotency", "same", "other"),
    [("ignored", 400, 201), ("replays", 201, 201), ("refuses_body_mismatch", 201, 400)],
)
async def test_idempotency_keys_are_what_the_switch_says(
    idempotency: str, same: int, other: int
) -> None:
    async with opened({"idempotency": idempotency}) as desk:
        headers = {"Authorization": f"Bearer {await desk.token()}", "Idempotency-Key": "k"}

        async def post(offer: Offer) -> tuple[int, Any]:
            async with desk.http.post(
                f"{desk.root}/v1/bookings", json=wish(offer), headers=headers
            ) as answer:
                return answer.status, await answer.json()

        first = await post(hour(2))
        assert (first[0], (await post(hour(2)))[0]) == (201, same)
        assert (await post(hour(3)))[0] == other
        assert len(await desk.taken(1)) == (2 if idempotency == "ignored" else 1)


@pytest.mark.parametrize(
    ("style", "status", "moved"), [("ignored", 200, 0), ("refused", 400, 0), ("applied", 200, 1)]
)
async def test_a_patch_of_the_slot_is_what_the_switch_says(
    style: str, status: int, moved: int
) -> None:
    async with opened({"patch_slot": style}) as desk:
        _, made = await desk.api("POST", "bookings", wish(hour(2)))
        body = CONTACT | {"slot": wish(hour(3))["slot"]}
        assert (await desk.api("PATCH", f"bookings/{made['id']}", body))[0] == status
        assert (await desk.taken(1))[0]["start"] == times(hour(2 + moved))["start"]


@pytest.mark.parametrize("until", ["PENDING", "RESERVED_15_MIN", "CONFIRMED"])
@pytest.mark.parametrize("answer", ["location_on_2xx", "location_on_3xx", "none"])
async def test_a_confirmation_with_payment_waits_for_it(until: str, answer: str) -> None:
    async with opened({"status_until_paid": until, "confirm_payment": answer}) as desk:
        _, made = await desk.api("POST", "bookings", wish(hour(2)))
        body = CONTACT | {"status": "CONFIRMED", "paymentEnabled": True}
        status, booking = await desk.api("PATCH", f"bookings/{made['id']}", body)
        assert status == (303 if answer == "location_on_3xx" else 200)
        assert booking["status"] == ("CONFIRMED" if answer == "none" else until)
        await desk.control("POST", f"boseat/{made['id']}/pay")
        assert (await desk.taken(1))[0]["status"] == "PAID"


async def test_an_unpaid_reservation_goes_on_expiring() -> None:
    async with opened({"status_until_paid": "RESERVED_15_MIN"}) as desk:
        _, made = await desk.api("POST", "bookings", wish(hour(2)))
        body = CONTACT | {"status": "CONFIRMED", "paymentEnabled": True}
        await desk.api("PATCH", f"bookings/{made['id']}", body)
        desk.clock.advance(900)
        assert await desk.taken(1) == []


async def test_guests_confirm_cancel_and_move_and_are_refused_what_is_not_there(
    desk: Desk,
) -> None:
    ref = await desk.guest(1, hour(2), confirm=False)
    await desk.control("POST", f"guest/{ref}/confirm")
    await desk.control("POST", f"guest/{ref}/move", times(hour(3)))
    (row,) = await desk.taken(1)
    assert (row["start"], row["by"], row["status"]) == (
        times(hour(3))["start"],
        "guest",
        "CONFIRMED",
    )
    other = await desk.guest(1, hour(4))
    for act, body in (("move", times(hour(4))), ("move", times(hour(13)))):
        assert await _refused(desk, f"guest/{ref}/{act}", body)
    await desk.control("POST", f"guest/{other}/cancel")
    assert await _refused(desk, f"guest/{other}/cancel", None)
    assert await _refused(desk, "guest/nobody/confirm", None)
    taken = {"place": place(1), **times(hour(3))}
    assert await _refused(desk, "guest/book", taken)
    assert await _refused(desk, "guest/book", taken | {"place": "nowhere"})


async def _refused(desk: Desk, path: str, body: object) -> bool:
    async with desk.http.post(f"{desk.root}/control/{path}", json=body) as answer:
        return answer.status == 409


async def test_contact_data_may_be_edited_behind_our_back(desk: Desk) -> None:
    ref = await desk.guest(1, hour(2))
    who = {"email": "eve@example.test", "phone": "+33611111111", "name": "Eve"}
    await desk.control("POST", f"boseat/{ref}/contact", who)
    assert (await desk.seen(ref)).guest.email == "eve@example.test"


async def test_the_truth_names_who_holds_what_until_when(desk: Desk) -> None:
    await desk.api("POST", "bookings", wish(hour(2)) | CONTACT)
    await desk.guest(1, hour(3))
    first, second = await desk.taken(1)
    assert (first["by"], first["email"]) == ("client", "ada@example.test")
    assert first["expires"] == (START + timedelta(minutes=15)).isoformat()
    assert (second["by"], second["expires"]) == ("guest", None)


async def test_the_same_seed_gives_the_same_ids() -> None:
    refs = []
    for _ in range(2):
        async with opened() as desk:
            refs.append(await desk.guest(1, hour(2)))
    assert refs[0] == refs[1]


async def test_customers_are_found_by_email(desk: Desk) -> None:
    fields = CONTACT | {"type": "company", "companyName": "Doe"}
    _, made = await desk.api("POST", "customers", fields)
    _, again = await desk.api("POST", "customers", fields | {"phone": "+33699999999"})
    assert again == made == {"id": made["id"], **fields}
    assert await desk.api("GET", f"customers/{made['id']}") == (200, made)
    assert (await desk.api("POST", "customers", CONTACT))[0] == 400
    assert (await desk.api("GET", "customers/nobody"))[0] == 404


async def test_a_room_can_be_set_up_by_the_api_and_is_then_in_the_catalogue(desk: Desk) -> None:
    _, venue = await desk.api("POST", "venues", {"name": "Hub", "address": {"city": "Lyon"}})
    space = {"venueId": venue["id"], "name": "Studio", "description": "Quiet", "capacity": 3}
    assert (await desk.api("POST", "spaces", {**space, "description": ""}))[0] == 400
    _, made = await desk.api("POST", "spaces", space)
    _, changed = await desk.api("PATCH", f"spaces/{made['id']}", {"capacity": 5})
    assert (changed["capacity"], changed["venue"]["name"]) == (5, "Hub")
    fields = {
        "reference": "studio-90",
        "name": "90 minutes",
        "metadata": {"duration": {"type": "hourly", "value": 1.5}},
        "spaces": [],
    }
    _, product = await desk.api("POST", "products", fields)
    status, body = await desk.api("PATCH", f"products/{product['id']}", {"spaces": [made["id"]]})
    assert (status, body) == (200, None)
    found = await catalogue(desk.caller)
    (sold,) = [one for one in found.sold if one.space_id == made["id"]]
    assert (sold.product_id, sold.length, sold.recurring) == (
        product["id"],
        timedelta(minutes=90),
        False,
    )
    assert [one.name for one in found.venues] == ["Glasshouse", "Hub"]


async def test_products_are_filtered_as_documented(desk: Desk) -> None:
    for query in (f"ids={goods(1)},{goods(3)}", f"ids={goods(1)}&category=booking"):
        _, found = await desk.api("GET", f"products?{query}")
        assert {row["id"] for row in found["data"]} <= {goods(1), goods(3)}
    _, found = await desk.api("GET", f"products?spaceId={place(2)}")
    assert [row["id"] for row in found["data"]] == [goods(2)]
    assert (await desk.api("GET", f"products/{goods(2)}"))[1]["id"] == goods(2)
    assert (await desk.api("GET", "products/nothing"))[0] == 404
    assert (await desk.api("GET", "venues/nothing"))[0] == 404


@pytest.mark.parametrize("style", ["body_on_errors", "body_always", "header", "none"])
async def test_correlation_ids_are_where_the_switch_says(style: str) -> None:
    async with opened({"correlation_id": style}) as desk:
        ref = await desk.guest(1, hour(2))
        _, good = await desk.api("GET", f"bookings/{ref}")
        _, bad = await desk.api("GET", "bookings/nothing")
        assert ("correlationId" in good) == (style == "body_always")
        assert ("correlationId" in bad) == style.startswith("body")


@pytest.mark.parametrize(
    ("limit", "to", "found"),
    [
        ("none", "60", 60 * 15),
        ("31_refused", "60", None),
        ("31_truncated", "60", 31 * 15),
        ("none", "0", None),
        ("none", "2026-04-10T00:00:00Z", None),
    ],
)
async def test_the_span_of_slots_is_limited_as_the_switch_says(
    limit: str, to: str, found: int | None
) -> None:
    async with opened({"slots_max_days": limit}) as desk:
        query = f"bookings/slots?spaceId={place(1)}&productId={goods(1)}&from=2026-03-30T22:00:00Z"
        status, slots = await desk.api("GET", f"{query}&to={to}")
        assert (status, len(slots)) == (200, found) if found else status == 400


async def test_an_unknown_switch_or_world_is_told_at_the_start(desk: Desk) -> None:
    with pytest.raises(Exception, match="Bad Request"):
        KIND.simulate(SimulatorOptions(clock=desk.clock, switches={"create_body": "nothing"}))
    with pytest.raises(ValueError, match="workspaces"):
        KIND.simulate(SimulatorOptions(clock=desk.clock, world={"venues": []}))


def test_the_default_of_every_switch_is_its_first_value() -> None:
    assert all(values[0] != "n" and len(values) > 1 for values in CHOICES.values())


async def test_what_is_no_request_of_the_api_is_refused_in_its_own_words(desk: Desk) -> None:
    status, body = await desk.api("GET", "nothing")
    assert (status, body["code"]) == (404, "NOT_FOUND")
    assert (await desk.api("POST", "bookings", ["no object"]))[0] == 400
    assert (await desk.api("POST", "bookings"))[0] == 400
    assert (await desk.api("POST", "products", {"name": 7}))[0] == 400
    path = f"bookings/slots?spaceId={place(1)}"
    assert (await desk.api("GET", path))[0] == 400
    assert (await desk.api("GET", f"{path}&productId={goods(1)}&from=soon"))[0] == 400
    assert (await desk.api("GET", "webhooks/whk-1/events/evt-99"))[0] == 404


async def test_an_end_date_may_be_accepted_instead_of_days() -> None:
    async with opened({"slots_to": "end_date_also_accepted"}) as desk:
        query = f"bookings/slots?spaceId={place(1)}&productId={goods(1)}&from=2026-03-09T00:00:00"
        status, slots = await desk.api("GET", f"{query}&to=2026-03-11T00:00:00Z")
        assert (status, len(slots)) == (200, 30)


@pytest.mark.parametrize(
    ("unit", "days"), [("daily", 1), ("weekly", 7), ("monthly", 31), ("yearly", 366)]
)
async def test_longer_products_last_from_an_opening_to_a_closing(unit: str, days: int) -> None:
    space = {"id": place(1), "name": "Salon"}
    venue = {"id": "v1", "name": "V", "zone": "UTC", "spaces": [space]}
    product = {"id": goods(1), "unit": unit, "spaces": [place(1)]}
    async with opened(world={"workspaces": [{"venues": [venue], "products": [product]}]}) as desk:
        path = f"bookings/slots?spaceId={place(1)}&productId={goods(1)}&to=1"
        _, slots = await desk.api("GET", f"{path}&from=2027-03-01T00:00:00Z")
        (slot,) = slots
        last = datetime(2027, 3, 1, 23, tzinfo=UTC) + timedelta(days=days - 1)
        assert slot == {"from": "2027-03-01T08:00:00Z", "to": _z(last)}


async def test_a_long_past_is_listed_by_pages_and_takes_nothing_that_is_to_come(desk: Desk) -> None:
    before = await desk.control("GET", "offers?days=2")
    await desk.control("POST", "past", {"bookings": 250})
    assert await desk.control("GET", "offers?days=2") == before
    _, first = await desk.api("GET", f"bookings?limit=100&spaceIds={place(1)}")
    assert first["meta"]["totalItems"] == 84
    ends = [datetime.fromisoformat(row["slot"]["to"]) for row in first["data"]]
    assert max(ends) < START
    assert sorted(ends, reverse=True) == ends
    deliveries = await desk.control("GET", "webhooks")
    assert deliveries == []


async def test_requests_can_be_told_from_a_number_on(desk: Desk) -> None:
    for number in (1, 2):
        await desk.api("GET", f"bookings?spaceIds={place(number)}")
    every = await desk.control("GET", "requests")
    assert await desk.control("GET", f"requests?since={len(every) - 1}") == every[-1:]
