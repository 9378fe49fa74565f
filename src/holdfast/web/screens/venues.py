"""`/venues`: every venue with the figures of its own today; straight to the calendar where there is only one."""

from urllib.parse import quote, urlencode

from aiohttp import web

from holdfast.store import venues
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.screens.filters import text
from holdfast.web.screens.screen import show

PAGE = 50


async def page(request: web.Request) -> web.StreamResponse:
    """One page of them, by name, of those that he sees."""
    parts, person = request.app[PARTS], request[PERSON]
    names = None if person.venues is None else sorted(person.venues)
    after = text(request.query, "after")
    found = await venues.page(parts.pool, names, after, parts.clock.now(), PAGE + 1)
    if len(found) == 1 and after is None:
        raise web.HTTPSeeOther(f"/venues/{quote(found[0].name, safe='')}/calendar")
    rows = found[:PAGE]
    further = f"/venues?{urlencode({'after': rows[-1].name})}" if len(found) > PAGE else ""
    return show(request, "venues.html", "calendar", rows=rows, after=after, further=further)
