"""`POST /hooks/{account}`: what providers send, answered after it is committed."""

import math

import structlog
from aiohttp import web

from holdfast.channel import Forged, Malformed, Stale, WebhookRefused
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.sync.receive import Overloaded, UnknownAccount
from holdfast.web.failures import OUTAGE, logged
from holdfast.web.intake import INTAKE, Refusal
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

RETRY_SECONDS = 5

log = structlog.get_logger()


async def receive(request: web.Request) -> web.Response:
    """200 only once the delivery is stored; 503 asks the provider to send it again."""
    parts = request.app[PARTS]
    account = request.match_info["account"]
    channel = parts.channels.get(account, "")
    with parts.metrics.webhook_ack_duration.of(channel=channel).time():
        try:
            async with request.app[INTAKE].body(request) as body:
                await _accept(request, account, body)
        except Refusal as refusal:
            parts.metrics.webhook_requests.of(channel=channel, result=refusal.result).inc()
            if channel:
                request.app[REFUSED].count(account, refusal.result)
            return as_json(refusal.problem)
    parts.metrics.webhook_requests.of(channel=channel, result="accepted").inc()
    return web.Response(body=b"{}", content_type="application/json")


async def _accept(request: web.Request, account: str, body: bytes) -> None:
    try:
        await request.app[PARTS].receiver.accept(account, request.headers, body)
    except UnknownAccount as error:
        raise Refusal("unknown_account", Problem(NOT_FOUND, "No such account.")) from error
    except WebhookRefused as error:
        log.info("webhook_refused", account=account, why=type(error).__name__, detail=str(error))
        raise _refused(error) from error
    except Overloaded as error:
        seconds = max(1, math.ceil(error.retry_after))
        raise Refusal("overloaded", unavailable(seconds, "Too much at once.")) from error
    except DATABASE_FAILURES as error:
        request.app[OUTAGE].began(error)
        raise _not_stored() from error
    except Exception as error:
        logged(request)
        raise _not_stored() from error


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
