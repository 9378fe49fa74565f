"""Who may ask what: the one place that every request passes, and no foreign page through a browser."""

from urllib.parse import urlencode, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from holdfast.store import people
from holdfast.web.identity import SAFE_METHODS, is_https, who
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import FORBIDDEN, UNAUTHENTICATED, Problem
from holdfast.web.rules import MACHINES, allow, rule_of

FOR_PROGRAMS = ("/api/", "/ui/", "/metrics", "/openapi.json")
"""Who asks here is told that he must sign in, and not led to where he could."""

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Server": "holdfast",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HTTPS_HEADERS = {**HEADERS, "Strict-Transport-Security": "max-age=31536000"}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Webhooks prove themselves and health has nothing to hide; all else is asked who it is, and may he."""
    if not request.path.startswith(MACHINES):
        refuse_foreign_pages(request)
    rule = rule_of(request)
    if rule.needs is not None:
        person = await who(request)
        if person is None:
            raise await _who_are_you(request)
        allow(request, rule, person)
        request[PERSON] = person
    return await handler(request)


async def still_admitted(request: web.Request) -> bool:
    """Whether who began this request may go on with it: what stays open for hours asks now and then."""
    try:
        person = await who(request)
        if person is not None:
            allow(request, rule_of(request), person)
    except Problem:
        return False
    return person is not None


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, errors included."""
    dress(request, response)


def dress(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """What a browser must know about every answer of ours."""
    response.headers.update(HTTPS_HEADERS if is_https(request) else HEADERS)
    cache = "no-cache" if request.raw_path.startswith("/static/") else "no-store"
    response.headers.setdefault("Cache-Control", cache)


def refuse_foreign_pages(request: web.Request) -> None:
    """A page from elsewhere must not act through the browser of somebody who may. Raises Problem."""
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        ours = site in {"same-origin", "none"}
    else:
        ours = origin is None or urlsplit(origin).netloc == request.host
    if not ours:
        raise Problem(FORBIDDEN, "This came from a page of another site. Ask from Holdfast's own.")


async def _who_are_you(request: web.Request) -> Exception:
    """A way to sign in; where nobody has a name, a browser is asked for a token."""
    if request.path.startswith(FOR_PROGRAMS):
        return _unauthenticated("Bearer", "Send `Authorization: Bearer` with a token.")
    if await people.can_sign_in(request.app[PARTS].pool):
        back = request.path_qs if request.method == "GET" else "/"
        return web.HTTPSeeOther(f"/login?{urlencode({'next': back})}")
    return _unauthenticated(
        'Basic realm="Holdfast", charset="UTF-8"',
        "Sign in with any name and, as password, one of the tokens in HOLDFAST_API_TOKENS.",
    )


def _unauthenticated(scheme: str, detail: str) -> Problem:
    return Problem(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": scheme})
