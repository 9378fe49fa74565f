"""Puts the web process together: routes, who may ask, what is measured, what runs beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.resources import files

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from holdfast.standing import OTHER
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.web import dashboard, health, hooks
from holdfast.web.counts import framed
from holdfast.web.door import DOOR, Door
from holdfast.web.failures import failures
from holdfast.web.guard import add_headers, guard
from holdfast.web.intake import INTAKE, Intake
from holdfast.web.live import end_streams, watching
from holdfast.web.oidc import CALLBACK
from holdfast.web.openapi import document
from holdfast.web.operations import HISTORIES, Histories, looking_ahead
from holdfast.web.outage import OUTAGE, Outage
from holdfast.web.pages import PAGES, environment
from holdfast.web.parts import PARTS, WebParts
from holdfast.web.provider import provided
from holdfast.web.refused import REFUSED, Refused
from holdfast.web.rules import RULES, rules_of
from holdfast.web.screens import login, login_elsewhere
from holdfast.web.screens.table import SCREENS
from holdfast.web.table import ENDPOINTS

REFRESH_SECONDS = 15.0

log = structlog.get_logger()

_REFRESHING = web.AppKey("refreshing", asyncio.Task[None])


def build_web(parts: WebParts) -> web.Application:
    """The whole web process. The metrics' gauges are read anew every 15 s while it runs."""
    app = web.Application(middlewares=[measured, failures, guard])
    app[PARTS], app[PAGES], app[OUTAGE] = parts, environment(), Outage()
    app[INTAKE], app[HISTORIES] = Intake(parts.limits), Histories()
    app[REFUSED], app[DOOR] = Refused(), Door()
    app[RULES] = rules_of([*SCREENS, *ENDPOINTS])
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.extend((_refreshing, looking_ahead, watching, provided))
    app.on_shutdown.append(end_streams)
    _route(app)
    parts.metrics.serves(
        [(route.method, _template(route.resource)) for route in app.router.routes()]
    )
    return app


def _route(app: web.Application) -> None:
    app.router.add_post(hooks.ROUTE, hooks.receive)
    app.router.add_get("/healthz", health.alive)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", health.show_metrics)
    app.router.add_get("/openapi.json", _openapi)
    app.router.add_get("/", framed(dashboard.page))
    app.router.add_static("/static", str(files("holdfast.web") / "static"))
    app.router.add_get("/login", login.page)
    app.router.add_post("/login", login.enter)
    app.router.add_post("/logout", login.leave)
    app.router.add_get("/login/oidc", login_elsewhere.begin, allow_head=False)
    app.router.add_get(CALLBACK, login_elsewhere.finish, allow_head=False)
    for screen in SCREENS:
        app.router.add_route(screen.method, screen.path, screen.on_request())
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, endpoint.on_request())


async def _openapi(request: web.Request) -> web.Response:
    return web.json_response(document(ENDPOINTS))


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """By route template, never by address: what nobody serves is `other`."""
    started = asyncio.get_running_loop().time()
    response = await handler(request)
    if response.content_type == "text/event-stream":  # how long a page was open tells nothing of us
        return response
    seconds = asyncio.get_running_loop().time() - started
    known = request.match_info.route.resource
    request.app[PARTS].metrics.answered(
        _template(known),
        request.method if request.method in hdrs.METH_ALL else OTHER,
        response.status,
        seconds,
    )
    return response


def _template(resource: web.AbstractResource | None) -> str:
    return resource.canonical if resource is not None else OTHER


async def _refreshing(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(_refresh_always(app), name="metrics-refresh")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await app[OUTAGE].close()


async def _refresh_always(app: web.Application) -> None:
    parts = app[PARTS]
    while True:
        try:
            await app[OUTAGE].look(parts.pool, health.ANSWER_SECONDS)
            await app[REFUSED].write(parts.pool, parts.clock)
            await parts.metrics.refresh(parts.pool, parts.clock.now())
            app[OUTAGE].ended()
        except DATABASE_FAILURES as error:
            app[OUTAGE].began(error)
        except Exception:  # a broken gauge must not be the end of all others
            log.exception("gauges_not_read")
        await parts.clock.sleep(REFRESH_SECONDS)
