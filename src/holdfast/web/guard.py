"""Who may ask: tokens, this machine only where there are none, and no foreign page through a browser."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import SecretStr

from holdfast.web.parts import PARTS
from holdfast.web.people import OPERATOR, PERSON
from holdfast.web.problems import FORBIDDEN, UNAUTHENTICATED, Problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")

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


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Webhooks prove themselves and health has nothing to hide; all else is asked who it is."""
    if not is_open(request.path):
        refuse_foreign_pages(request)
        admit(request, request.app[PARTS].api_tokens)
        request[PERSON] = OPERATOR
    return await handler(request)


async def still_admitted(request: web.Request) -> bool:
    """Whether who began this request may go on with it: what stays open for hours asks now and then."""
    try:
        admit(request, request.app[PARTS].api_tokens)
    except Problem:
        return False
    return True


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, errors included."""
    response.headers.update(HEADERS)
    cache = "no-cache" if request.path.startswith("/static/") else "no-store"
    response.headers.setdefault("Cache-Control", cache)
    if "https" in (request.scheme, request.headers.get("X-Forwarded-Proto")):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


def is_open(path: str) -> bool:
    """Whether anybody may ask."""
    return path.startswith("/hooks/") or path in {"/healthz", "/readyz"}


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


def admit(request: web.Request, tokens: Sequence[SecretStr]) -> None:
    """Raises Problem unless a token was shown, or none is set and the peer is this machine."""
    programs_only = request.path.startswith("/api/")
    if tokens and not is_one_of(shown_token(request, basic=not programs_only), tokens):
        raise _who_are_you(programs_only)
    if not tokens and not is_this_machine(request):
        raise Problem(
            FORBIDDEN,
            "Without tokens, Holdfast answers only requests made on the machine that it runs on, to "
            "localhost. Set HOLDFAST_API_TOKENS to let others in.",
        )


def _who_are_you(programs_only: bool) -> Problem:
    if programs_only:
        scheme, how = "Bearer", "Send `Authorization: Bearer` with"
    else:
        scheme, how = (
            'Basic realm="Holdfast", charset="UTF-8"',
            "Sign in with any name and, as password,",
        )
    detail = f"{how} one of the tokens in HOLDFAST_API_TOKENS."
    return Problem(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": scheme})


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
    digest = _digest(shown)
    matches = [hmac.compare_digest(digest, _digest(token.get_secret_value())) for token in tokens]
    return any(matches)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def is_this_machine(request: web.Request) -> bool:
    """Peer and name asked for are both loopback, and nobody passed the request on.

    The name matters: a foreign page can give its own name our address (DNS rebinding). So do the
    forwarding headers: behind a proxy on this machine every peer is loopback.
    """
    forwarded = any(name in request.headers for name in FORWARDED)
    return not forwarded and is_loopback(request.remote) and is_loopback(_host_name(request.host))


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_loopback(name: str | None) -> bool:
    """Whether an address or host name is this machine's own."""
    if name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
