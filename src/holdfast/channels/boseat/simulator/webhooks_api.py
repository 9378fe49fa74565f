"""The simulated webhook endpoints: subscribing, and the record of each event."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.announcer import Event, Subscription
from holdfast.channels.boseat.simulator.gate import Gate, body_of, workspace_of
from holdfast.channels.boseat.simulator.records import ApiError

KNOWN = ("booking.created", "booking.updated", "booking.deleted")
"""The only names in a formal list, on the event record's page."""


class WebhooksApi:
    """https://docs.boseat.com/tutorials/webhook-setup"""

    def __init__(self, gate: Gate, switches: Mapping[str, str]) -> None:
        self._gate = gate
        self._switches = switches

    def routes(self) -> list[web.RouteDef]:
        """There is no list, update or delete of subscriptions."""
        return [
            web.post("/v1/webhooks/subscriptions", self._subscribe),
            web.get("/v1/webhooks/{webhook}/events/{id}", self._event),
        ]

    async def _subscribe(self, request: web.Request) -> web.Response:
        if self._switches["subscription_api"] == "absent":
            raise ApiError(404, "NOT_FOUND", "no such resource")
        workspace, body = workspace_of(request), await body_of(request)
        names = body.get(self._switches["subscription_fields"])
        url, secret = body.get("url"), body.get("secret")
        if not (isinstance(url, str) and isinstance(secret, str) and isinstance(names, list)):
            raise workspace.books.invalid(self._switches["subscription_fields"], "is required")
        strict = self._switches["subscription_api"] == "refuses_unknown_names"
        if strict and set(names) - set(KNOWN):
            raise workspace.books.invalid("events", "unknown event name")
        made = workspace.announcer.subscribe(url, secret, [str(name) for name in names])
        return self._gate.answer(self._subscription(made), 201)

    def _subscription(self, one: Subscription) -> dict[str, Any]:
        field = self._switches["subscription_fields"]
        return {"id": one.id, "url": one.url, "description": "", field: one.events or ["*"]}

    async def _event(self, request: web.Request) -> web.Response:
        events = workspace_of(request).announcer.events
        wanted = (request.match_info["webhook"], request.match_info["id"])
        for event in events:
            if (event.subscription.id, event.id) == wanted:
                return self._gate.answer(self._record(event))
        raise ApiError(404, "NOT_FOUND", "event not found")

    def _record(self, event: Event) -> dict[str, Any]:
        tried = event.last_attempt_at
        answered = event.delivery.last_status if event.delivery else None
        webhook = {**self._subscription(event.subscription), "subscription": ["*"]}
        return {
            "id": event.id,
            "webhook": webhook,
            "request": event.payload,
            "type": event.type,
            "lastAttemptAt": render.instant(tried, self._switches) if tried else None,
            "response": {"status": answered},
            "status": event.status(),
        }
