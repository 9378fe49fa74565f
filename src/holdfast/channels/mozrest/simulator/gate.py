"""Who may call the simulated API, how often, and what a refusal looks like."""

import json
from collections import defaultdict
from datetime import datetime, timedelta

from aiohttp import web

from holdfast.channels.mozrest.simulator.desk import Caller
from holdfast.channels.mozrest.simulator.state import No, State

MINUTE = timedelta(minutes=1)


class Gate:
    """Checks the key and the rate, and writes refusals."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._calls: dict[str, list[datetime]] = defaultdict(list)
        self._refusals = 0

    def enter(self, request: web.Request) -> Caller:
        """Raises No without a valid key, or when it was used too often within a minute."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        channels = {one.key: one.channel for one in self._state.world.keys}
        if self._state.says("key", "revoked") or scheme != "Bearer" or key not in channels:
            raise No(401, "the API key is not valid")
        if not self._state.says("rate_limit", "none"):
            self._count(key, self._state.number("rate") or 0)
        kind = "reads" if request.method == "GET" else "writes"
        most = self._state.number(f"{kind}_per_minute")
        if most is not None:
            self._count(f"{key} {kind}", most)
        return Caller(channel=channels[key], by="client")

    def _count(self, what: str, most: int) -> None:
        now = self._state.now
        recent = [at for at in self._calls[what] if at > now - MINUTE]
        self._calls[what] = recent
        if len(recent) >= most:
            raise No(self._refused_as.removesuffix("_bare"), "too many calls")
        recent.append(now)

    @property
    def _refused_as(self) -> str:
        told = self._state.switches["rate_limit"]
        return "429" if told == "none" else told

    def refusal(self, no: No) -> web.Response:
        """Error bodies are documented nowhere, so their shape changes."""
        self._refusals += 1
        headers = {"Retry-After": "7"} if self._tells_pause(no) else {}
        form = self._state.switches["error_body"]
        if form == "html":
            page = f"<html><h1>{no}</h1></html>"
            return web.Response(
                status=no.status, headers=headers, text=page, content_type="text/html"
            )
        body = {"json": self._json(no), "text": str(no), "empty": ""}[form]
        kind = "application/json" if form == "json" else "text/plain"
        return web.Response(status=no.status, headers=headers, text=body, content_type=kind)

    def _tells_pause(self, no: No) -> bool:
        return no.status == 429 and self._refused_as == "429"

    def _json(self, no: No) -> str:
        shapes: tuple[object, ...] = (
            {"error": {"code": no.status, "message": str(no)}},
            {"message": str(no)},
            {"errors": [str(no)]},
        )
        return json.dumps(shapes[self._refusals % len(shapes)])
