"""One booking, a direct booking, and cancelling."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from tests.web.conftest import Client, RecordingOperator
from tests.web.rows import Rows

from holdfast.sync.operate import BookingUnknown, DirectBooking, WishRefused

WISH: dict[str, Any] = {
    "venue": "glasshouse",
    "unit": "salon",
    "start": "2026-11-20T14:00:00+01:00",
    "end": "2026-11-20T15:00:00+01:00",
    "party_size": 3,
    "contact": {"name": "Jane Doe", "email": "jane@example.test"},
}


async def test_one_booking_comes_with_its_journal_and_a_masked_guest(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    booking = await rows.booking(venue)
    await rows.guest(booking, "Jane van Doe", "jane@example.test", "+33612345678")
    await rows.journal(venue, 1, booking, {"status": "confirmed"})
    await rows.journal(venue, 2, await rows.booking(venue), {"status": "held"})
    answer = await client.get(f"/api/v1/bookings/{booking}")
    text = await answer.text()
    told = await answer.json()
    assert told["guest"] == {"name": "J*** v*** D***", "email": "j***@e***", "phone": "***78"}
    assert not [secret for secret in ("Jane", "example.test", "612345") if secret in text]
    assert [(entry["seq"], entry["data"]) for entry in told["journal"]] == [
        (1, {"status": "confirmed"})
    ]
    assert told["id"] == str(booking)


async def test_an_erased_guest_and_no_guest_at_all_are_told_apart(
    client: Client, rows: Rows
) -> None:
    venue = await rows.venue()
    nobody, erased = await rows.booking(venue), await rows.booking(venue)
    await rows.pool.execute("insert into guests (booking_id) values ($1)", erased)
    told = [await (await client.get(f"/api/v1/bookings/{n}")).json() for n in (nobody, erased)]
    assert told[0]["guest"] is None
    assert told[1]["guest"] == {"name": None, "email": None, "phone": None}


@pytest.mark.parametrize(
    ("number", "status"), [("1", 404), ("0", 400), ("x", 400), ("9" * 30, 400), ("-1", 400)]
)
async def test_a_booking_that_is_not_there_is_a_problem(
    client: Client, number: str, status: int
) -> None:
    answer = await client.get(f"/api/v1/bookings/{number}")
    assert (answer.status, answer.content_type) == (status, "application/problem+json")


async def test_a_direct_booking_is_handed_on_in_utc_and_answered_with_its_place(
    client: Client, rows: Rows, operator: RecordingOperator
) -> None:
    operator.venue = await rows.venue()
    answer = await client.post("/api/v1/bookings", json=WISH)
    told = await answer.json()
    assert answer.status == 201, told
    assert answer.headers["Location"] == f"/api/v1/bookings/{told['id']}"
    assert (told["channel"], told["start"]) == ("direct", "2026-11-20T13:00:00Z")
    (wish,) = operator.wishes
    assert isinstance(wish, DirectBooking)
    assert (wish.venue, wish.unit, wish.listing, wish.party_size) == (
        "glasshouse",
        "salon",
        None,
        3,
    )
    assert wish.start == datetime(2026, 11, 20, 13, tzinfo=UTC)
    assert (wish.contact.name, wish.contact.email) == ("Jane Doe", "jane@example.test")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"unit": None}, "unit"),
        ({"listing": "salon-rooms"}, "unit"),
        ({"end": WISH["start"]}, "end"),
        ({"start": "2026-11-20T14:00:00"}, "start"),
        ({"party_size": 0}, "party_size"),
        ({"venue": ""}, "venue"),
        ({"contact": {"email": "jane"}}, "contact.email"),
        ({"note": "by the window"}, "note"),
    ],
)
async def test_a_wish_that_makes_no_sense_names_the_field_and_repeats_nothing(
    client: Client, operator: RecordingOperator, change: dict[str, Any], field: str
) -> None:
    answer = await client.post("/api/v1/bookings", json=WISH | change)
    told = await answer.json()
    assert (answer.status, answer.content_type) == (422, "application/problem+json")
    assert [error["field"] for error in told["errors"]] == [field]
    assert "jane" not in str(told).lower()
    assert operator.wishes == []


async def test_what_the_operator_refuses_names_the_field_and_what_would_do(
    client: Client, operator: RecordingOperator
) -> None:
    operator.failure = WishRefused("unit", "one of salon, board-room")
    answer = await client.post("/api/v1/bookings", json=WISH)
    assert answer.status == 422
    assert (await answer.json())["errors"] == [
        {"field": "unit", "expected": "one of salon, board-room"}
    ]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"\xff"', "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(
    client: Client, body: bytes, kind: str, status: int
) -> None:
    answer = await client.post("/api/v1/bookings", data=body, headers={"Content-Type": kind})
    assert (answer.status, answer.content_type) == (status, "application/problem+json")


async def test_a_body_over_a_mebibyte_is_refused(client: Client) -> None:
    body = BytesIO(b" " * (1024 * 1024 + 1))
    kind = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/bookings", data=body, headers=kind)
    assert (answer.status, answer.content_type) == (413, "application/problem+json")


@pytest.mark.parametrize(
    ("done", "status", "state"), [(True, 200, "cancelled"), (False, 202, "asked")]
)
async def test_cancelling_tells_whether_the_channel_has_confirmed(
    client: Client, operator: RecordingOperator, done: bool, status: int, state: str
) -> None:
    operator.done = done
    answer = await client.post("/api/v1/bookings/12/cancel", json={"reason": "double"})
    assert (answer.status, await answer.json()) == (status, {"id": "12", "state": state})
    assert operator.cancelled == [(12, "double")]


@pytest.mark.parametrize(
    ("failure", "status"), [(BookingUnknown(), 404), (WishRefused("id", "one that is live"), 422)]
)
async def test_what_cannot_be_cancelled_is_a_problem(
    client: Client, operator: RecordingOperator, failure: Exception, status: int
) -> None:
    operator.failure = failure
    answer = await client.post("/api/v1/bookings/12/cancel", json={"reason": "double"})
    assert (answer.status, answer.content_type) == (status, "application/problem+json")


async def test_a_cancel_that_expects_another_booking_does_nothing(
    client: Client, rows: Rows, operator: RecordingOperator
) -> None:
    """The kind of fault: an act by number, on what the number stands for now. Conflicts are decided by number, too."""
    booking = await rows.booking(await rows.venue(), external_id="r-1")
    where = f"/api/v1/bookings/{booking}/cancel"
    answer = await client.post(where, json={"reason": "rang", "expect_ref": "r-2"})
    told = await answer.json()
    assert (answer.status, told["errors"][0]["field"]) == (409, "expect_ref")
    assert told["detail"] == f"Booking {booking} is not about r-2: look for it by its reference."
    assert operator.cancelled == []
    answer = await client.post(where, json={"reason": "rang", "expect_ref": "r-1"})
    assert (answer.status, operator.cancelled) == (200, [(booking, "rang")])
    missing = "/api/v1/bookings/999/cancel"
    answer = await client.post(missing, json={"reason": "rang", "expect_ref": "r-1"})
    assert answer.status == 404


async def test_cancelling_needs_a_reason(client: Client, operator: RecordingOperator) -> None:
    answer = await client.post("/api/v1/bookings/12/cancel", json={"reason": ""})
    assert answer.status == 422
    assert operator.cancelled == []
