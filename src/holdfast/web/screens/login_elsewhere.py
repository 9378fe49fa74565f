"""`/login/oidc`: there by a link, and back with a code; in only if the account belongs to somebody here."""

import base64
import binascii
import hmac
import secrets
from datetime import timedelta

import structlog
from aiohttp import web

from holdfast.store import people
from holdfast.store.people import Entrant
from holdfast.web.identity import cookie_name, drop_cookie, set_cookie
from holdfast.web.oidc import Identity, NotBelieved, Round
from holdfast.web.parts import PARTS
from holdfast.web.problems import NOT_FOUND, ROLE, UNAUTHENTICATED, Problem
from holdfast.web.provider import PROVIDER, Provider
from holdfast.web.screens.login import entered, own_path, refuse_clear

COOKIE = "holdfast-round"
LASTS = timedelta(minutes=10)

log = structlog.get_logger()


async def begin(request: web.Request) -> web.StreamResponse:
    """Off to the provider. Raises Problem where there is none."""
    refuse_clear(request)
    provider, going = _provider(request), Round(secrets.token_urlsafe(32))
    following = own_path(request.query.get("next", ""))
    try:
        answer = web.HTTPSeeOther(await provider.leads_to(going))
    except NotBelieved as error:
        raise _refused(error) from error
    kept = base64.urlsafe_b64encode(following.encode()).decode().rstrip("=")
    set_cookie(request, answer, COOKIE, f"{going.secret}.{kept}", LASTS)
    raise answer


async def finish(request: web.Request) -> web.StreamResponse:
    """Back from the provider, and in. Raises Problem where that proves nothing, or is nobody of ours."""
    refuse_clear(request)
    provider = _provider(request)
    going, following = _remembered(request)
    try:
        code = _code(request, going)
        found = await _belongs_to(request, await provider.redeem(code, going))
    except NotBelieved as error:
        raise _refused(error) from error
    answer = await entered(request, found, following)
    drop_cookie(request, answer, COOKIE)
    raise answer


def _provider(request: web.Request) -> Provider:
    if PROVIDER not in request.app:
        raise Problem(NOT_FOUND, "No OpenID provider is set.")
    return request.app[PROVIDER]


def _remembered(request: web.Request) -> tuple[Round, str]:
    secret, _, kept = request.cookies.get(cookie_name(request, COOKIE), "").partition(".")
    try:
        following = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4)).decode()
    except (binascii.Error, ValueError):
        following = ""
    return Round(secret), own_path(following)


def _code(request: web.Request, going: Round) -> str:
    asked = request.query
    ours = hmac.compare_digest(asked.get("state", "").encode(), going.state.encode())
    if not going.secret or not ours:
        raise NotBelieved("it answers another sign-in than the last one of this browser")
    if "error" in asked or not asked.get("code"):
        raise NotBelieved("it did not let you in")
    return asked["code"]


async def _belongs_to(request: web.Request, identity: Identity) -> Entrant:
    pool = request.app[PARTS].pool
    found = await people.by_identity(pool, identity.subject, identity.email)
    if found is None or found.disabled_at is not None:
        log.info("sign_in_refused", why="nobody of ours")
        raise Problem(
            ROLE,
            "Your account there belongs to nobody who is let in here. An admin lets you in by its"
            " verified e-mail or its `sub`: `holdfast user add NAME --role ... --email ...`.",
        )
    if found.subject is None:
        await people.bind(pool, found.id, identity.subject)
    return found


def _refused(error: NotBelieved) -> Problem:
    log.info("sign_in_refused", why=str(error))
    return Problem(UNAUTHENTICATED, f"The provider cannot be believed: {error}. Sign in again.")
