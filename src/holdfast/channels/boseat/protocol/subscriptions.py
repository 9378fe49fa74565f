"""Webhook subscriptions and event records: requests and their replies. No I/O.

https://docs.boseat.com/tutorials/webhook-setup and
https://docs.boseat.com/api-reference/webhooks/get-a-specific-webhook-event-by-id
"""

import json
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

from pydantic import ValidationError

from holdfast.channels.boseat.protocol.bookings import JSON
from holdfast.channels.boseat.protocol.failures import model_of
from holdfast.channels.boseat.wire import EventRecord, Subscription
from holdfast.exchange import Reply, Request

FORMAL_EVENTS = ("booking.created", "booking.updated", "booking.deleted")
"""The only names that the reference lists."""
EVENTS = (*FORMAL_EVENTS, "booking.cancelled", "booking.paid")
"""With those of the tutorials (C4)."""

Field = Literal["events", "subscription"]
FIELDS: tuple[Field, ...] = ("events", "subscription")
"""What the list of events is called: the tutorial and the reference differ (C6)."""


def subscribe_request(
    url: str,
    events: Sequence[str],
    secret: str,
    field: Field = "events",
) -> Request:
    """Be told of events; the secret is the subscriber's own choice."""
    body = {"url": url, field: list(events), "secret": secret}
    return Request(
        operation="subscribe",
        method="POST",
        url="/v1/webhooks/subscriptions",
        budget="read",
        headers=JSON,
        body=json.dumps(body).encode(),
    )


def read_subscription(reply: Reply) -> Subscription:
    """What was subscribed, as far as the answer tells: the page shows none."""
    try:
        return Subscription.model_validate_json(reply.body)
    except ValidationError:
        return Subscription()


def event_request(webhook_id: str, event_id: str) -> Request:
    """What became of one event."""
    url = f"/v1/webhooks/{quote(webhook_id, safe='')}/events/{quote(event_id, safe='')}"
    return Request(operation="event", method="GET", url=url, budget="read")


def read_event(request: Request, reply: Reply) -> EventRecord:
    """An event record. Raises Broken when it cannot be read."""
    return model_of(EventRecord, request, reply)
