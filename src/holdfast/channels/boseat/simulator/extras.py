"""Control calls beyond the common ones: payments, deletions, tokens, scopes, subscriptions, forgeries.

POST /control/boseat/{ref}/{pay|refund|delete}   -> {"ref"}, or 409
POST /control/boseat/{ref}/contact               {"email", "phone", "name"} -> {"ref"}
POST /control/boseat/take                        as a guest books, but shown to nobody -> {"ref"}, or 409
POST /control/past                               {"bookings": n}: so many, over long ago, and told to nobody -> {"made": n}
POST /control/boseat/tokens/revoke               -> {"revoked": n}
PUT  /control/boseat/scope                       {"scope"}: what the first workspace grants from now on
POST /control/boseat/subscriptions               {"url", "secret", "events"?} -> {"id"}
POST /control/boseat/forge                       {"ref", "how"}: a webhook that must not be believed
POST /control/boseat/replay                      {"number"}: a delivery once more, byte for byte
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from holdfast.channels.boseat.simulator.announcer import Subscription, signature
from holdfast.channels.boseat.simulator.past import over
from holdfast.channels.boseat.simulator.provider import BoseatProvider
from holdfast.channels.boseat.simulator.tenancy import Tenancy
from holdfast.simulation.control import Bench, GuestWish, Refused

FORGERIES = ("wrong_secret", "altered_body", "old_time", "missing_header", "reserialised")


class Extras:
    """What only this provider has."""

    def __init__(self, bench: Bench, tenancy: Tenancy, provider: BoseatProvider) -> None:
        self._bench = bench
        self._tenancy = tenancy
        self._provider = provider

    def routes(self) -> list[web.RouteDef]:
        """All below `/control`."""
        return [
            web.post("/control/boseat/take", self._take),
            web.post("/control/past", self._past),
            web.post("/control/boseat/tokens/revoke", self._revoke),
            web.put("/control/boseat/scope", self._scope),
            web.post("/control/boseat/subscriptions", self._subscribe),
            web.post("/control/boseat/forge", self._forge),
            web.post("/control/boseat/replay", self._replay),
            web.post("/control/boseat/{ref}/{act:pay|refund|delete}", self._act),
            web.post("/control/boseat/{ref}/contact", self._contact),
        ]

    async def _act(self, request: web.Request) -> web.Response:
        provider = self._provider
        acts = {"pay": provider.pays, "refund": provider.refunds, "delete": provider.deletes}
        act, ref = acts[request.match_info["act"]], request.match_info["ref"]
        return _answered(lambda: act(ref))

    async def _take(self, request: web.Request) -> web.Response:
        wish = GuestWish.model_validate(await request.json())
        return _answered(lambda: self._provider.takes_unseen(wish))

    async def _past(self, request: web.Request) -> web.Response:
        wanted, now = int((await request.json())["bookings"]), self._bench.clock.now()
        books = self._tenancy.workspaces[0].books
        for booking in over(books, wanted, now):
            books.keep(booking)
        return web.json_response({"made": wanted})

    async def _contact(self, request: web.Request) -> web.Response:
        body, ref = await request.json(), request.match_info["ref"]
        email, phone, name = (str(body.get(key, "")) for key in ("email", "phone", "name"))
        return _answered(lambda: self._provider.edits_contact(ref, email, phone, name))

    async def _revoke(self, _request: web.Request) -> web.Response:
        return web.json_response({"revoked": self._tenancy.revoke_all()})

    async def _scope(self, request: web.Request) -> web.Response:
        spec = self._tenancy.workspaces[0].spec
        spec.scope = str((await request.json())["scope"])
        return web.json_response({"scope": spec.scope})

    async def _subscribe(self, request: web.Request) -> web.Response:
        body = await request.json()
        announcer = self._tenancy.workspaces[0].announcer
        made = announcer.subscribe(str(body["url"]), str(body["secret"]), body.get("events"))
        return web.json_response({"id": made.id})

    async def _forge(self, request: web.Request) -> web.Response:
        asked = await request.json()
        how, now = asked.get("how"), self._bench.clock.now()
        if how not in FORGERIES:
            raise web.HTTPBadRequest(text=f"how: expected one of {', '.join(FORGERIES)}")
        for workspace in self._tenancy.workspaces:
            for subscription in workspace.announcer.subscriptions:
                headers, body = self._forged(how, str(asked["ref"]), subscription, now)
                self._send(subscription.url, headers, body)
        return web.json_response({"forged": how})

    def _forged(
        self, how: str, ref: str, to: Subscription, now: datetime
    ) -> tuple[dict[str, str], bytes]:
        switches = self._provider.switches
        body = json.dumps({"type": "booking.updated", "data": {"id": ref}}).encode()
        at = now - timedelta(hours=2) if how == "old_time" else now
        secret = "not-the-secret" if how == "wrong_secret" else to.secret
        signed = {"Boseat-Signature": signature(body, secret, at, switches)}
        sent = {"altered_body": body.replace(b"updated", b"deleted")}
        sent["reserialised"] = json.dumps(json.loads(body), indent=1).encode()
        return ({} if how == "missing_header" else signed), sent.get(how, body)

    async def _replay(self, request: web.Request) -> web.Response:
        number = int((await request.json())["number"])
        old = self._bench.courier.deliveries[number - 1]
        self._bench.courier.send(old.url, old.kind, old.compose)
        return web.json_response({"replayed": old.id})

    def _send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        everything = {"Content-Type": "application/json", **headers}
        self._bench.courier.send(url, "forged", lambda: (everything, body))


def _answered(act: Callable[[], Any]) -> web.Response:
    try:
        return web.json_response({"ref": act()})
    except Refused as no:
        return web.json_response({"refused": str(no)}, status=409)
