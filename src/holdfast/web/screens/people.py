"""`/settings/people`: who may sign in and what he may; add, change, let in no more."""

from urllib.parse import urlencode

from aiohttp import web
from aiohttp.web_request import FileField
from multidict import MultiDictProxy

from holdfast import enrolment
from holdfast.enrolment import Applicant, NotSo
from holdfast.roles import LIMITED, ROLES
from holdfast.store import day, people
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import REFUSED, wrong_field
from holdfast.web.screens.acting import LONGEST_REASON, SAY_WHY, reason_of
from holdfast.web.screens.screen import show

Form = MultiDictProxy[str | bytearray | bytes | FileField]

MOST_VENUES = 1000
ACTS = ("add", "role", "password", "disable", "enable")
HIMSELF = "Not yourself: somebody else must do that, or `holdfast user` on the machine."


async def page(request: web.Request) -> web.Response:
    """All of them; `person` and `act` show the form that changes one."""
    return await _shown(request)


async def act(request: web.Request) -> web.StreamResponse:
    """Do one of the acts. Raises Problem for anything else."""
    asked = await request.post()
    what, name = word(asked, "act"), word(asked, "person")
    if what not in ACTS:
        raise wrong_field("act", f"one of {', '.join(ACTS)}", REFUSED)
    if what != "add" and not reason_of(asked.get("reason", "")):
        return await _shown(request, wrong=SAY_WHY, chosen=(name, what))
    if what in ("role", "disable") and name == request[PERSON].name:
        return await _shown(request, wrong=HIMSELF)
    nobody_before = not await people.known(request.app[PARTS].pool)
    try:
        await _do(request, what, name, asked)
    except NotSo as error:
        return await _shown(request, wrong=f"{error}.", chosen=(name, what))
    if nobody_before:
        raise web.HTTPSeeOther(f"/login?{urlencode({'as': name, 'next': '/settings/people'})}")
    raise web.HTTPSeeOther(f"/settings/people?done={what}#{name}")


async def _do(request: web.Request, what: str, name: str, asked: Form) -> None:
    parts, provider = request.app[PARTS], request.app[PARTS].oidc is not None
    pool, now = parts.pool, parts.clock.now()
    venues = [str(venue) for venue in asked.getall("venue", [])]
    if what == "add":
        who = Applicant(
            name=name,
            role=word(asked, "role"),
            venues=venues,
            password=str(asked.get("password", "")),
            email=word(asked, "email"),
            subject=word(asked, "subject"),
        )
        await enrolment.add(pool, who, now, provider=provider)
    elif what == "role":
        await enrolment.set_role(pool, name, word(asked, "role"), venues, provider=provider)
    elif what == "password":
        await enrolment.set_password(pool, name, str(asked.get("password", "")))
    else:
        since = now if what == "disable" else None
        await enrolment.set_disabled(pool, name, since, provider=provider)


def word(asked: Form, name: str) -> str:
    """What stands in a field of the form, without blanks around it."""
    return str(asked.get(name, "")).strip()


async def _shown(
    request: web.Request, *, wrong: str = "", chosen: tuple[str, str] | None = None
) -> web.Response:
    pool, asked = request.app[PARTS].pool, request.query
    name, what = chosen or (asked.get("person", ""), asked.get("act", ""))
    return show(
        request,
        "people.html",
        "settings",
        status=422 if wrong else 200,
        rows=await people.people(pool),
        venues=[venue.name for venue in await day.venues(pool, MOST_VENUES)],
        roles=ROLES,
        limited=LIMITED,
        chosen=name,
        act=what,
        wrong=wrong,
        done=asked.get("done", ""),
        longest=LONGEST_REASON,
        elsewhere=request.app[PARTS].oidc is not None,
        alone=not request.app[PARTS].api_tokens and not await people.known(pool),
    )
