"""`POST /hooks/{account}`: what providers send, answered after it is committed."""

import asyncio
import math
from collections.abc import Awaitable

import structlog
from aiohttp import hdrs, web

from holdfast.channel import Forged, Malformed, Stale, WebhookRefused
from holdfast.serving import Handle
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.sync.receive import Overloaded, UnknownAccount
from holdfast.web.acknowledged import acknowledged
from holdfast.web.failures import logged
from holdfast.web.guard import dress
from holdfast.web.intake import INTAKE, Refusal
from holdfast.web.outage import OUTAGE
from holdfast.web.parts import PARTS
from holdfast.web.problems import (
    INVALID,
    NOT_FOUND,
    UNAUTHENTICATED,
    Problem,
    as_json,
    unavailable,
)
from holdfast.web.refused import REFUSED

PREFIX = "/hooks/"
ROUTE = PREFIX + "{account}"
RETRY_SECONDS = 5

log = structlog.get_logger()


async def receive(request: web.Request) -> web.StreamResponse:
    """200 only once the delivery is stored; 503 asks the provider to send it again."""
    refusal = await _handed_in(request.app, request, request.match_info["account"])
    return as_json(refusal) if refusal else acknowledged(request)


def first(app: web.Application, otherwise: Handle) -> Handle:
    """Takes webhooks of known accounts past the router and all that only pages need; all else goes on.

    They are most of what comes. They are answered, guarded and counted as by `receive`.
    """
    known = app[PARTS].channels

    def handle(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        path, account = request.raw_path, request.raw_path[len(PREFIX) :]
        plain = request.method == hdrs.METH_POST and hdrs.EXPECT not in request.headers
        if plain and account in known and path.startswith(PREFIX):
            return _taken(app, request, account)
        return otherwise(request)

    return handle


async def _taken(
    app: web.Application, request: web.BaseRequest, account: str
) -> web.StreamResponse:
    clock = asyncio.get_running_loop().time
    started = clock()
    refusal = await _handed_in(app, request, account)
    if refusal is None:
        answer = acknowledged(request)
    else:
        answer = as_json(refusal)
        dress(request, answer)
    app[PARTS].metrics.answered(ROUTE, hdrs.METH_POST, answer.status, clock() - started)
    return answer


async def _handed_in(
    app: web.Application, request: web.BaseRequest, account: str
) -> Problem | None:
    """None: it is stored."""
    parts = app[PARTS]
    channel = parts.channels.get(account, "")
    clock = asyncio.get_running_loop().time
    started = clock()
    result, problem = "accepted", None
    try:
        await _take(app, request, account)
    except Refusal as refusal:
        result, problem = refusal.result, refusal.problem
        if channel:
            app[REFUSED].count(account, result)
    parts.metrics.webhook_ack_duration.of(channel=channel).observe(clock() - started)
    parts.metrics.webhook_requests.of(channel=channel, result=result).inc()
    return problem


async def _take(app: web.Application, request: web.BaseRequest, account: str) -> None:
    intake = app[INTAKE]
    body = await intake.take(request)
    try:
        await app[PARTS].receiver.accept(account, request.headers, body)
    except UnknownAccount as error:
        raise Refusal("unknown_account", Problem(NOT_FOUND, "No such account.")) from error
    except WebhookRefused as error:
        log.info("webhook_refused", account=account, why=type(error).__name__, detail=str(error))
        raise _refused(error) from error
    except Overloaded as error:
        seconds = max(1, math.ceil(error.retry_after))
        raise Refusal("overloaded", unavailable(seconds, "Too much at once.")) from error
    except DATABASE_FAILURES as error:
        app[OUTAGE].began(error)
        raise _not_stored() from error
    except Exception as error:
        logged(request)
        raise _not_stored() from error
    finally:
        intake.let_go(body)


def _refused(error: WebhookRefused) -> Refusal:
    """Forgers are not told what was wrong with their proof."""
    match error:
        case Stale():
            return Refusal("stale", Problem(UNAUTHENTICATED, "The signature is too old."))
        case Forged():
            return Refusal("forged", Problem(UNAUTHENTICATED, "This does not prove its origin."))
        case Malformed():
            return Refusal("malformed", Problem(INVALID, "This is no event of this channel."))
        case _:
            return Refusal("malformed", Problem(INVALID, "This is not taken."))


def _not_stored() -> Refusal:
    return Refusal("failed", unavailable(RETRY_SECONDS, "This was not stored; send it again."))
