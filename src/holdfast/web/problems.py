"""Everything that is not a success, as RFC 9457 problems: what, why, and which field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel, ValidationError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem; its title is the same every time."""

    slug: str
    status: int
    title: str


INVALID = Kind("invalid", 400, "The request cannot be understood")
UNAUTHENTICATED = Kind("unauthenticated", 401, "A token is needed")
FORBIDDEN = Kind("forbidden", 403, "Not allowed from here")
ROLE = Kind("role", 403, "Your role does not allow this")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
METHOD = Kind("method-not-allowed", 405, "This is not done here")
STALE = Kind("stale", 409, "Something else was decided meanwhile")
MISTAKEN = Kind("not-as-expected", 409, "This number stands for something else")
SLOW = Kind("too-slow", 408, "The body took too long to arrive")
TOO_LARGE = Kind("too-large", 413, "The body is too large")
NOT_JSON = Kind("not-json", 415, "The body must be JSON")
PACKED = Kind("compressed", 415, "The body must not be compressed")
REFUSED = Kind("refused", 422, "This cannot be done")
FAILED = Kind("failed", 500, "Something went wrong on our side")
UNAVAILABLE = Kind("unavailable", 503, "Try again in a moment")

BY_STATUS = {
    kind.status: kind
    for kind in (
        INVALID,
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        METHOD,
        SLOW,
        STALE,
        TOO_LARGE,
        NOT_JSON,
        REFUSED,
    )
}


class FieldError(BaseModel):
    """One field that is not as expected."""

    field: str
    expected: str


class ProblemBody(BaseModel):
    """A problem as it is sent; `errors` names the fields concerned."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    id: str | None = None
    """Finds the line in our log."""


class Problem(Exception):
    """Ends a request with this answer. `detail` says why and what next; it holds no personal data."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def body(self, error_id: str | None = None) -> ProblemBody:
        """What is sent; the id is of the log line, where there is one."""
        return ProblemBody(
            type=f"urn:holdfast:problem:{self.kind.slug}",
            title=self.kind.title,
            status=self.kind.status,
            detail=self.detail,
            errors=list(self.errors),
            id=error_id,
        )


def wrong_field(field: str, expected: str, kind: Kind = INVALID) -> Problem:
    """A problem with one field."""
    return Problem(kind, f"{field}: {expected}", [FieldError(field=field, expected=expected)])


def expected(ref: str, refs: Sequence[str], what: str) -> None:
    """Raises Problem where `what`, which goes by a number, is not about the booking that is expected."""
    if ref not in refs:
        expectation = "expected the reference of a booking that it is about"
        error = FieldError(field="expect_ref", expected=expectation)
        raise Problem(
            MISTAKEN, f"{what} is not about {ref}: look for it by its reference.", [error]
        )


def wrong_fields(error: ValidationError, kind: Kind) -> Problem:
    """All that pydantic objects to, without the values that were sent."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    errors = [
        FieldError(field=".".join(str(part) for part in each["loc"]), expected=each["msg"])
        for each in found
    ]
    detail = "; ".join(f"{each.field}: {each.expected}" for each in errors)
    return Problem(kind, detail, errors)


def unavailable(seconds: int, detail: str) -> Problem:
    """Try again after that many seconds."""
    return Problem(UNAVAILABLE, detail, headers={"Retry-After": str(seconds)})


def from_http(error: web.HTTPException) -> Problem:
    """What aiohttp itself refused: no such path, method not allowed, body too large."""
    kind = BY_STATUS.get(error.status, Kind("refused", error.status, error.reason))
    allowed = error.headers.get("Allow")
    return Problem(kind, error.reason, headers={"Allow": allowed} if allowed else None)


def as_json(problem: Problem, error_id: str | None = None) -> web.Response:
    """The answer for programs."""
    return web.Response(
        text=problem.body(error_id).model_dump_json(exclude_none=True),
        status=problem.kind.status,
        content_type="application/problem+json",
        headers=problem.headers,
    )
