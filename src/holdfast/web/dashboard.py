"""The first page: the verdict, accounts, conflicts and the venues' days, rendered on the server."""

from collections.abc import Mapping
from datetime import date

from aiohttp import web

from holdfast.web.addresses import Addresses
from holdfast.web.overview import Choice, overview
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.screens.filters import a_day
from holdfast.web.screens.screen import show


async def page(request: web.Request) -> web.Response:
    """The whole page, complete without JavaScript; whoever is limited to some venues begins with those."""
    if request[PERSON].venues is not None:
        raise web.HTTPSeeOther("/venues")
    parts = request.app[PARTS]
    choice = _choice(request.query)
    shown = await overview(parts.pool, choice, parts.clock.now())
    links = _links(choice, shown.shown)
    return show(request, "dashboard.html", "overview", shown=shown, links=links)


def _links(choice: Choice, shown: date) -> Addresses:
    state = {
        "date": choice.day.isoformat() if choice.day else "",
        "view": "list" if choice.view == "list" else "",
        "off": "1" if choice.off else "",
        "whole": "1" if choice.whole else "",
    }
    kept = {name: value for name, value in state.items() if value}
    return Addresses(venue="", day=shown, state=kept)


def _choice(query: Mapping[str, str]) -> Choice:
    return Choice(
        day=a_day(query, "date"),
        view="list" if query.get("view") == "list" else "timeline",
        off=int(query.get("off") == "1"),
        whole=query.get("whole") == "1",
    )
