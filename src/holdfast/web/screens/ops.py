"""`/ops`: can I go back to sleep? One sentence, six numbers, every account, what waits, who works, what fails."""

from aiohttp import web

from holdfast.inventory.freshness import lost
from holdfast.web.operations import HISTORIES, operations
from holdfast.web.parts import PARTS
from holdfast.web.screens.filters import in_time
from holdfast.web.screens.screen import show


async def page(request: web.Request) -> web.Response:
    """The whole page, complete without JavaScript. Raises Problem."""
    parts = request.app[PARTS]
    found = await in_time(operations(parts.pool, request.app[HISTORIES], parts.clock.now()))
    return show(request, "ops.html", "ops", shown=found, lost=lost)
