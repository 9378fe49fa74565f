"""Tells subscribers of every change: event names, payloads, signatures, and a record of each event."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.records import Booking, Change
from holdfast.simulation.courier import Compose, Courier, Delivery

Sign = Callable[[datetime], str]
"""The signature header's value for an attempt at this moment."""


@dataclass(slots=True, kw_only=True)
class Subscription:
    """Who is told; `events` None: of everything."""

    id: str
    url: str
    secret: str = field(repr=False)
    events: list[str] | None = None
    sent: list[Delivery] = field(default_factory=list)

    def failures(self) -> int:
        """How many of the last deliveries in a row were tried and not accepted."""
        count = 0
        for delivery in reversed(self.sent):
            if delivery.attempts == 0 or _accepted(delivery):
                break
            count += 1
        return count


@dataclass(slots=True, kw_only=True)
class Event:
    """What was sent, as the event record tells it."""

    id: str
    type: str
    payload: dict[str, object]
    subscription: Subscription
    delivery: Delivery | None = None
    last_attempt_at: datetime | None = None

    def status(self) -> str:
        """The page lists no values; these are ours."""
        if self.delivery is None or self.delivery.attempts == 0:
            return "pending"
        return "delivered" if _accepted(self.delivery) else "failed"


def _accepted(delivery: Delivery) -> bool:
    return delivery.last_status is not None and delivery.last_status < 300


class Announcer:
    """Knows the subscriptions of one workspace."""

    def __init__(
        self, courier: Courier, now: Callable[[], datetime], switches: Mapping[str, str]
    ) -> None:
        self.subscriptions: list[Subscription] = []
        self.events: list[Event] = []
        self.quiet = False
        """While a client of the API acts and the switch `echo` is off."""
        self._courier = courier
        self._now = now
        self._switches = switches

    def subscribe(self, url: str, secret: str, events: list[str] | None) -> Subscription:
        """Tell `url` of these events from now on."""
        number = len(self.subscriptions) + 1
        made = Subscription(id=f"whk-{number}", url=url, secret=secret, events=events)
        self.subscriptions.append(made)
        return made

    def announce(
        self, books: Books, record: Booking, change: Change, before: Booking | None
    ) -> None:
        """Tell every subscriber that asked for it."""
        if self.quiet:
            return
        for name in event_names(change, self._switches):
            data = self._data(name, books, record, before)
            for subscription in self.subscriptions:
                if subscription.events is None or name in subscription.events:
                    self.send(subscription, name, data)

    def send(self, subscription: Subscription, name: str, data: object) -> Event:
        """Send one event, unless the subscription has been switched off for its failures."""
        event = Event(
            id=f"evt-{len(self.events) + 1}", type=name, payload={}, subscription=subscription
        )
        new_type = self._switches["unknown_values"] == "new_event_type"
        place = {"body_id": "id", "body_eventId": "eventId"}.get(self._switches["event_id"])
        event.payload = {"type": f"{name}.v9" if new_type else name, "data": data}
        event.payload |= {place: event.id} if place else {}
        limit = self._switches["webhook_auto_disable"]
        if limit == "never" or subscription.failures() < int(limit):
            event.delivery = self._courier.send(subscription.url, name, self._compose(event))
            subscription.sent.append(event.delivery)
            self.events.append(event)
        return event

    def _compose(self, event: Event) -> Compose:
        body, first = json.dumps(event.payload).encode(), self._now()
        named = self._switches["event_id"] == "header"

        def compose() -> tuple[Mapping[str, str], bytes]:
            now = event.last_attempt_at = self._now()
            at = first if self._switches["signature_t_on_retry"] == "kept" else now
            headers = {
                "Content-Type": "application/json",
                "Boseat-Signature": signature(body, event.subscription.secret, at, self._switches),
            }
            return (headers | {"Boseat-Event-Id": event.id} if named else headers), body

        return compose

    def _data(self, name: str, books: Books, record: Booking, before: Booking | None) -> object:
        if name.startswith(("invoice.", "payment.")):
            return {"id": f"inv-{record.number}", "bookingId": record.id}
        style = self._switches["event_data"]
        if style == "id_only":
            return {"id": record.id}
        told = before if style == "stale_full" and before is not None else record
        full = render.booking(told, books, self._switches)
        return {"booking": full} if style == "nested_booking" else full


def event_names(change: Change, switches: Mapping[str, str]) -> list[str]:
    """What a change is called: the pages contradict each other (C4, C5)."""
    if change == "cancelled":
        names = {"cancelled_only": ["booking.cancelled"], "updated_only": ["booking.updated"]}
        return names.get(switches["cancel_events"], ["booking.updated", "booking.cancelled"])
    if change == "lapsed":
        return [] if switches["expiry_event"] == "none" else [switches["expiry_event"]]
    names = {"created": ["booking.created"], **_SPECIAL[switches["event_names"]]}
    return names.get(change, ["booking.updated"])


_SPECIAL: Mapping[str, Mapping[str, list[str]]] = {
    "enum": {"deleted": ["booking.deleted"], "unpaid": []},
    "booking_tutorial": {"deleted": [], "unpaid": [], "paid": ["booking.paid"]},
    "webhook_tutorial": {
        "deleted": [],
        "confirmed": ["booking.updated", "invoice.created"],
        "paid": ["booking.updated", "invoice.paid"],
        "unpaid": ["payment.failed", "invoice.failed"],
    },
}


def signature(body: bytes, secret: str, at: datetime, switches: Mapping[str, str]) -> str:
    """The value of `Boseat-Signature` in the form that the switches say (C19)."""
    time = _time(at, switches["signature_t"])
    timed = switches["signature_input"] == "t_dot_body"
    content = time.encode() + b"." + body if timed else body
    true = _digest(content, secret, switches)
    rotated = _digest(content, f"{secret}-retired", switches)
    forms = {"two": f"v1={rotated},v1={true}", "extra_scheme": f"v0={rotated},v1={true},v2=x"}
    return f"t={time}," + forms.get(switches["signature_values"], f"v1={true}")


def _digest(content: bytes, secret: str, switches: Mapping[str, str]) -> str:
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    base = switches["signature_encoding"] == "base64"
    return base64.b64encode(digest).decode() if base else digest.hex()


def _time(at: datetime, unit: str) -> str:
    if unit == "iso":
        return at.isoformat(timespec="seconds").replace("+00:00", "Z")
    seconds = at.timestamp()
    return str(int(seconds * 1000) if unit == "milliseconds" else int(seconds))
