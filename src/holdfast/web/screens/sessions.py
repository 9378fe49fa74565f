"""`/settings/sessions`: where one is signed in oneself, and out of any of them."""

from aiohttp import web

from holdfast.store import people
from holdfast.web.fields import is_id
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import REFUSED, wrong_field
from holdfast.web.screens.screen import show


async def page(request: web.Request) -> web.Response:
    """One's own; who is not signed in has none."""
    person, parts = request[PERSON], request.app[PARTS]
    found = (
        []
        if person.id is None
        else await people.sessions_of(parts.pool, person.id, parts.clock.now())
    )
    return show(request, "sessions.html", "settings", rows=found)


async def end(request: web.Request) -> web.StreamResponse:
    """End one of them, or all the others. Raises Problem."""
    person, pool = request[PERSON], request.app[PARTS].pool
    asked = str((await request.post()).get("ids", ""))
    if person.id is not None and asked == "others":
        await people.end_others(pool, person.id, person.session)
    elif not is_id(asked):
        raise wrong_field("ids", "the number of a session, or others", REFUSED)
    elif person.id is None or not await people.end_session(pool, int(asked), person.id):
        raise wrong_field("ids", "a session of your own that is not over", REFUSED)
    raise web.HTTPSeeOther("/settings/sessions")
