"""What Holdfast's way in is held against, each as a process: the ordinary handler, and one that does nothing."""

import asyncio
import json
import sys

import asyncpg
import click
from aiohttp import web
from aiohttp.typedefs import Handler

from holdfast.bench.crew import READY
from holdfast.bench.signed import verifier
from holdfast.channel import WebhookRefused
from holdfast.clock import SystemClock
from holdfast.soak.program import HERE
from holdfast.store.queries import load
from holdfast.wiring import nothing_to_reset

_SQL = load("ordinary", "holdfast.bench")
CLOCK = SystemClock()
CONNECTIONS = 12
"""As many as our processes have."""


async def _ordinary(database_url: str) -> web.Application:
    """Verify, one INSERT, answer: what a competent team writes."""
    pool = await asyncpg.create_pool(
        database_url, min_size=1, max_size=CONNECTIONS, reset=nothing_to_reset
    )
    channel = await verifier(pool)

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        try:
            hints = channel.read_webhook(request.headers, body, CLOCK.now())
        except WebhookRefused:
            return web.json_response({}, status=401)
        kept = json.dumps({"content-type": request.content_type})
        for hint in hints:
            args = (hint.external_id, hint.raw_type, hint.delivery_id, kept, body, CLOCK.now())
            await pool.execute(_SQL["insert"], request.match_info["account"], *args)
        return web.json_response({})

    return _app(receive)


async def _nothing(_database_url: str) -> web.Application:
    async def receive(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({})

    return _app(receive)


def _app(receive: Handler) -> web.Application:
    app = web.Application()
    app.router.add_post("/hooks/{account}", receive)
    return app


async def _main(which: str, port: int, database_url: str) -> None:
    app = await {"ordinary": _ordinary, "nothing": _nothing}[which](database_url)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HERE, port).start()
    click.echo(READY)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
