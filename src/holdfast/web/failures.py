"""Turns whatever goes wrong in a request into an answer: a problem for programs, a page for people."""

import errno
import secrets
from collections.abc import Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.web.outage import OUTAGE, State
from holdfast.web.pages import PAGES
from holdfast.web.problems import FAILED, NOT_FOUND, Problem, as_json, from_http, unavailable

log = structlog.get_logger()

NOT_NOW: Mapping[State, str] = {
    "slow": "The database is slow just now.",
    "down": "The database does not answer just now.",
}


@web.middleware
async def failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Nothing internal reaches the client, and nothing that failed is answered with a success."""
    try:
        return await handler(request)
    except Problem as problem:
        return answer(request, problem)
    except web.HTTPException as error:
        return _refusal(request, error)
    except DATABASE_FAILURES as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:  # of a static file
            return answer(request, Problem(NOT_FOUND, "Not Found"))
        state = request.app[OUTAGE].began(error)
        return answer(request, unavailable(5, NOT_NOW[state]))
    except Exception:
        return answer(
            request, Problem(FAILED, "Look for the id in Holdfast's log."), logged(request)
        )


def logged(request: web.BaseRequest) -> str:
    """Log the exception being handled; the id under which it is found."""
    error_id = secrets.token_hex(6)
    log.exception("request_failed", error_id=error_id, method=request.method, path=request.path)
    return error_id


def _refusal(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:
        raise error
    return answer(request, from_http(error))


def answer(request: web.Request, problem: Problem, error_id: str | None = None) -> web.Response:
    """A page if a browser asked for one of ours, else problem+json."""
    if not _is_for_a_person(request):
        return as_json(problem, error_id)
    page = request.app[PAGES].get_template("problem.html").render(problem=problem.body(error_id))
    return web.Response(
        text=page, status=problem.kind.status, content_type="text/html", headers=problem.headers
    )


def _is_for_a_person(request: web.Request) -> bool:
    for_programs = request.path.startswith(("/api/", "/hooks/"))
    return not for_programs and "text/html" in request.headers.get("Accept", "")
