"""`/healthz`, `/readyz` and `/metrics`: for machines that watch machines."""

import asyncio
from importlib.metadata import version

from aiohttp import web

from holdfast.metrics import exposition
from holdfast.web.outage import OUTAGE
from holdfast.web.parts import PARTS, WebParts

ANSWER_SECONDS = 2.0


async def alive(request: web.Request) -> web.Response:
    """The process is up; whatever it depends on may not be."""
    return web.json_response({"status": "ok", "version": version("holdfast")})


async def ready(request: web.Request) -> web.Response:
    """503 only while Postgres is down; slow, or without the others, we are slower, not wrong."""
    parts = request.app[PARTS]
    postgres = await request.app[OUTAGE].look(parts.pool, ANSWER_SECONDS)
    others = await _others_answer(parts)
    complete = postgres == "ok" and all(others.values())
    status = "ok" if complete else "down" if postgres == "down" else "degraded"
    servers = {name: "ok" if up else "down" for name, up in others.items()}
    told = {"status": status, "postgres": postgres, **servers}
    return web.json_response(told, status=503 if postgres == "down" else 200)


async def show_metrics(request: web.Request) -> web.Response:
    """Also on a port of its own; here for whoever has only one."""
    return exposition(request.app[PARTS].metrics)


async def _others_answer(parts: WebParts) -> dict[str, bool]:
    if parts.others_ready is None:
        return {}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return dict(await parts.others_ready())
    except TimeoutError:
        return {"others": False}
