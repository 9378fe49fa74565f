"""Bookings, holds and slots: requests and their replies. No I/O.

https://docs.boseat.com/tutorials/creating-a-booking and the pages below api-reference/bookings.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from pydantic import ValidationError

from holdfast.channels.boseat.protocol.failures import json_of, model_of, unreadable
from holdfast.channels.boseat.translate import is_lost
from holdfast.channels.boseat.wire import Booking, Slot
from holdfast.exchange import Reply, Request
from holdfast.inventory.model import Span
from holdfast.lenient import read

JSON = {"Content-Type": "application/json"}

IdsStyle = Literal["comma", "repeat", "brackets", "json"]
"""How a list goes into a query; the pages contradict each other (C24)."""

SlotsPath = Literal["bookings_slots", "spaces_availability"]
"""Both are documented (C7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a PATCH sends. E-mail and phone are required even to cancel."""

    email: str
    phone: str
    status: Literal["CONFIRMED", "CANCEL"] | None = None
    name: str | None = None
    additional_products: Sequence[str] = ()
    payment_enabled: bool | None = None
    """Always False for our own blocks: the default is not documented, and True opens a payment page."""
    success_url: str | None = None
    cancel_url: str | None = None


def create_request(
    product_id: str, space_id: str, slot: Span, email: str | None = None, phone: str | None = None
) -> Request:
    """Take a slot; it is held for 15 minutes unless confirmed."""
    body: dict[str, object] = {
        "productId": product_id,
        "spaceId": space_id,
        "slot": {"from": instant(slot.start), "to": instant(slot.end)},
    }
    body |= {key: value for key, value in (("email", email), ("phone", phone)) if value}
    return _write("hold", "POST", "/v1/bookings", body)


def get_request(booking_id: str) -> Request:
    """Read one booking."""
    return Request(operation="fetch", method="GET", url=_booking(booking_id), budget="read")


def patch_request(operation: str, booking_id: str, details: Details) -> Request:
    """Confirm, cancel, or change the contact."""
    optional = {
        "name": details.name,
        "status": details.status,
        "additionalProducts": list(details.additional_products) or None,
        "paymentEnabled": details.payment_enabled,
        "successUrl": details.success_url,
        "cancelUrl": details.cancel_url,
    }
    body: dict[str, object] = {"email": details.email, "phone": details.phone}
    body |= {key: value for key, value in optional.items() if value is not None}
    return _write(operation, "PATCH", _booking(booking_id), body)


def delete_request(booking_id: str) -> Request:
    """Remove the record for good; permitted in some statuses only."""
    return Request(operation="release", method="DELETE", url=_booking(booking_id), budget="write")


def list_request(
    page: int,
    *,
    limit: int = 100,
    space_ids: Sequence[str] = (),
    style: IdsStyle = "comma",
    customer_id: str | None = None,
) -> Request:
    """One page of bookings; there is no filter by date, status or change."""
    query = [("page", str(page)), ("limit", str(limit)), *array_query("spaceIds", space_ids, style)]
    if customer_id is not None:
        query.append(("customerId", customer_id))
    return Request(operation="scan", method="GET", url="/v1/bookings", budget="read", query=query)


def slots_request(
    path: SlotsPath, space_id: str, product_id: str, start: datetime, days: int
) -> Request:
    """What is free from `start` on, for a count of days (C8)."""
    query = [("productId", product_id), ("from", instant(start)), ("to", str(days))]
    if path == "spaces_availability":
        url = f"/v1/spaces/{quote(space_id, safe='')}/availability"
    else:
        url, query = "/v1/bookings/slots", [("spaceId", space_id), *query]
    return Request(operation="offers", method="GET", url=url, budget="read", query=query)


def read_created(request: Request, reply: Reply) -> Booking:
    """The new booking, of which nothing but the id is sure (C2). Raises Unknown without one."""
    return model_of(Booking, request, reply)


def read_booking(request: Request, reply: Reply) -> Booking:
    """A booking. Raises Broken when it cannot be read, or says that it is on and nothing of when."""
    booking = model_of(Booking, request, reply)
    if is_lost(booking):
        raise unreadable(request, reply)
    return booking


def read_patched(request: Request, reply: Reply) -> Booking | None:
    """The booking after a PATCH, or None: the tutorials show no body, and 2xx is the outcome.

    Raises Unknown for something that is no JSON: it comes from some other server on the way.
    """
    if not reply.body.strip():
        return None
    try:
        return read(Booking, json_of(request, reply))
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSlots:
    """The free slots; `whole` is False when some of them could not be read."""

    spans: tuple[Span, ...]
    whole: bool


def read_slots(request: Request, reply: Reply) -> FreeSlots:
    """A bare array, or one in `data` (C7). Raises Broken for anything else."""
    body = json_of(request, reply)
    rows = body.get("data") if isinstance(body, Mapping) else body
    if not isinstance(rows, list):
        raise unreadable(request, reply)
    spans = [span for span in map(_span, rows) if span]
    return FreeSlots(spans=tuple(dict.fromkeys(spans)), whole=len(spans) == len(rows))


def payment_page(reply: Reply) -> str | None:
    """Where a payment is asked for: a PATCH may be answered so, with 2xx or 3xx (U6)."""
    return reply.headers.get("location")


def array_query(name: str, ids: Sequence[str], style: IdsStyle) -> list[tuple[str, str]]:
    """A list of ids as query parameters."""
    if not ids:
        return []
    if style == "comma":
        return [(name, ",".join(ids))]
    if style == "json":
        return [(name, json.dumps(list(ids)))]
    return [(name if style == "repeat" else f"{name}[]", one) for one in ids]


def instant(value: datetime) -> str:
    """A timestamp as Boseat wants it: UTC with `Z`."""
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds") + "Z"


def _span(row: object) -> Span | None:
    try:
        slot = Slot.model_validate(row)
    except ValidationError:
        return None
    return Span(start=slot.start, end=slot.end)


def _booking(booking_id: str) -> str:
    return f"/v1/bookings/{quote(booking_id, safe='')}"


def _write(
    operation: str, method: Literal["POST", "PATCH"], url: str, body: Mapping[str, object]
) -> Request:
    return Request(
        operation=operation,
        method=method,
        url=url,
        budget="write",
        headers=JSON,
        body=json.dumps(body).encode(),
    )
