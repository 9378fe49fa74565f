"""`/healthz`, `/readyz` and `/metrics`: for machines that watch machines."""

import asyncio
from importlib.metadata import version

import asyncpg
from aiohttp import web

from holdfast.metrics import exposition
from holdfast.store import schedule
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.web.parts import PARTS, WebParts

ANSWER_SECONDS = 2.0


async def alive(request: web.Request) -> web.Response:
    """The process is up; whatever it depends on may not be."""
    return web.json_response({"status": "ok", "version": version("holdfast")})


async def ready(request: web.Request) -> web.Response:
    """200 if Postgres answers; without the others we are slower, not wrong."""
    parts = request.app[PARTS]
    postgres = await _postgres_answers(parts.pool)
    others = await _others_answer(parts)
    complete = postgres and all(others.values())
    status = "ok" if complete else "degraded" if postgres else "down"
    servers = {
        name: "ok" if up else "down" for name, up in {"postgres": postgres, **others}.items()
    }
    return web.json_response({"status": status, **servers}, status=200 if postgres else 503)


async def show_metrics(request: web.Request) -> web.Response:
    """Also on a port of its own; here for whoever has only one."""
    return exposition(request.app[PARTS].metrics)


async def _postgres_answers(pool: asyncpg.Pool) -> bool:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await schedule.database_now(pool)
    except DATABASE_FAILURES:
        return False
    return True


async def _others_answer(parts: WebParts) -> dict[str, bool]:
    if parts.others_ready is None:
        return {}
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return dict(await parts.others_ready())
    except TimeoutError:
        return {"others": False}
