"""Faults on demand: answers spoilt before or after the provider acted, by rule and by seed."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from random import Random
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from holdfast.clock import Clock

FaultKind = Literal["status", "html", "empty", "truncated", "hang", "reset", "slow"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Fault(BaseModel):
    """One rule. `when` says whether the provider acts before the answer is spoilt."""

    model_config = ConfigDict(extra="forbid")

    path: str = ".*"
    """A regular expression that the whole path must match."""
    method: str | None = None
    kind: FaultKind = "status"
    when: Literal["before", "after"] = "before"
    status: int = 503
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    seconds: float = 30.0
    """For `hang` and `slow`: how long, on the machine's own clock."""
    count: int | None = None
    """How often it strikes; None: for ever."""
    probability: float = Field(default=1.0, ge=0, le=1)

    def strikes(self, request: web.Request, random: Random) -> bool:
        """Whether it spoils this request."""
        if self.count == 0 or self.method not in (None, request.method):
            return False
        return bool(re.fullmatch(self.path, request.path)) and random.random() < self.probability


class Faults:
    """The rules in force, and a journal of every request to the provider's API."""

    def __init__(self, clock: Clock, random: Random) -> None:
        self.rules: list[Fault] = []
        self.requests: list[dict[str, object]] = []
        self._clock = clock
        self._random = random

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Spoil, or let pass; the control side is never spoilt."""
        if request.path.startswith("/control"):
            return await handler(request)
        entry: dict[str, object] = {
            "at": self._clock.now().isoformat(),
            "method": request.method,
            "path": request.path,
            "query": request.query_string,
        }
        self.requests.append(entry)
        response = await self._answer(request, handler)
        entry["status"] = response.status
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        rule = self._pick(request)
        if rule is None:
            return await handler(request)
        real = await handler(request) if rule.when == "after" else None
        return await _spoil(rule, request, real)

    def _pick(self, request: web.Request) -> Fault | None:
        for rule in self.rules:
            if rule.strikes(request, self._random):
                if rule.count is not None:
                    rule.count -= 1
                return rule
        return None


async def _spoil(
    rule: Fault, request: web.Request, real: web.StreamResponse | None
) -> web.StreamResponse:
    if rule.kind in ("hang", "slow"):
        await asyncio.sleep(rule.seconds)
    if rule.kind == "slow" and real is not None:
        return real
    if rule.kind in ("hang", "reset"):
        return _cut(request)
    if rule.kind == "truncated":
        return await _truncated(request, real)
    return _wrong(rule)


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _truncated(request: web.Request, real: web.StreamResponse | None) -> web.StreamResponse:
    text = real.body if isinstance(real, web.Response) and isinstance(real.body, bytes) else b"{}"
    response = web.StreamResponse(status=real.status if real else 200)
    response.content_type = "application/json"
    response.content_length = len(text) + 8
    await response.prepare(request)
    await response.write(text[: max(1, len(text) // 2)])
    return _cut(request)


def _wrong(rule: Fault) -> web.Response:
    if rule.kind == "html":
        return web.Response(status=200, text="<html>down</html>", content_type="text/html")
    if rule.kind == "empty":
        return web.Response(status=200)
    return web.Response(status=rule.status, text=rule.body, headers=rule.headers)
