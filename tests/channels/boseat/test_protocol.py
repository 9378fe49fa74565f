"""Requests are exactly the documented ones, and every failure has its class."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from holdfast.channel import Broken, ChannelError, Limited, NotSent, Rejected, Unknown
from holdfast.channels.boseat.protocol import catalogue, subscriptions
from holdfast.channels.boseat.protocol.bookings import (
    Details,
    IdsStyle,
    create_request,
    delete_request,
    get_request,
    instant,
    list_request,
    patch_request,
    payment_page,
    read_patched,
    slots_request,
)
from holdfast.channels.boseat.protocol.catalogue import CustomerFields, ProductFields
from holdfast.channels.boseat.protocol.failures import unanswered
from holdfast.channels.boseat.protocol.tokens import token_request
from holdfast.exchange import BudgetSpent, Reply, Request, TransportError
from holdfast.inventory.model import Span

JULY = datetime(2024, 7, 15, tzinfo=UTC)
SLOT = Span.of(JULY.replace(hour=9), timedelta(hours=1))


def told(request: Request) -> tuple[str, str, Any]:
    return request.method, request.url, json.loads(request.body or b"null")


def test_the_tutorials_token_request() -> None:
    request = token_request("https://auth.example/oauth/token", "id", "s&cret", "booking:read x")
    assert (request.method, request.url, request.budget) == (
        "POST",
        "https://auth.example/oauth/token",
        "none",
    )
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.body == (
        b"grant_type=client_credentials&client_id=id&client_secret=s%26cret&scope=booking%3Aread+x"
    )


def test_the_tutorials_slots_request() -> None:
    request = slots_request("bookings_slots", "$SPACE_ID", "$PRODUCT_ID", JULY, 31)
    assert (request.method, request.url, request.body) == ("GET", "/v1/bookings/slots", None)
    assert dict(request.query) == {
        "productId": "$PRODUCT_ID",
        "spaceId": "$SPACE_ID",
        "from": "2024-07-15T00:00:00Z",
        "to": "31",
    }


def test_the_quickstarts_availability_request() -> None:
    request = slots_request("spaces_availability", "s/1", "p1", JULY, 31)
    assert request.url == "/v1/spaces/s%2F1/availability"
    assert dict(request.query) == {"productId": "p1", "from": "2024-07-15T00:00:00Z", "to": "31"}


def test_the_tutorials_temporary_booking() -> None:
    request = create_request("$PRODUCT_ID", "$SPACE_ID", SLOT)
    assert told(request) == (
        "POST",
        "/v1/bookings",
        {
            "productId": "$PRODUCT_ID",
            "spaceId": "$SPACE_ID",
            "slot": {"from": "2024-07-15T09:00:00Z", "to": "2024-07-15T10:00:00Z"},
        },
    )
    assert request.headers["Content-Type"] == "application/json"
    assert request.budget == "write"


def test_a_contact_may_be_sent_with_a_temporary_booking() -> None:
    body = told(create_request("p1", "s1", SLOT, "ada@example.test", "+33612345678"))[2]
    assert (body["email"], body["phone"]) == ("ada@example.test", "+33612345678")


def test_the_tutorials_confirmation_with_payment() -> None:
    details = Details(
        email="[email protected]",
        name="Ada Lovelace",
        phone="+33123456789",
        status="CONFIRMED",
        additional_products=["product-uuid-1", "product-uuid-2"],
        payment_enabled=True,
        success_url="https://yoursite.com/success",
        cancel_url="https://yoursite.com/cancel",
    )
    assert told(patch_request("commit", "$BOOKING_ID", details)) == (
        "PATCH",
        "/v1/bookings/%24BOOKING_ID",
        {
            "email": "[email protected]",
            "name": "Ada Lovelace",
            "phone": "+33123456789",
            "status": "CONFIRMED",
            "additionalProducts": ["product-uuid-1", "product-uuid-2"],
            "paymentEnabled": True,
            "successUrl": "https://yoursite.com/success",
            "cancelUrl": "https://yoursite.com/cancel",
        },
    )


def test_the_tutorials_confirmation_without_payment() -> None:
    details = Details(
        email="[email protected]",
        name="Ada Lovelace",
        phone="+33123456789",
        status="CONFIRMED",
        payment_enabled=False,
    )
    assert told(patch_request("commit", "b1", details))[2] == {
        "email": "[email protected]",
        "name": "Ada Lovelace",
        "phone": "+33123456789",
        "status": "CONFIRMED",
        "paymentEnabled": False,
    }


def test_the_tutorials_cancellation() -> None:
    details = Details(email="[email protected]", phone="+33123456789", status="CANCEL")
    assert told(patch_request("release", "b1", details)) == (
        "PATCH",
        "/v1/bookings/b1",
        {"email": "[email protected]", "phone": "+33123456789", "status": "CANCEL"},
    )


def test_the_payment_page_is_in_the_location_header() -> None:
    page = "https://checkout.stripe.com/pay/x"
    assert payment_page(Reply(status=200, headers={"location": page}, body=b"")) == page
    assert payment_page(Reply(status=200, headers={}, body=b"")) is None


CANCEL = patch_request("release", "b1", Details(email="a@b.example", phone="+33", status="CANCEL"))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": "CONFIRMED"}'])
def test_a_patch_may_be_answered_with_any_json_or_nothing(body: bytes) -> None:
    assert read_patched(CANCEL, Reply(status=200, headers={}, body=body)) is None


def test_a_web_page_in_answer_to_a_patch_proves_nothing() -> None:
    with pytest.raises(Unknown):
        read_patched(CANCEL, Reply(status=200, headers={}, body=b"<html>"))


def test_reading_and_deleting_name_the_booking_in_the_path() -> None:
    assert told(get_request("a/b?c")) == ("GET", "/v1/bookings/a%2Fb%3Fc", None)
    assert get_request("b1").budget == "read"
    assert told(delete_request("b1")) == ("DELETE", "/v1/bookings/b1", None)
    assert delete_request("b1").budget == "write"


@pytest.mark.parametrize(
    ("style", "query"),
    [
        ("comma", [("spaceIds", "s1,s2")]),
        ("repeat", [("spaceIds", "s1"), ("spaceIds", "s2")]),
        ("brackets", [("spaceIds[]", "s1"), ("spaceIds[]", "s2")]),
        ("json", [("spaceIds", '["s1", "s2"]')]),
    ],
)
def test_a_list_of_spaces_goes_into_the_query_in_any_style(
    style: IdsStyle, query: list[tuple[str, str]]
) -> None:
    request = list_request(3, limit=50, space_ids=["s1", "s2"], style=style)
    assert list(request.query) == [("page", "3"), ("limit", "50"), *query]


def test_a_list_may_be_of_one_customer_or_of_everything() -> None:
    assert list(list_request(1).query) == [("page", "1"), ("limit", "100")]
    assert ("customerId", "c1") in list_request(1, customer_id="c1").query


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (JULY, "2024-07-15T00:00:00Z"),
        (JULY.astimezone(timezone(timedelta(hours=2))), "2024-07-15T00:00:00Z"),
        (JULY.replace(microsecond=250_000), "2024-07-15T00:00:00.250Z"),
    ],
)
def test_timestamps_are_sent_in_utc_with_z(value: datetime, text: str) -> None:
    assert instant(value) == text


CATALOGUE: Mapping[str, tuple[Request, tuple[str, str, Any]]] = {
    "venue": (catalogue.venue_request("v1"), ("GET", "/v1/venues/v1", None)),
    "new venue": (
        catalogue.create_venue_request("Hub", {"line1": "1 Rue X", "city": "Paris"}),
        ("POST", "/v1/venues", {"name": "Hub", "address": {"line1": "1 Rue X", "city": "Paris"}}),
    ),
    "new space": (
        catalogue.create_space_request("v1", "Studio", "A quiet room", 4),
        (
            "POST",
            "/v1/spaces",
            {"venueId": "v1", "name": "Studio", "description": "A quiet room", "capacity": 4},
        ),
    ),
    "changed space": (
        catalogue.patch_space_request("s1", {"capacity": 5}),
        ("PATCH", "/v1/spaces/s1", {"capacity": 5}),
    ),
    "product": (catalogue.product_request("p1"), ("GET", "/v1/products/p1", None)),
    "new product": (
        catalogue.create_product_request(
            ProductFields(
                reference="hour",
                name="Hour",
                description="One hour",
                price=2500,
                currency="EUR",
                type="one_time",
                category="booking",
                duration=("hourly", 1),
                spaces=["s1"],
            )
        ),
        (
            "POST",
            "/v1/products",
            {
                "reference": "hour",
                "name": "Hour",
                "description": "One hour",
                "price": 2500,
                "currency": "EUR",
                "type": "one_time",
                "category": "booking",
                "metadata": {"durationType": "hourly", "durationValue": 1},
                "spaces": ["s1"],
            },
        ),
    ),
    "changed product": (
        catalogue.patch_product_request("p1", ProductFields(spaces=[])),
        ("PATCH", "/v1/products/p1", {"spaces": []}),
    ),
    "customer": (catalogue.customer_request("c1"), ("GET", "/v1/customers/c1", None)),
    "new customer": (
        catalogue.create_customer_request(
            CustomerFields(type="individual", email="a@example.test", phone="+33600000000")
        ),
        (
            "POST",
            "/v1/customers",
            {"type": "individual", "email": "a@example.test", "phone": "+33600000000"},
        ),
    ),
    "subscription": (
        subscriptions.subscribe_request("https://x.example", ["booking.created"], "s"),
        (
            "POST",
            "/v1/webhooks/subscriptions",
            {"url": "https://x.example", "events": ["booking.created"], "secret": "s"},
        ),
    ),
    "event": (
        subscriptions.event_request("w1", "e1"),
        ("GET", "/v1/webhooks/w1/events/e1", None),
    ),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_other_requests_are_the_documented_ones(name: str) -> None:
    request, expected = CATALOGUE[name]
    assert told(request) == expected


def test_lists_of_the_catalogue_are_paged_and_filtered() -> None:
    assert list(catalogue.venues_request(1, 5).query) == [("page", "1"), ("limit", "5")]
    request = catalogue.products_request(2, category="booking", ids=["p1", "p2"], space_id="s1")
    assert dict(request.query) == {
        "page": "2",
        "limit": "100",
        "ids": "p1,p2",
        "category": "booking",
        "spaceId": "s1",
    }


WRITE, READ = create_request("p1", "s1", SLOT), get_request("b1")


@pytest.mark.parametrize(
    ("request_", "error", "failure"),
    [
        (WRITE, TransportError("x", sent=False), NotSent),
        (WRITE, TransportError("x", sent=True), Unknown),
        (WRITE, TransportError("x", sent=True, status=201), Unknown),
        (WRITE, TransportError("x", sent=True, status=422), Rejected),
        (WRITE, TransportError("x", sent=True, status=503), Unknown),
        (WRITE, TransportError("x", sent=True, status=429), Limited),
        (READ, TransportError("x", sent=False), NotSent),
        (READ, TransportError("x", sent=True), NotSent),
        (READ, TransportError("x", sent=True, status=200), NotSent),
        (READ, TransportError("x", sent=True, status=302), NotSent),
        (WRITE, BudgetSpent(3.0), Limited),
        (READ, BudgetSpent(3.0), Limited),
    ],
)
def test_a_missing_answer_is_classed_by_what_may_have_happened(
    request_: Request, error: TransportError, failure: type[ChannelError]
) -> None:
    assert type(unanswered(request_, error, JULY)) is failure


def test_a_spent_budget_says_when_to_try_again() -> None:
    failure = unanswered(READ, BudgetSpent(3.0), JULY)
    assert isinstance(failure, Limited)
    assert failure.retry_after == 3.0


def test_what_cannot_be_read_is_told_without_a_guests_data() -> None:
    reply = Reply(status=200, headers={}, body=b'{"data": "ada@example.test"}')
    with pytest.raises(Broken) as caught:
        catalogue.read_product(READ, reply)
    assert "ada" not in str(caught.value)
    assert "ada" in caught.value.raw


def test_a_changed_product_may_be_answered_with_nothing() -> None:
    empty = Reply(status=200, headers={}, body=b"")
    assert catalogue.read_patched_product(empty) is None
    full = Reply(status=200, headers={}, body=b'{"id": "p1"}')
    changed = catalogue.read_patched_product(full)
    assert changed is not None
    assert changed.id == "p1"
