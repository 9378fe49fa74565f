"""`/ops`: can I go back to sleep? One sentence, six numbers, every account, what waits, who works, what fails."""

from aiohttp import web

from holdfast.web.operations import HISTORIES, operations
from holdfast.web.parts import PARTS
from holdfast.web.screens.filters import in_time
from holdfast.web.screens.screen import show


async def page(request: web.Request) -> web.Response:
    """The whole page, complete without JavaScript. Raises Problem."""
    return await _shown(request, "ops.html")


async def part(request: web.Request) -> web.Response:
    """What changes while one looks. Raises Problem."""
    return await _shown(request, "ops_now.html")


async def _shown(request: web.Request, template: str) -> web.Response:
    parts = request.app[PARTS]
    now = parts.clock.now()
    found = await in_time(operations(parts.pool, request.app[HISTORIES], now))
    return show(request, template, "ops", shown=found)
