"""What every call to the simulated API passes: token, scope, budget, and the form of answers and errors."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from holdfast.channels.boseat.simulator.records import ApiError
from holdfast.channels.boseat.simulator.tenancy import Tenancy, Workspace
from holdfast.simulation.control import Bench

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WORKSPACE = web.RequestKey("workspace", Workspace)
SMOOTHING_SECONDS = 0.05
"""How long a call over the budget is delayed, on the machine's own clock, where bursts are smoothed."""


class Gate:
    """Middleware before the API, and the only place where its answers are made."""

    def __init__(self, bench: Bench, tenancy: Tenancy, switches: Mapping[str, str]) -> None:
        self._bench = bench
        self._tenancy = tenancy
        self._switches = switches

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may, within the budget; errors become the provider's JSON."""
        if not request.path.startswith(("/v1/", "/oauth/")):
            return await handler(request)
        try:
            if request.path.startswith("/v1/"):
                await self._admit(request)
            return await self._as_client(request, handler)
        except ApiError as refused:
            return self.error(refused)
        except web.HTTPNotFound:
            return self.error(ApiError(404, "NOT_FOUND", "no such resource"))

    async def _as_client(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1/"):
            return await handler(request)
        workspace = workspace_of(request)
        workspace.announcer.quiet = self._switches["echo"] == "off"
        try:
            answer = await handler(request)
        finally:
            workspace.announcer.quiet = False
        if not answer.prepared:
            answer.headers.update(self._rate_headers(request, workspace))
        return answer

    async def _admit(self, request: web.Request) -> None:
        grant = self._tenancy.granted(request.headers.get("Authorization"))
        if not grant.scopes & needed_scopes(request):
            raise ApiError(403, "FORBIDDEN", "the token's scope does not allow this")
        request[WORKSPACE] = grant.workspace
        wait = self._spend(request, grant.workspace)
        if wait is None:
            return
        if self._switches["rate_scope"] == "smoothed":
            await asyncio.sleep(SMOOTHING_SECONDS)
            return
        raise Limit(wait, self._rate_headers(request, grant.workspace))

    def _spend(self, request: web.Request, workspace: Workspace) -> float | None:
        kind, key = self._budget(request)
        now = self._bench.clock.now()
        return workspace.budget.spend(key, workspace.limit(kind, self._switches), now)

    def _budget(self, request: web.Request) -> tuple[str, str]:
        writes = request.method != "GET" and request.path.startswith("/v1/bookings")
        kind = "writes" if writes else "reads"
        if self._switches["rate_scope"] != "workspace_and_endpoint":
            return kind, kind
        resource = request.match_info.route.resource
        return kind, f"{request.method} {resource.canonical if resource else request.path}"

    def _rate_headers(self, request: web.Request, workspace: Workspace) -> dict[str, str]:
        if self._switches["rate_headers"] not in ("all", "x_ratelimit_only"):
            return {}
        kind, key = self._budget(request)
        limit = workspace.limit(kind, self._switches)
        left = workspace.budget.left(key, limit)
        return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left)}

    def answer(
        self, body: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        """A success."""
        style, extra = self._switches["correlation_id"], dict(headers or {})
        if style == "body_always" and isinstance(body, dict):
            body = {**body, "correlationId": self._correlation_id()}
        if style == "header":
            extra["X-Correlation-Id"] = self._correlation_id()
        return web.json_response(body, status=status, headers=extra)

    def error(self, refused: ApiError) -> web.Response:
        """The error body of https://docs.boseat.com/getting-started/errors."""
        style, headers = self._switches["correlation_id"], {}
        details = [{"field": refused.field_name, "issue": str(refused)}]
        body: dict[str, object] = {
            "status": refused.status,
            "code": refused.code,
            "message": str(refused),
            "details": details if refused.field_name else [],
        }
        if style in ("body_on_errors", "body_always"):
            body["correlationId"] = self._correlation_id()
        if style == "header":
            headers["X-Correlation-Id"] = self._correlation_id()
        if isinstance(refused, Limit):
            headers |= refused.headers | self._retry_after(refused.seconds)
        return web.json_response(body, status=refused.status, headers=headers)

    def _retry_after(self, seconds: float) -> dict[str, str]:
        if self._switches["rate_headers"] not in ("all", "retry_after_only"):
            return {}
        whole = max(1, math.ceil(seconds))
        if self._switches["retry_after_form"] == "seconds":
            return {"Retry-After": str(whole)}
        until = self._bench.clock.now().astimezone(UTC) + timedelta(seconds=whole)
        return {"Retry-After": format_datetime(until, usegmt=True)}

    def _correlation_id(self) -> str:
        return f"cor-{self._bench.random.getrandbits(48):012x}"


class Limit(ApiError):
    """The budget is spent."""

    def __init__(self, seconds: float, headers: Mapping[str, str]) -> None:
        super().__init__(429, "RATE_LIMITED", "too many requests")
        self.seconds = seconds
        self.headers = dict(headers)


def needed_scopes(request: web.Request) -> set[str]:
    """Any of these admits; which scope covers what is not documented beyond bookings."""
    if request.path.startswith("/v1/bookings"):
        return {"booking:write"} if request.method != "GET" else {"booking:read", "booking:write"}
    if request.path.startswith(("/v1/customers", "/v1/webhooks")):
        return {"booking:write", "org_write"}
    if request.path.endswith("/availability"):
        return {"booking:read", "booking:write"}
    return {"org_read", "booking:read"} if request.method == "GET" else {"org_write"}


def workspace_of(request: web.Request) -> Workspace:
    """Whose token the request carries."""
    return request[WORKSPACE]


async def body_of(request: web.Request) -> dict[str, Any]:
    """The request's JSON object. Raises ApiError 400."""
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise ApiError(400, "VALIDATION_FAILED", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "VALIDATION_FAILED", "the body is not an object")
    return body
