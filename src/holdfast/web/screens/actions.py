"""`/settings/actions`: who did what to which object, why, and how it ended; newest first."""

from aiohttp import web

from holdfast.store import actions
from holdfast.web import paging
from holdfast.web.parts import PARTS
from holdfast.web.screens import filters
from holdfast.web.screens.screen import show


async def page(request: web.Request) -> web.Response:
    """One page, of one person if `who` says so. Raises Problem for a cursor that is none."""
    who = filters.text(request.query, "who")
    before = paging.position("actions", request.query.get("cursor"))
    found = await filters.in_time(
        actions.page(request.app[PARTS].pool, who, before, filters.PAGE + 1)
    )
    rows, following = paging.split("actions", found, filters.PAGE)
    state = {"who": who or ""}
    return show(
        request,
        "actions.html",
        "settings",
        rows=rows,
        who=who or "",
        older=filters.link("/settings/actions", state, cursor=following) if following else "",
        filtered=bool(who or before),
    )
