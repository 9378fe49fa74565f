"""Requests are built exactly as the documentation's examples; replies are classed by status alone."""

import json
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from holdfast.channel import (
    Broken,
    ChannelError,
    Contact,
    Gone,
    Limited,
    NotSent,
    Rejected,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.channels.mozrest import replies, wire
from holdfast.channels.mozrest.protocol import Protocol
from holdfast.channels.mozrest.settings import Address, ListingSettings
from holdfast.exchange import BudgetSpent, Reply, Request, TransportError

NOW = datetime(2027, 3, 15, 12, tzinfo=UTC)
START = datetime.fromtimestamp(1642339800, UTC)
VENUE = "619decd55bf9cb36aaa00dd6"
HOST = "https://api-sandbox.mozrest.com/v1/bc"
JOHN = Contact(name="John Doe", email="john.doe@gmail.com", phone="+44 6466-73377")

PROTOCOL = Protocol(
    base_url="https://api-sandbox.mozrest.com/",
    api_key=SecretStr("key-1"),
    address=Address(
        country="GB",
        city="London",
        region="London",
        address="Picadilly Sq. 15",
        postal_code="W1J 9LL",
    ),
)
PLAIN = Protocol(base_url="https://api-sandbox.mozrest.com", api_key=SecretStr("key-1"))
LISTING = ListingSettings(
    venue_id=VENUE, area_id=VENUE, booking_type="64ca5f2cab23a4112a7d2dde", turn_minutes=90
)
BARE = ListingSettings(venue_id=VENUE, turn_minutes=90)


def body(request: Request) -> object:
    content: object = json.loads(request.body or b"null")
    return content


def line(request: Request) -> str:
    return f"{request.method} {request.url}"


def test_every_request_carries_the_key_and_shows_it_to_nobody() -> None:
    request = PROTOCOL.booking("b-1")
    assert request.headers["authorization"] == "Bearer key-1"
    assert request.headers["x-locale"] == "en"
    assert "key-1" not in repr(request)
    assert "key-1" not in repr(PROTOCOL)


def test_create_pending_booking_is_built_as_documented() -> None:
    request = PROTOCOL.hold(LISTING, 4, START)
    assert line(request) == f"POST {HOST}/pending-booking"
    assert body(request) == {
        "venueId": VENUE,
        "partySize": 4,
        "date": 1642339800,
        "areaId": VENUE,
        "bookingType": "64ca5f2cab23a4112a7d2dde",
    }
    assert request.headers["content-type"] == "application/json"
    assert request.budget == "write"


def test_a_venue_without_areas_is_held_without_area_and_type() -> None:
    assert body(PROTOCOL.hold(BARE, 4, START)) == {
        "venueId": VENUE,
        "partySize": 4,
        "date": 1642339800,
    }


def test_commit_pending_booking_is_built_as_documented() -> None:
    request = PROTOCOL.commit("61bb23a701a5ac259b85e3f3", JOHN)
    assert line(request) == f"PUT {HOST}/pending-booking/61bb23a701a5ac259b85e3f3"
    content = body(request)
    assert isinstance(content, dict)
    assert isinstance(content["notes"], str)
    assert content["contact"] == {
        "firstname": "John",
        "lastname": "Doe",
        "email": "john.doe@gmail.com",
        "telephone": "44646673377",
        "locale": "en",
        "address": {
            "country": "GB",
            "city": "London",
            "region": "London",
            "address": "Picadilly Sq. 15",
            "postalCode": "W1J 9LL",
        },
        "optInConsent": False,
    }


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Holdfast", "Holdfast", "Holdfast"),
        ("Glass House Team", "Glass", "House Team"),
        ("  ", "Holdfast", "Holdfast"),
    ],
)
def test_a_block_always_has_both_mandatory_names(name: str, first: str, last: str) -> None:
    content = body(PLAIN.commit("p", Contact(name=name, email="h@x.example", phone="n/a")))
    assert isinstance(content, dict)
    contact = content["contact"]
    assert (contact["firstname"], contact["lastname"]) == (first, last)
    assert "telephone" not in contact
    assert "address" not in contact


def test_update_booking_sends_both_fields() -> None:
    request = PROTOCOL.move("b-1", 4, datetime.fromtimestamp(1634401800, UTC))
    assert line(request) == f"PUT {HOST}/booking/b-1"
    assert body(request) == {"partySize": 4, "date": 1634401800}


def test_cancel_booking_uses_the_cancel_path_and_names_the_actor() -> None:
    request = PLAIN.cancel("b-1", "why")
    assert line(request) == f"PUT {HOST}/booking/b-1/cancel"
    assert body(request) == {"cancelActor": "user"}


def test_the_reason_of_a_cancelling_is_sent_only_where_it_is_wanted() -> None:
    telling = Protocol(
        base_url="https://x.example",
        api_key=SecretStr("k"),
        cancel_actor="me",
        send_cancel_reason=True,
    )
    assert body(telling.cancel("b-1", "why")) == {"cancelActor": "me", "cancelReason": "why"}


def test_get_a_specific_booking() -> None:
    request = PROTOCOL.booking("60e890aca5f07b6ee5b950b1")
    assert line(request) == f"GET {HOST}/booking/60e890aca5f07b6ee5b950b1"
    assert (request.budget, request.body) == ("read", None)


def test_an_id_cannot_lead_to_another_path() -> None:
    assert PROTOCOL.booking("../venues?x=1#y").url == f"{HOST}/booking/..%2Fvenues%3Fx%3D1%23y"


def test_get_a_list_of_bookings_by_day_or_by_email() -> None:
    by_day = PROTOCOL.bookings_of_day(VENUE, date(2021, 10, 24), 50)
    assert line(by_day) == f"GET {HOST}/booking"
    assert dict(by_day.query) == {
        "venueId": VENUE,
        "date": "2021-10-24",
        "offset": "50",
        "limit": "50",
    }
    by_email = PROTOCOL.bookings_of_email(VENUE, "a+hf-1@x.example", 0)
    assert dict(by_email.query) == {
        "email": "a+hf-1@x.example",
        "venueId": VENUE,
        "offset": "0",
        "limit": "50",
    }


def test_availability_is_asked_for_an_instant_and_an_area() -> None:
    request = PROTOCOL.availability(LISTING, 4, START)
    assert line(request) == f"GET {HOST}/availability"
    assert dict(request.query) == {
        "venueId": VENUE,
        "date": "1642339800",
        "partySize": "4",
        "areaId": VENUE,
    }
    assert "areaId" not in dict(PROTOCOL.availability(BARE, 4, START).query)


def test_only_areas_call_the_venue_mzid() -> None:
    request = PROTOCOL.areas(VENUE, 4, START)
    assert line(request) == f"GET {HOST}/areas"
    assert dict(request.query) == {"mzId": VENUE, "partySize": "4", "date": "1642339800"}


def test_venues_are_listed_with_filters_or_read_one_by_one() -> None:
    many = PROTOCOL.venues(filters={"criteria": "par", "countryCode": "FR"}, offset=0)
    assert line(many) == f"GET {HOST}/venues"
    assert dict(many.query) == {
        "filters[criteria]": "par",
        "filters[countryCode]": "FR",
        "offset": "0",
        "limit": "50",
    }
    assert line(PROTOCOL.venue(VENUE)) == f"GET {HOST}/venues/{VENUE}"


def test_a_booking_request_is_a_hold_and_a_contact_in_one() -> None:
    request = PLAIN.booking_request(VENUE, 4, START, JOHN)
    assert line(request) == f"POST {HOST}/booking-request"
    content = body(request)
    assert isinstance(content, dict)
    assert content.keys() == {"venueId", "partySize", "date", "contact"}
    assert content["contact"]["lastname"] == "Doe"


FAILURES: list[tuple[str, int, type[ChannelError]]] = [
    *[(operation, 401, Unauthorised) for operation in ("fetch", "scan", "hold", "commit")],
    *[(operation, 403, Unauthorised) for operation in ("scan", "find", "offers", "areas")],
    *[(operation, 403, Rejected) for operation in ("fetch", "hold", "commit", "move", "cancel")],
    *[(operation, 400, Rejected) for operation in ("fetch", "scan", "hold", "commit", "move")],
    *[(operation, 422, Rejected) for operation in ("hold", "commit", "move", "cancel")],
    *[(operation, 402, Taken) for operation in ("hold", "move", "booking_request")],
    *[(operation, 409, Taken) for operation in ("hold", "move", "booking_request")],
    *[(operation, 404, Gone) for operation in ("fetch", "commit", "move", "cancel", "venue")],
    *[(operation, 410, Gone) for operation in ("fetch", "commit", "move", "cancel")],
    *[(operation, 404, Rejected) for operation in ("scan", "find", "offers", "areas")],
    *[(operation, 408, NotSent) for operation in ("fetch", "scan")],
    *[(operation, 408, Unknown) for operation in ("hold", "commit", "cancel")],
    *[(operation, 500, NotSent) for operation in ("fetch", "scan", "offers")],
    *[(operation, 503, Unknown) for operation in ("hold", "commit", "move", "cancel")],
    *[(operation, 301, Broken) for operation in ("fetch", "scan")],
    *[(operation, 307, Unknown) for operation in ("hold", "commit")],
    ("commit", 402, Gone),
    ("commit", 409, Rejected),
    ("cancel", 402, Rejected),
    ("fetch", 429, Limited),
    ("hold", 429, Limited),
]


@pytest.mark.parametrize(("operation", "status", "failure"), FAILURES)
@pytest.mark.parametrize("text", [b"", b"<html>", b'{"error": {"message": "John"}}', b"\xff\xfe"])
def test_a_failure_is_classed_whatever_its_body(
    operation: str, status: int, failure: type[ChannelError], text: bytes
) -> None:
    reply = Reply(status=status, headers={}, body=text)
    with pytest.raises(ChannelError) as raised:
        replies.ensure_success(operation, reply, NOW)
    if status in (404, 410) and text.startswith(b"<"):  # from some other server on the way
        failure = Unknown if operation in replies.WRITES else Broken
    assert type(raised.value) is failure
    assert raised.value.status == status
    assert "John" not in str(raised.value)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 5.0),
        ("7", 7.0),
        ("0", 1.0),
        ("-3", 1.0),
        ("999999", 3600.0),
        ("1e400", 3600.0),
        ("nan", 1.0),
        ("soon", 5.0),
        ("Mon, 15 Mar 2027 12:00:30 GMT", 30.0),
        ("Mon, 15 Mar 2027 11:00:00 GMT", 1.0),
        ("Mon, 15 Mar 2027 12:00:30", 5.0),
    ],
)
def test_a_retry_after_of_either_form_is_kept_within_bounds(
    header: str | None, seconds: float
) -> None:
    assert replies.retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    ("operation", "error", "failure"),
    [
        ("hold", TransportError("x", sent=False), NotSent),
        ("fetch", TransportError("x", sent=True), NotSent),
        ("hold", TransportError("x", sent=True), Unknown),
        ("hold", TransportError("x", sent=True, status=200), Unknown),
        ("hold", TransportError("x", sent=True, status=502), Unknown),
        ("hold", TransportError("x", sent=True, status=402), Taken),
        ("commit", TransportError("x", sent=True, status=404), Gone),
    ],
)
def test_a_lost_answer_is_classed_by_whether_the_request_left(
    operation: str, error: TransportError, failure: type[ChannelError]
) -> None:
    assert type(replies.lost(operation, error)) is failure


def test_a_spent_budget_says_when_to_come_back() -> None:
    failure = replies.lost("hold", BudgetSpent(12.5))
    assert isinstance(failure, Limited)
    assert failure.retry_after == 12.5


@pytest.mark.parametrize("text", [b"", b"<html>", b"[]", b"{}", b'{"id": null}', b"\xff"])
def test_a_write_that_succeeded_unreadably_has_an_unknown_outcome(text: bytes) -> None:
    with pytest.raises(Unknown) as raised:
        replies.read(wire.PendingBooking, "hold", Reply(status=200, headers={}, body=text), NOW)
    assert raised.value.status == 200


@pytest.mark.parametrize(
    ("status", "text", "certain"),
    [
        (204, b"", True),
        (200, b'{"id": "b", "status": "canceled"}', True),
        (200, b'{"id": "b"}', True),
        (200, b'{"id": "b", "status": "confirmed"}', False),
        (200, b"", False),
        (200, b'{"error": "no"}', False),
    ],
)
def test_a_cancelling_counts_only_when_its_answer_shows_it(
    status: int, text: bytes, certain: bool
) -> None:
    reply = Reply(status=status, headers={}, body=text)
    if certain:
        replies.ensure_cancelled(reply, NOW)
        return
    with pytest.raises(Unknown):
        replies.ensure_cancelled(reply, NOW)


def test_only_the_beginning_of_an_answer_is_kept() -> None:
    reply = Reply(status=400, headers={}, body=b"x" * 9000)
    with pytest.raises(Rejected) as raised:
        replies.ensure_success("hold", reply, NOW)
    assert len(raised.value.raw) == replies.RAW_LENGTH


def test_the_documented_example_instant_is_sent_as_what_it_really_is() -> None:
    """The page calls 1634387400 "14:30"; it is 14:30 two hours east of UTC (C4)."""
    east = datetime.fromisoformat("2021-10-16T14:30:00+02:00")
    assert body(PLAIN.move("b", 2, east)) == {"partySize": 2, "date": 1634387400}
