"""Who asks: by a session's cookie, by a token, or for being on this machine while nobody is known."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import SecretStr

from holdfast.address import is_loopback
from holdfast.passwords import digest_of
from holdfast.roles import SCOPES
from holdfast.store import people
from holdfast.store.people import LASTS, SignedIn
from holdfast.web.parts import PARTS
from holdfast.web.people import OPERATOR, Person
from holdfast.web.problems import FORBIDDEN, Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
COOKIE = "holdfast"


async def who(request: web.Request) -> Person | None:
    """None: he must say so first. Raises Problem where nobody is known and the peer is not this machine."""
    parts = request.app[PARTS]
    shown = shown_token(request, basic=not request.path.startswith("/api/"))
    found = await _of_token(request, shown) if shown else None
    # a browser goes on showing the token that it was once asked for, long after that holds no more
    found = found or _of_session(await session(request))
    if found or parts.api_tokens or await people.known(parts.pool):
        return found
    if is_this_machine(request):
        return OPERATOR
    raise Problem(
        FORBIDDEN,
        "While it knows nobody, Holdfast answers only requests made on the machine that it runs on, to"
        " localhost. To let others in, run `holdfast user add NAME --role admin` or set HOLDFAST_API_TOKENS.",
    )


async def session(request: web.Request) -> SignedIn | None:
    """That of the browser. One that changes something and does not say from where is no browser."""
    spoken = "Sec-Fetch-Site" in request.headers or "Origin" in request.headers
    shown = request.cookies.get(cookie_name(request, COOKIE), "")
    if not shown or not (spoken or request.method in SAFE_METHODS):
        return None
    parts = request.app[PARTS]
    return await people.session(parts.pool, digest_of(shown), parts.clock.now())


def _of_session(found: SignedIn | None) -> Person | None:
    if found is None:
        return None
    return Person(
        name=found.name,
        role=found.role,
        venues=None if found.venues is None else frozenset(found.venues),
        id=found.id,
        session=found.session,
    )


async def _of_token(request: web.Request, shown: str) -> Person | None:
    parts = request.app[PARTS]
    if is_one_of(shown, parts.api_tokens):
        return OPERATOR
    found = await people.token(parts.pool, digest_of(shown), parts.clock.now())
    if found is None:
        return None
    venues = None if found.venues is None else frozenset(found.venues)
    return Person(name=f"token:{found.name}", role=SCOPES[found.scope], venues=venues)


async def sign_in(request: web.Request, answer: web.StreamResponse, person_id: int) -> None:
    """A new session for him, whatever the browser had before."""
    parts, shown = request.app[PARTS], secrets.token_urlsafe(32)
    before = await session(request)
    if before is not None:
        await people.end_session(parts.pool, before.session, before.id)
    await people.open_session(parts.pool, person_id, digest_of(shown), parts.clock.now())
    set_cookie(request, answer, COOKIE, shown, LASTS)


def set_cookie(
    request: web.Request, answer: web.StreamResponse, name: str, value: str, lasts: timedelta
) -> None:
    """One that only this server gets back, and no script sees."""
    answer.set_cookie(
        cookie_name(request, name),
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        secure=is_https(request),
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(request: web.Request, answer: web.StreamResponse, name: str) -> None:
    """The browser forgets it."""
    answer.del_cookie(cookie_name(request, name), path="/", secure=is_https(request), httponly=True)


def cookie_name(request: web.Request, name: str) -> str:
    """With the prefix that keeps other hosts from planting one, where browsers allow it: on https."""
    return f"__Host-{name}" if is_https(request) else name


def is_https(request: web.BaseRequest) -> bool:
    """As the browser sees it, through whatever proxy."""
    return "https" in (request.scheme, request.headers.get("X-Forwarded-Proto"))


def shown_token(request: web.Request, *, basic: bool) -> str:
    """The bearer token, or where `basic` is accepted its password; empty for none."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic" and basic:
        return _password(credentials)
    return ""


def _password(credentials: str) -> str:
    try:
        pair = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2]


def is_one_of(shown: str, tokens: Sequence[SecretStr]) -> bool:
    """In the same time whichever it is: every token is compared, as digests of one length."""
    given = digest_of(shown)
    matches = [hmac.compare_digest(given, digest_of(token.get_secret_value())) for token in tokens]
    return any(matches)


def is_this_machine(request: web.Request) -> bool:
    """Peer and name asked for are both loopback, and nobody passed the request on.

    The name matters: a foreign page can give its own name our address (DNS rebinding). So do the
    forwarding headers: behind a proxy on this machine every peer is loopback.
    """
    forwarded = any(name in request.headers for name in FORWARDED)
    return not forwarded and is_loopback(request.remote) and is_named_loopback(request)


def is_named_loopback(request: web.Request) -> bool:
    """Whether the browser calls us by a name of its own machine."""
    return is_loopback(_host_name(request.host))


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
