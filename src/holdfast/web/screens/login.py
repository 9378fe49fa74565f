"""`/login` and `/logout`: by name and password, or at the OpenID provider; works without JavaScript."""

import math
from urllib.parse import urlsplit

from aiohttp import web

from holdfast.roles import usable
from holdfast.store import actions, people
from holdfast.store.actions import Deed, Outcome
from holdfast.store.people import Entrant
from holdfast.web.door import DOOR
from holdfast.web.identity import (
    COOKIE,
    drop_cookie,
    is_https,
    is_named_loopback,
    session,
    sign_in,
    who,
)
from holdfast.web.parts import PARTS
from holdfast.web.problems import FORBIDDEN, Problem
from holdfast.web.screens.screen import show

LONGEST_PATH = 1000
WRONG = "Name or password is wrong."


async def page(request: web.Request) -> web.StreamResponse:
    """The form; whoever is let in already goes on."""
    following = own_path(request.query.get("next", ""))
    if await who(request) is not None:
        raise web.HTTPSeeOther(following)
    added = request.query.get("as", "")
    return _shown(request, following, name=added if usable(added) else "", added=usable(added))


async def enter(request: web.Request) -> web.StreamResponse:
    """Sign in, and go on to where one wanted to be. Raises Problem where passwords would travel in clear."""
    refuse_clear(request)
    asked = await request.post()
    following = own_path(str(asked.get("next", "")))
    name, password = str(asked.get("name", "")).strip().lower(), str(asked.get("password", ""))
    door, now = request.app[DOOR], request.app[PARTS].clock.now()
    key = (name[:100], request.remote or "")
    wait = math.ceil(door.tries.wait(key, now).total_seconds())
    if wait:
        return _wait(request, following, name, wait)
    door.tries.count(key, now)
    found = await people.by_name(request.app[PARTS].pool, name)
    right = await door.opens(password, found.password if found else None)
    if found is None or not right or found.disabled_at is not None:
        await _told(request, found, "refused")
        return _shown(request, following, wrong=WRONG, name=name, status=401)
    door.tries.right(key)
    raise await entered(request, found, following)


async def entered(request: web.Request, found: Entrant, following: str) -> web.HTTPSeeOther:
    """He has shown who he is: a new session, and on to where he wanted to be."""
    answer = web.HTTPSeeOther(following)
    await _told(request, found, "ok")
    await sign_in(request, answer, found.id)
    return answer


async def leave(request: web.Request) -> web.StreamResponse:
    """Sign out; the session is over, also for whoever copied its cookie."""
    found = await session(request)
    if found is not None:
        await people.end_session(request.app[PARTS].pool, found.session, found.id)
    answer = web.HTTPSeeOther("/login")
    drop_cookie(request, answer, COOKIE)
    raise answer


def own_path(text: str) -> str:
    """A path of ours that was asked for, else the first page: nobody is sent to another site."""
    plain = text.isascii() and text.isprintable() and len(text) <= LONGEST_PATH
    if not plain or not text.startswith("/") or text[1:2] in {"/", "\\"}:
        return "/"
    found = urlsplit(text)
    led = found.path.startswith(("/login", "/logout"))
    return "/" if found.scheme or found.netloc or led else text


def refuse_clear(request: web.Request) -> None:
    """Raises Problem unless it came by https, or from a browser on this machine."""
    if not is_https(request) and not is_named_loopback(request):
        raise Problem(
            FORBIDDEN,
            "Passwords are taken over https only. A proxy in front must say so with X-Forwarded-Proto: https.",
        )


async def _told(request: web.Request, found: Entrant | None, outcome: Outcome) -> None:
    """On record, if it is somebody's name: another text may be a password in the wrong field."""
    if found is None:
        return
    parts = request.app[PARTS]
    deed = Deed(who=found.name, via="page", what="sign_in", object=request.path)
    number = await actions.begin(parts.pool, deed, parts.clock.now())
    await actions.end(parts.pool, number, outcome)


def _wait(request: web.Request, following: str, name: str, seconds: int) -> web.Response:
    wrong = f"Too many tries: wait {seconds} seconds before the next."
    answer = _shown(request, following, wrong=wrong, name=name, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _shown(
    request: web.Request,
    following: str,
    *,
    wrong: str = "",
    name: str = "",
    status: int = 200,
    added: bool = False,
) -> web.Response:
    """`added`: the person of this name was just added as the first one."""
    oidc = request.app[PARTS].oidc
    return show(
        request,
        "login.html",
        "settings",
        status=status,
        following=following,
        wrong=wrong,
        added=added,
        name=name if len(name) <= LONGEST_PATH else "",
        elsewhere=urlsplit(oidc.issuer).hostname if oidc else "",
    )
