"""`/settings/tokens`: what programs show instead of a name and a password; a new one is shown once."""

from aiohttp import web

from holdfast import enrolment
from holdfast.enrolment import NotSo, WantedToken
from holdfast.roles import SCOPES
from holdfast.store import day, people
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import REFUSED, wrong_field
from holdfast.web.screens.acting import LONGEST_REASON, SAY_WHY, reason_of
from holdfast.web.screens.people import MOST_VENUES, word
from holdfast.web.screens.screen import show


async def page(request: web.Request) -> web.Response:
    """All of them; `token` shows the form that revokes one."""
    return await _shown(request)


async def act(request: web.Request) -> web.StreamResponse:
    """Make one or revoke one. Raises Problem for anything else."""
    asked = await request.post()
    what, name = word(asked, "act"), word(asked, "token")
    pool, now = request.app[PARTS].pool, request.app[PARTS].clock.now()
    try:
        if what == "add":
            wanted = WantedToken(
                name=name,
                scope=word(asked, "scope"),
                made_by=request[PERSON].name,
                venues=[str(venue) for venue in asked.getall("venue", [])],
            )
            made = await enrolment.add_token(pool, wanted, now)
            return await _shown(request, made=(name, made))
        if what != "revoke":
            raise wrong_field("act", "add or revoke", REFUSED)
        if not reason_of(asked.get("reason", "")):
            return await _shown(request, wrong=SAY_WHY, chosen=name)
        await enrolment.revoke(pool, name, now)
    except NotSo as error:
        return await _shown(request, wrong=f"{error}.")
    raise web.HTTPSeeOther("/settings/tokens")


async def _shown(
    request: web.Request,
    *,
    wrong: str = "",
    chosen: str = "",
    made: tuple[str, str] | None = None,
) -> web.Response:
    pool = request.app[PARTS].pool
    return show(
        request,
        "tokens.html",
        "settings",
        status=422 if wrong else 200,
        rows=await people.tokens(pool),
        venues=[venue.name for venue in await day.venues(pool, MOST_VENUES)],
        scopes=SCOPES,
        chosen=chosen or request.query.get("token", ""),
        wrong=wrong,
        made=made,
        longest=LONGEST_REASON,
    )
