"""What an answer that is no success means, by what the caller does next. No I/O.

https://docs.boseat.com/getting-started/errors
"""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from holdfast.channel import (
    Broken,
    ChannelError,
    Gone,
    Limited,
    NotSent,
    Rejected,
    Unauthorised,
    Unknown,
)
from holdfast.channels.boseat.wire import ErrorBody
from holdfast.exchange import BudgetSpent, Reply, Request, TransportError
from holdfast.lenient import read

Model = TypeVar("Model", bound=BaseModel)

SHORTEST_WAIT, USUAL_WAIT, LONGEST_WAIT = 1.0, 5.0, 3600.0
RAW_CHARACTERS = 2000
_SAFE = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")


def unanswered(request: Request, error: TransportError, now: datetime) -> ChannelError:
    """The failure for a request without a usable answer."""
    if isinstance(error, BudgetSpent):
        return Limited(f"{request.operation}: {error}", retry_after=error.retry_after)
    if error.status is not None and error.status >= 400:
        return refusal(request, Reply(status=error.status, headers={}, body=b""), now)
    if error.sent and _writes(request):
        return Unknown(str(error), status=error.status)
    return NotSent(str(error), status=error.status)


def refusal(request: Request, reply: Reply, now: datetime) -> ChannelError:
    """The failure for a reply that is no success. `now` is for a Retry-After that is a date."""
    text, status = f"{request.operation}: {_described(reply)}", reply.status
    if status == 429:
        wait = retry_after(reply.headers.get("retry-after"), now)
        return Limited(text, retry_after=wait, status=status)
    if status in (401, 403):
        return Unauthorised(text, status=status, raw=excerpt(reply))
    if status < 400 or status == 408 or status >= 500:
        return _doubtful(request, reply, text)
    return _refused(request, reply, text)


def _doubtful(request: Request, reply: Reply, text: str) -> ChannelError:
    if _writes(request):
        return Unknown(text, status=reply.status, raw=excerpt(reply))
    failure = Broken if reply.status < 400 else NotSent
    return failure(text, status=reply.status, raw=excerpt(reply))


def _refused(request: Request, reply: Reply, text: str) -> ChannelError:
    if reply.status not in (404, 410):
        return Rejected(text, status=reply.status, raw=excerpt(reply))
    if not _is_web_page(reply):
        return Gone(text, status=reply.status, raw=excerpt(reply))
    # A web page comes from some other server on the way; it says nothing about the booking.
    failure = Rejected if _writes(request) else Broken
    return failure(f"{text}, a web page", status=reply.status, raw=excerpt(reply))


def retry_after(value: str | None, now: datetime) -> float:
    """Seconds to wait, from a number of seconds or an HTTP date; always sensible."""
    if value is None:
        return USUAL_WAIT
    if re.fullmatch(r"\s*\d{1,12}(\.\d+)?\s*", value):
        return min(LONGEST_WAIT, max(SHORTEST_WAIT, float(value)))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return USUAL_WAIT
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(LONGEST_WAIT, max(SHORTEST_WAIT, (until - now).total_seconds()))


def json_of(request: Request, reply: Reply) -> Any:
    """The reply's JSON. Raises Unknown after a write, else Broken, when there is none."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise unreadable(request, reply) from error


def model_of(model: type[Model], request: Request, reply: Reply) -> Model:
    """The reply as this model. Raises Unknown after a write, else Broken, when it is none."""
    body = json_of(request, reply)
    try:
        return read(model, body)
    except ValidationError as error:
        raise unreadable(request, reply) from error


def unreadable(request: Request, reply: Reply) -> ChannelError:
    """The failure for a success that cannot be read: a write has then been done, its result unknown."""
    failure = Unknown if _writes(request) else Broken
    text = f"{request.operation}: answer {reply.status} cannot be read"
    return failure(text, status=reply.status, raw=excerpt(reply))


def excerpt(reply: Reply) -> str:
    """The beginning of an answer, for the attempt's record."""
    return reply.body[:RAW_CHARACTERS].decode("utf-8", "replace")


def _writes(request: Request) -> bool:
    return request.method != "GET"


def _is_web_page(reply: Reply) -> bool:
    kind = reply.headers.get("content-type", "")
    return "html" in kind.lower() or reply.body.lstrip()[:1] == b"<"


def _described(reply: Reply) -> str:
    """Status, code, field names and correlation id. Never the message: it may quote a guest's data."""
    try:
        body = ErrorBody.model_validate_json(reply.body)
    except ValidationError:
        return f"answer {reply.status}"
    words = [body.code, *(detail.field for detail in body.details), body.correlation_id]
    safe = [word for word in words if word and _SAFE.fullmatch(word)]
    return " ".join([f"answer {reply.status}", *safe])
