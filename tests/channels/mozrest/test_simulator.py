"""The simulated provider keeps to its documentation, so that what works on it means something."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from holdfast.channels.mozrest import replies
from holdfast.channels.mozrest.protocol import Protocol
from holdfast.channels.mozrest.simulator.switches import CHOICES
from holdfast.channels.mozrest.wire import Booking, Venue

from .rig import BOARD, CHEFS, HOUSE, MONDAY, SALON, SALON_TYPE, VENUE, Rig, at, rigged

KEY = {"Authorization": "Bearer mozrest-example-key"}
OTHER_KEY = {"Authorization": "Bearer mozrest-other-key"}
CONTACT = {"firstname": "John", "lastname": "Doe", "email": "john@doe.example", "locale": "en"}


async def call(
    rig: Rig, method: str, path: str, headers: dict[str, str] = KEY, **rest: Any
) -> tuple[int, Any]:
    url = f"{rig.url}/v1/bc{path}"
    async with rig.session.request(method, url, headers=headers, **rest) as answer:
        kind = answer.content_type
        return answer.status, await (answer.json() if kind.endswith("json") else answer.text())


def wish(start: str = "12:00", **other: object) -> dict[str, object]:
    date = int(at(start).timestamp())
    return {"venueId": VENUE, "partySize": 4, "date": date, "areaId": SALON, **other}


async def hold(rig: Rig, start: str = "12:00", **other: object) -> str:
    status, answer = await call(rig, "POST", "/pending-booking", json=wish(start, **other))
    assert status == 200, answer
    return str(answer["id"])


async def book(rig: Rig, start: str = "12:00", **other: object) -> str:
    held = await hold(rig, start, **other)
    status, answer = await call(rig, "PUT", f"/pending-booking/{held}", json={"contact": CONTACT})
    assert status == 200, answer
    return str(answer["id"])


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "x"}])
async def test_without_a_valid_key_nothing_is_answered(headers: dict[str, str]) -> None:
    async with rigged() as rig:
        assert (await call(rig, "GET", "/venues", headers))[0] == 401


@pytest.mark.parametrize("code", CHOICES["wrong_method"])
async def test_a_wrong_method_is_refused(code: str) -> None:
    async with rigged(switches={"wrong_method": code}) as rig:
        assert (await call(rig, "DELETE", "/booking/b"))[0] == int(code)
        assert (await call(rig, "DELETE", "/pending-booking/b"))[0] == int(code)
        assert (await call(rig, "GET", "/pending-booking/b"))[0] == int(code)
        assert (await call(rig, "POST", "/booking", json={}))[0] == int(code)


async def test_an_undocumented_release_works_where_it_is_switched_on() -> None:
    async with rigged(switches={"undocumented_release": "delete"}) as rig:
        held = await hold(rig)
        assert (await call(rig, "DELETE", f"/pending-booking/{held}"))[0] == 200
        assert await rig.taken() == []


async def test_a_booking_in_one_step_works_where_it_is_switched_on() -> None:
    async with rigged(switches={"one_step_create": "present"}) as rig:
        status, answer = await call(rig, "POST", "/booking", json={**wish(), "contact": CONTACT})
        assert (status, answer["partySize"]) == (200, 4)


@pytest.mark.parametrize("missing", ["firstname", "lastname", "email", "locale"])
async def test_a_commit_wants_every_mandatory_field(missing: str) -> None:
    async with rigged() as rig:
        held = await hold(rig)
        contact = {name: value for name, value in CONTACT.items() if name != missing}
        body = {"contact": contact}
        assert (await call(rig, "PUT", f"/pending-booking/{held}", json=body))[0] == 400
        assert len(await rig.taken()) == 1


async def test_a_telephone_with_a_sign_is_refused() -> None:
    async with rigged() as rig:
        body = {"contact": {**CONTACT, "telephone": "+44 20"}}
        assert (await call(rig, "PUT", f"/pending-booking/{await hold(rig)}", json=body))[0] == 400


@pytest.mark.parametrize(
    "body", [{"venueId": VENUE}, {}, wish(partySize="many"), wish(date="soon"), wish(areaId="x")]
)
async def test_a_hold_with_a_parameter_missing_or_malformed_is_refused(body: object) -> None:
    async with rigged() as rig:
        assert (await call(rig, "POST", "/pending-booking", json=body))[0] == 400


async def test_parallel_holds_never_exceed_the_tables() -> None:
    async with rigged() as rig:
        answers = await asyncio.gather(
            *(call(rig, "POST", "/pending-booking", json=wish()) for _ in range(12))
        )
        assert sorted(status for status, _ in answers) == [200, *[402] * 11]
        assert len(await rig.taken()) == 1


async def test_parties_of_all_sizes_compete_for_the_same_tables() -> None:
    async with rigged() as rig:
        await hold(rig, partySize=2)
        assert (await call(rig, "POST", "/pending-booking", json=wish(partySize=9)))[0] == 402
        assert (await call(rig, "POST", "/pending-booking", json=wish("16:00", partySize=13)))[
            0
        ] == 402


async def test_a_pool_gives_the_tightest_table_and_a_buy_out_wants_them_all() -> None:
    tables = [{"id": "t2", "seats": 2}, {"id": "t4", "seats": 4}, {"id": "t6", "seats": 6}]
    pool = {"id": "pool", "name": "pool", "tables": tables, "turn": {"2": 90, "6": 150}}
    world = {
        "keys": [{"key": "mozrest-example-key", "channel": "c"}],
        "venues": [
            {"id": VENUE, "name": "v", "areas": [pool, {**pool, "id": "all", "takes": "all"}]}
        ],
    }
    async with rigged(world=world) as rig:
        for party, table in ((3, "t4"), (2, "t2"), (2, "t6")):
            ref = await hold(rig, areaId="pool", partySize=party)
            taken = {one["ref"]: one for one in await rig.taken("pool")}
            assert taken[ref]["tables"] == [f"{VENUE}/pool/{table}"]
        lengths = {one["end"] for one in await rig.taken("pool")}
        assert lengths == {at("13:30").isoformat(), at("14:30").isoformat()}
        await hold(rig, areaId="all", partySize=12)
        (whole,) = await rig.taken("all")
        assert len(whole["tables"]) == 3


async def test_shared_tables_are_sold_in_one_area_only() -> None:
    async with rigged(switches={"area_coupling": "shared"}) as rig:
        for _ in range(3):
            await hold(rig, areaId=BOARD)
        assert (await call(rig, "POST", "/pending-booking", json=wish()))[0] == 402


async def test_a_venue_without_areas_sells_without_an_area() -> None:
    area = {"name": "all of it", "tables": [{"id": "t", "seats": 4}]}
    world = {
        "keys": [{"key": "mozrest-example-key", "channel": "c"}],
        "venues": [{"id": VENUE, "name": "v", "areas": [area]}],
    }
    async with rigged(world=world) as rig:
        body = {name: value for name, value in wish().items() if name != "areaId"}
        assert (await call(rig, "POST", "/pending-booking", json=body))[0] == 200
        (place,) = await rig.control("GET", "/places")
        assert place["place"] == VENUE
        status, areas = await call(rig, "GET", f"/areas?mzId={VENUE}&partySize=2&date=1")
        assert (status, areas) == (200, [])


async def test_areas_are_a_bare_array_in_the_callers_language() -> None:
    async with rigged(switches={"extra_fields": "never"}) as rig:
        query = f"partySize=9&date={int(MONDAY.timestamp())}"
        status, areas = await call(
            rig, "GET", f"/areas?mzId={VENUE}&{query}", {**KEY, "x-locale": "fr"}
        )
        assert status == 200
        assert areas == [
            {"id": SALON, "name": "le salon"},
            {"id": BOARD, "name": "la salle du conseil"},
        ]
        assert (await call(rig, "GET", f"/areas?venueId={VENUE}&{query}"))[0] == 400


async def test_venues_are_filtered_and_paged() -> None:
    async with rigged(switches={"extra_fields": "never"}) as rig:
        _, found = await call(rig, "GET", "/venues?filters[criteria]=GLASS&filters[countryCode]=FR")
        assert found["total"] == 1
        assert found["data"][0]["bookableAreas"] is True
        _, none = await call(rig, "GET", "/venues?filters[city]=lyon")
        assert none == {"total": 0, "data": []}
        assert (await call(rig, "GET", f"/venues/{VENUE}"))[1]["timezone"] == "Europe/Paris"
        assert (await call(rig, "GET", "/venues/unknown"))[0] == 404


async def test_availability_shows_at_most_nine_starts_and_hints_where_the_asked_one_is_taken() -> (
    None
):
    async with rigged() as rig:
        query = f"/availability?venueId={VENUE}&areaId={SALON}&partySize=4&date="
        _, free = await call(rig, "GET", f"{query}{int(at('15:00').timestamp())}")
        assert [slot["time"] for slot in free["slots"]][::8] == ["14:00", "16:00"]
        assert "nextAvailability" not in free
        await hold(rig, "15:00")
        _, taken = await call(rig, "GET", f"{query}{int(at('15:00').timestamp())}")
        assert taken["slots"] == []
        assert taken["nextAvailability"]["date"] == int(at("17:00").timestamp())
        assert taken["previousAvailability"]["slots"] == [{"time": "13:00"}]


async def test_a_list_wants_one_filter_and_keeps_its_bounds() -> None:
    async with rigged() as rig:
        ref = await book(rig)
        assert (await call(rig, "GET", "/booking"))[0] == 400
        assert (await call(rig, "GET", "/booking?date=16.03.2027"))[0] == 400
        assert (await call(rig, "GET", f"/booking?venueId={VENUE}&limit=51"))[0] == 400
        assert (await call(rig, "GET", f"/booking?venueId={VENUE}&offset=-1"))[0] == 400
        for query in (f"venueId={VENUE}", "email=JOHN@doe.example", "date=2027-03-16"):
            _, found = await call(rig, "GET", f"/booking?{query}")
            assert [row["id"] for row in found["data"]] == [ref]
        _, none = await call(rig, "GET", "/booking?date=2027-03-17")
        assert none["total"] == 0


@pytest.mark.parametrize(
    ("value", "status", "rows"), [("empty", 200, 0), ("default", 200, 1), ("400", 400, 0)]
)
async def test_a_limit_of_zero_means_one_of_three_things(
    value: str, status: int, rows: int
) -> None:
    async with rigged(switches={"limit_zero": value}) as rig:
        await book(rig)
        got, answer = await call(rig, "GET", f"/booking?venueId={VENUE}&limit=0")
        assert got == status
        assert status != 200 or len(answer["data"]) == rows


@pytest.mark.parametrize("value", CHOICES["amend_fields"])
async def test_amending_may_demand_both_fields(value: str) -> None:
    async with rigged(switches={"amend_fields": value}) as rig:
        ref = await book(rig)
        status, _ = await call(rig, "PUT", f"/booking/{ref}", json={"partySize": 6})
        assert status == (400 if value == "both" else 200)


async def test_another_channel_sees_nothing_of_ours() -> None:
    async with rigged() as rig:
        ref, held = await book(rig), await hold(rig, "16:00")
        assert (await call(rig, "GET", f"/booking/{ref}", OTHER_KEY))[0] == 404
        assert (await call(rig, "GET", f"/booking?venueId={VENUE}", OTHER_KEY))[1]["total"] == 0
        body = {"contact": CONTACT}
        assert (await call(rig, "PUT", f"/pending-booking/{held}", OTHER_KEY, json=body))[0] == 404


async def test_cancelling_wants_an_actor_and_frees_the_time_at_once() -> None:
    async with rigged() as rig:
        ref = await book(rig)
        assert (await call(rig, "PUT", f"/booking/{ref}/cancel", json={}))[0] == 400
        status, answer = await call(
            rig, "PUT", f"/booking/{ref}/cancel", json={"cancelActor": "me"}
        )
        assert (status, answer["status"], answer["cancelActor"]) == (200, "canceled", "me")
        assert answer["canceledAt"] is not None
        assert await rig.taken() == []
        await hold(rig)


async def test_a_booking_request_takes_nothing_until_the_venue_confirms() -> None:
    async with rigged() as rig:
        body = {**wish(), "contact": CONTACT}
        status, answer = await call(rig, "POST", "/booking-request", json=body)
        assert status == 200
        assert "status" not in answer
        assert await rig.taken() == []
        await rig.control("POST", f"/venue/{answer['id']}/confirm")
        assert len(await rig.taken()) == 1


async def test_a_request_for_time_that_was_sold_meanwhile_cannot_be_confirmed() -> None:
    async with rigged() as rig:
        body = {**wish(), "contact": CONTACT}
        _, answer = await call(rig, "POST", "/booking-request", json=body)
        await book(rig)
        assert await rig.refused(f"/venue/{answer['id']}/confirm") == 409


async def test_an_area_that_can_only_be_requested_accepts_no_hold() -> None:
    area = {"id": "a", "name": "a", "type": "request", "tables": [{"id": "t", "seats": 4}]}
    world = {
        "keys": [{"key": "mozrest-example-key", "channel": "c"}],
        "venues": [{"id": VENUE, "name": "v", "areas": [area]}],
    }
    async with rigged(world=world) as rig:
        assert (await call(rig, "POST", "/pending-booking", json=wish(areaId="a")))[0] == 402


@pytest.mark.parametrize(
    ("act", "status", "keeps"),
    [
        ("seat", "confirmed", 1),
        ("complete", "completed", 0),
        ("no_show", "no-show", 0),
        ("decline", "declined", 0),
        ("cancel", "canceled", 0),
    ],
)
async def test_the_venue_acts_and_a_webhook_tells(act: str, status: str, keeps: int) -> None:
    async with rigged() as rig:
        ref = await book(rig)
        await rig.control("POST", f"/venue/{ref}/{act}")
        await rig.hears()
        assert (await call(rig, "GET", f"/booking/{ref}"))[1]["status"] == status
        assert len(await rig.taken()) == keeps


async def test_the_venue_moves_a_booking_to_another_area_and_corrects_a_no_show() -> None:
    async with rigged() as rig:
        ref = await book(rig)
        move = {"place": f"{VENUE}/{CHEFS}", "party": 6, "start": at("19:00").isoformat()}
        await rig.control("POST", f"/venue/{ref}/move", move)
        assert await rig.taken() == []
        (moved,) = await rig.taken(CHEFS)
        assert moved["end"] == at("20:30").isoformat()
        await rig.control("POST", f"/venue/{ref}/no_show")
        assert await rig.taken(CHEFS) == []
        await rig.control("POST", f"/venue/{ref}/reinstate")
        assert len(await rig.taken(CHEFS)) == 1


async def test_walk_ins_take_and_free_time_where_no_list_shows_it() -> None:
    async with rigged() as rig:
        walk_in = {
            "place": f"{VENUE}/{SALON}",
            "start": at("12:10").isoformat(),
            "end": at("13:00").isoformat(),
        }
        ref = (await rig.control("POST", "/other/take", walk_in))["ref"]
        assert (await call(rig, "GET", f"/booking?venueId={VENUE}"))[1]["total"] == 0
        assert (await call(rig, "POST", "/pending-booking", json=wish()))[0] == 402
        assert (await rig.taken())[0]["by"] == "other"
        await rig.control("POST", f"/other/{ref}/free")
        await hold(rig)
        assert rig.heard == []


async def test_a_venue_that_closes_sells_nothing_and_keeps_its_bookings() -> None:
    async with rigged() as rig:
        ref = await book(rig)
        await rig.control("PUT", f"/hours/{VENUE}", {"closed_on": ["2027-03-16"]})
        assert (await call(rig, "POST", "/pending-booking", json=wish("18:00")))[0] == 402
        assert (await call(rig, "GET", f"/booking/{ref}"))[1]["status"] == "confirmed"


async def test_guests_never_use_up_the_rate_limit() -> None:
    async with rigged(switches={"rate_limit": "429", "rate": "2"}) as rig:
        for number in range(5):
            await rig.guest_books(at("12:00") + timedelta(days=number))
        statuses = [(await call(rig, "GET", "/venues"))[0] for _ in range(3)]
        assert statuses == [200, 200, 429]


async def test_reads_and_writes_can_have_budgets_of_their_own() -> None:
    switches = {"reads_per_minute": "3", "writes_per_minute": "2"}
    async with rigged(switches=switches) as rig:
        reads = [(await call(rig, "GET", "/venues"))[0] for _ in range(4)]
        assert reads == [200, 200, 200, 429]
        starts = ("12:00", "15:00", "18:00")
        holds = [(await call(rig, "POST", "/pending-booking", json=wish(s)))[0] for s in starts]
        assert holds == [200, 200, 429]
        rig.clock.advance(60)
        assert (await call(rig, "GET", "/venues"))[0] == 200


async def test_what_one_place_offers_can_be_asked_for_alone() -> None:
    async with rigged() as rig:
        every = await rig.control("GET", "/offers?days=1")
        alone = await rig.control("GET", f"/offers?days=1&place={VENUE}/{SALON}")
        assert alone == [one for one in every if one["place"] == f"{VENUE}/{SALON}"] != []


async def test_a_guests_hold_lapses_and_can_be_neither_cancelled_nor_confirmed_then() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"), confirm=False)
        assert await rig.refused(f"/guest/{ref}/cancel") == 409
        assert (await rig.taken())[0]["expires"] == (MONDAY + timedelta(seconds=420)).isoformat()
        rig.clock.advance(420)
        assert await rig.refused(f"/guest/{ref}/confirm") == 409
        assert await rig.taken() == []


async def test_a_guest_cannot_book_taken_time_or_off_the_grid_place() -> None:
    async with rigged() as rig:
        await rig.guest_books(at("12:00"))
        span = {"start": at("13:00").isoformat(), "end": at("15:00").isoformat()}
        assert await rig.refused("/guest/book", {"place": f"{VENUE}/{SALON}", **span}) == 409
        assert await rig.refused("/guest/book", {"place": "nowhere", **span}) == 409
        assert await rig.refused("/guest/nobody/cancel") == 409


async def test_a_lapse_is_announced_only_where_everything_is() -> None:
    async with rigged(switches={"webhook_on": "everything"}) as rig:
        await rig.guest_books(at("12:00"), confirm=False)
        rig.clock.advance(421)
        await rig.control("GET", "/truth")
        (heard,) = await rig.hears()
        assert b"pending-booking" in heard.body


@pytest.mark.parametrize(("value", "told"), [("on", 1), ("off", 0)])
async def test_our_own_changes_may_echo(value: str, told: int) -> None:
    async with rigged(switches={"webhook_echo": value}) as rig:
        ref = await book(rig)
        await call(rig, "PUT", f"/booking/{ref}/cancel", json={"cancelActor": "user"})
        deliveries = await rig.control("GET", "/webhooks")
        assert len(deliveries) == told


async def test_a_booking_type_finds_its_area() -> None:
    async with rigged() as rig:
        body = {name: value for name, value in wish().items() if name != "areaId"}
        assert (await call(rig, "POST", "/pending-booking", json=body))[0] == 400
        typed = {**body, "bookingType": SALON_TYPE}
        assert (await call(rig, "POST", "/pending-booking", json=typed))[0] == 200
        assert len(await rig.taken()) == 1


@pytest.mark.parametrize("keys", CHOICES["venue_keys"])
async def test_venues_are_read_in_either_spelling(keys: str) -> None:
    async with rigged(switches={"venue_keys": keys}) as rig:
        protocol = Protocol(base_url=rig.url, api_key=SecretStr("mozrest-example-key"))
        request = protocol.venues(filters={"criteria": "glass"}, offset=0)
        (venue,) = replies.read_venues(await rig.journal.send(request), MONDAY)
        assert (venue.country_code, venue.max_covers, venue.bookable_areas) == ("FR", 12, True)
        one = await rig.journal.send(protocol.venue(VENUE))
        assert replies.read(Venue, "venue", one, MONDAY).id == VENUE


async def test_a_booking_request_of_ours_is_understood() -> None:
    async with rigged() as rig:
        protocol = Protocol(base_url=rig.url, api_key=SecretStr("mozrest-example-key"))
        request = protocol.booking_request(VENUE, 4, at("12:00"), HOUSE)
        await rig.switch(area_missing="default")
        reply = await rig.journal.send(request)
        assert replies.read(Booking, "booking_request", reply, MONDAY).party_size == 4


@pytest.mark.parametrize(
    ("value", "area"), [("any", CHEFS), ("default", SALON), ("empty", None), ("400", None)]
)
async def test_a_hold_that_names_no_area_gets_one_or_is_refused(
    value: str, area: str | None
) -> None:
    async with rigged(switches={"area_missing": value}) as rig:
        if value == "any":
            await hold(rig)
        body = {name: given for name, given in wish().items() if name != "areaId"}
        status, _ = await call(rig, "POST", "/pending-booking", json=body)
        assert status == (200 if area else 400)
        if area:
            assert len(await rig.taken(area)) == 1


async def test_a_start_a_little_off_is_the_nearest_one_unless_it_must_be_exact() -> None:
    async with rigged() as rig:
        await hold(rig, "12:04")
        assert (await rig.taken())[0]["start"] == at("12:00").isoformat()
        for value in ("exact_400", "exact_402"):
            await rig.switch(date_alignment=value)
            body = wish("16:04")
            status, _ = await call(rig, "POST", "/pending-booking", json=body)
            assert str(status) == value.removeprefix("exact_")


async def test_a_mandatory_address_is_demanded() -> None:
    async with rigged(switches={"address": "mandatory"}) as rig:
        path = f"/pending-booking/{await hold(rig)}"
        assert (await call(rig, "PUT", path, json={"contact": CONTACT}))[0] == 400
        contact = {**CONTACT, "address": {"country": "GB"}}
        assert (await call(rig, "PUT", path, json={"contact": contact}))[0] == 200


async def test_a_booking_type_may_be_demanded() -> None:
    async with rigged(switches={"booking_type": "needed"}) as rig:
        assert (await call(rig, "POST", "/pending-booking", json=wish()))[0] == 400
        await hold(rig, bookingType=SALON_TYPE)


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("closed_list", {"cancelActor": "me"}),
        ("reason_refused", {"cancelActor": "user", "cancelReason": "x"}),
    ],
)
async def test_a_cancelling_may_be_refused_for_its_words(value: str, body: object) -> None:
    async with rigged(switches={"cancel_body": value}) as rig:
        ref = await book(rig)
        assert (await call(rig, "PUT", f"/booking/{ref}/cancel", json=body))[0] == 400


async def test_what_is_over_can_be_neither_amended_nor_cancelled() -> None:
    async with rigged() as rig:
        ref = await book(rig)
        await rig.control("POST", f"/venue/{ref}/complete")
        amended = {"partySize": 2, "date": int(at("18:00").timestamp())}
        assert (await call(rig, "PUT", f"/booking/{ref}", json=amended))[0] == 402
        body = {"cancelActor": "user"}
        assert (await call(rig, "PUT", f"/booking/{ref}/cancel", json=body))[0] == 402


async def test_a_body_that_is_no_object_is_refused() -> None:
    async with rigged() as rig:
        assert (await call(rig, "POST", "/pending-booking", data=b"[1]"))[0] == 400
        assert (await call(rig, "POST", "/pending-booking", data=b"<x>"))[0] == 400


async def test_the_payment_page_opens_without_a_key() -> None:
    async with rigged() as rig, rig.session.get(f"{rig.url}/pay?token=x") as answer:
        assert answer.status == 200


async def test_a_decision_of_the_venue_is_announced_only_where_everything_is() -> None:
    for value, told in (("changes", 0), ("everything", 1)):
        async with rigged(switches={"webhook_on": value, "commit_status": "pending"}) as rig:
            await rig.control("POST", f"/venue/{await book(rig)}/confirm")
            assert len(await rig.control("GET", "/webhooks")) == told


async def test_bookings_of_another_key_are_announced_to_nobody() -> None:
    async with rigged() as rig:
        _, held = await call(rig, "POST", "/pending-booking", OTHER_KEY, json=wish())
        path = f"/pending-booking/{held['id']}"
        _, booked = await call(rig, "PUT", path, OTHER_KEY, json={"contact": CONTACT})
        await rig.control("POST", f"/venue/{booked['id']}/cancel")
        assert await rig.control("GET", "/webhooks") == []


@pytest.mark.parametrize(
    "path", ["/venue/nobody/seat", "/payment/nobody/pay", "/other/nobody/free"]
)
async def test_the_control_side_knows_what_it_does_not_know(path: str) -> None:
    async with rigged() as rig:
        assert await rig.refused(path) == 404
        assert await rig.refused("/other/take", {"place": "nowhere"}) == 400


async def test_a_guest_cannot_move_onto_taken_time_or_once_it_is_over() -> None:
    async with rigged() as rig:
        ref = await rig.guest_books(at("12:00"))
        await rig.guest_books(at("18:00"))
        to = {"start": at("18:30").isoformat(), "end": at("20:30").isoformat()}
        assert await rig.refused(f"/guest/{ref}/move", to) == 409
        await rig.control("POST", f"/guest/{ref}/cancel")
        assert await rig.refused(f"/guest/{ref}/move", to) == 409


async def test_an_unlinked_venue_vanishes_from_the_list() -> None:
    async with rigged(switches={"venue_link": "404"}) as rig:
        assert (await call(rig, "GET", "/venues"))[1]["total"] == 0


async def test_an_unknown_area_has_no_availability() -> None:
    async with rigged() as rig:
        query = f"venueId={VENUE}&areaId=x&partySize=2&date={int(MONDAY.timestamp())}"
        assert (await call(rig, "GET", f"/availability?{query}"))[0] == 400


async def test_hours_of_a_venue_that_there_is_not_cannot_be_changed() -> None:
    async with rigged() as rig, rig.session.put(f"{rig.url}/control/hours/x", json={}) as answer:
        assert answer.status == 404


async def test_a_payment_that_comes_after_the_time_was_sold_is_refused() -> None:
    world = {
        "keys": [{"key": "mozrest-example-key", "channel": "c"}],
        "venues": [{"id": VENUE, "name": "v", "areas": [PAID_AREA, {**PAID_AREA, "id": "free"}]}],
    }
    switches = {"payment_hold": "released"}
    async with rigged(world=world, switches=switches) as rig:
        first = await rig.guest_books(at("12:00"))
        second = await rig.guest_books(at("12:00"))
        await rig.control("POST", f"/payment/{first}/pay")
        assert await rig.refused(f"/payment/{second}/pay") == 409
        assert await rig.refused(f"/payment/{first}/pay") == 409


PAID_AREA = {"id": SALON, "name": "salon", "card": True, "tables": [{"id": "t", "seats": 9}]}
