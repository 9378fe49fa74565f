"""Every file in `samples/` is read as its reviewed expectation says, unknown words included.

A sample says which `reader` it is for, the `reply` (or, for webhooks, the delivery) and what is `expected`;
`about` names the contradiction (C) or unknown (U) of the fact sheet that it stands for.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.channel import ChannelError, Limited, WebhookRefused
from holdfast.channels import boseat
from holdfast.channels.boseat import translate
from holdfast.channels.boseat.attribution import label_of
from holdfast.channels.boseat.protocol import catalogue, subscriptions, webhooks
from holdfast.channels.boseat.protocol.bookings import (
    Details,
    create_request,
    get_request,
    list_request,
    patch_request,
    read_booking,
    read_created,
    read_patched,
    read_slots,
    slots_request,
)
from holdfast.channels.boseat.protocol.failures import refusal
from holdfast.channels.boseat.protocol.paging import read_page
from holdfast.channels.boseat.protocol.tokens import read_token
from holdfast.channels.boseat.wire import Booking, Product, Venue
from holdfast.exchange import Reply, Request
from holdfast.inventory.model import Span

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPAN = Span.of(NOW, timedelta(hours=1))
SAMPLES = sorted((Path(boseat.__file__).parent / "samples").glob("*.json"))
READS: Request = get_request("b1")

Told = Mapping[str, Any]


def plain(value: object) -> Any:
    """A value as JSON has it; what is None, empty or False is left out."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        kept = {name: plain(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if one not in (None, "", [], {}, False)}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def span(one: Span) -> str:
    return f"{plain(one.start)}/{plain(one.end)}"


def booking(reply: Reply) -> Told:
    wire = read_booking(READS, reply)
    seen = asdict(translate.seen(wire, None, NOW))
    del seen["read_at"], seen["listing"]
    extras = [(one.id, one.quantity) for one in wire.additional_products or ()]
    return seen | {"label": label_of(wire), "extras": extras}


def created(reply: Reply) -> Told:
    request = create_request("p1", "s1", SPAN)
    wire = read_created(request, reply)
    return {"id": wire.id, "status": translate.status_of(wire.status)}


def patched(reply: Reply) -> Told:
    details = Details(email="a@b.example", phone="+33", status="CANCEL")
    wire = read_patched(patch_request("release", "b1", details), reply)
    return {"status": translate.status_of(wire.status)} if wire else {}


def page(reply: Reply) -> Told:
    found = read_page(Booking, list_request(1, limit=20), reply, page=1, limit=20)
    ids = [row.id for row in found.rows]
    return {"ids": ids, "last": found.last, "total": found.total, "unreadable": found.unreadable}


def venues(reply: Reply) -> Told:
    found = read_page(Venue, catalogue.venues_request(1, 20), reply, page=1, limit=20)
    return {"names": [row.name for row in found.rows], "last": found.last}


def slots(reply: Reply) -> Told:
    free = read_slots(slots_request("bookings_slots", "s1", "p1", NOW, 31), reply)
    return {"slots": [span(one) for one in free.spans], "whole": free.whole}


def token(reply: Reply) -> Told:
    return read_token(reply, NOW).model_dump()


def product(reply: Reply) -> Told:
    return goods(catalogue.read_product(READS, reply))


def goods(one: Product) -> Told:
    told = one.model_dump(include={"id", "reference", "name", "price", "currency", "spaces"})
    return told | {
        "length": translate.length_of(one),
        "booking": translate.is_booking_product(one),
        "recurring": translate.is_recurring(one),
    }


def venue(reply: Reply) -> Told:
    found = catalogue.read_venue(READS, reply)
    hours = [f"{row.day} {row.open}-{row.close}" for row in found.opening_hours or ()]
    told = found.model_dump(include={"name", "label", "type", "spaces", "address"})
    return told | {"hours": hours}


def space(reply: Reply) -> Told:
    found = catalogue.read_space(READS, reply)
    names = {"name", "label", "capacity", "type", "total_bookings"}
    products = [goods(one) for one in found.products or ()]
    return found.model_dump(include=names) | {
        "venue": found.venue.name if found.venue else None,
        "products": products,
    }


def customer(reply: Reply) -> Told:
    return catalogue.read_customer(READS, reply).model_dump()


def subscription(reply: Reply) -> Told:
    return subscriptions.read_subscription(reply).model_dump()


def event(reply: Reply) -> Told:
    return subscriptions.read_event(READS, reply).model_dump()


def read_error(reply: Reply) -> Told:
    return failure(READS, reply)


def write_error(reply: Reply) -> Told:
    return failure(create_request("p1", "s1", SPAN), reply)


def failure(request: Request, reply: Reply) -> Told:
    error = refusal(request, reply, NOW)
    wait = error.retry_after if isinstance(error, Limited) else None
    return {"class": type(error).__name__, "text": str(error), "retry_after": wait}


READERS: Mapping[str, Callable[[Reply], Told]] = {
    reader.__name__: reader
    for reader in (
        booking,
        created,
        patched,
        page,
        venues,
        slots,
        token,
        product,
        venue,
        space,
        customer,
        subscription,
        event,
        read_error,
        write_error,
    )
}


def webhook(sample: Told) -> Told:
    headers, body = sample["headers"], sample["body"].encode()
    try:
        webhooks.verify(headers, body, sample["secrets"], NOW)
        hint = webhooks.read_hint(headers, body, sample.get("event_id_header"))
    except WebhookRefused as refused:
        return {"refused": type(refused).__name__, "text": str(refused)}
    return asdict(hint)


def read(sample: Told) -> Any:
    if sample["reader"] == "webhook":
        return plain(webhook(sample))
    told = sample["reply"]
    body = told.get("body", "")
    raw = body if isinstance(body, str) else json.dumps(body)
    reply = Reply(status=told["status"], headers=told.get("headers", {}), body=raw.encode())
    try:
        return plain(READERS[sample["reader"]](reply))
    except ChannelError as error:
        return {"raises": type(error).__name__}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_as_expected(path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    assert read(sample) == sample["expected"], sample["about"]


def test_every_contradiction_about_answers_has_a_sample() -> None:
    told = " ".join(json.loads(path.read_text(encoding="utf-8"))["about"] for path in SAMPLES)
    wanted = (1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 23)
    assert [number for number in wanted if f"C{number} " not in f"{told} "] == []
