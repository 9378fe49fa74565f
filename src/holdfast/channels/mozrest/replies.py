"""Mozrest's replies as wire models, or as the failure that says what to do next. No I/O.

Error bodies are documented nowhere, so only the status decides:
https://bc-api.mozrest.com/api-basics and section "Errors" of https://github.com/mozrest/api-doc-rp
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from holdfast import lenient
from holdfast.channel import (
    Broken,
    ChannelError,
    Gone,
    Limited,
    NotSent,
    Rejected,
    Strange,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.channels.mozrest import wire
from holdfast.channels.mozrest.translate import is_lost, status_of
from holdfast.exchange import BudgetSpent, Reply, TransportError
from holdfast.inventory.model import OCCUPYING
from holdfast.told import fields_of, id_in

Model = TypeVar("Model", bound=BaseModel)

RAW_LENGTH = 2000
RETRY_DEFAULT, RETRY_LEAST, RETRY_MOST = 5.0, 1.0, 3600.0

ACCOUNT_READS = frozenset({"venues", "areas", "offers", "scan", "find"})
"""A 403 on these is about the key; on a single hold or booking it is about that one only."""

WRITES = frozenset({"hold", "commit", "move", "cancel", "booking_request"})


def lost(operation: str, error: TransportError) -> ChannelError:
    """The failure when no usable answer came: it depends on whether the request left us."""
    if isinstance(error, BudgetSpent):
        return Limited(str(error), retry_after=error.retry_after)
    text = f"mozrest {operation}: {error}"
    if not error.sent or operation not in WRITES:
        return NotSent(text, status=error.status)
    if error.status is not None and 400 <= error.status < 500:
        return _refusal(operation, error.status, "")
    return Unknown(text, status=error.status)


def ensure_success(operation: str, reply: Reply, now: datetime) -> None:
    """Raises what a status other than 2xx means; `now` turns a Retry-After date into seconds."""
    if 200 <= reply.status < 300:
        return
    if reply.status == 429:
        raise Limited(
            f"mozrest {operation}: too many calls",
            retry_after=retry_after(reply.headers.get("retry-after"), now),
            status=reply.status,
        )
    if 400 <= reply.status < 500 and not (reply.status in (404, 410) and _is_web_page(reply)):
        raise _refusal(operation, reply.status, _raw(reply))
    raise _fault(operation, reply)


def _is_web_page(reply: Reply) -> bool:
    """It comes from some other server on the way, and says nothing about what is there."""
    kind = reply.headers.get("content-type", "")
    return "html" in kind.lower() or reply.body.lstrip()[:1] == b"<"


def _refusal(operation: str, status: int, raw: str) -> ChannelError:
    text = f"mozrest {operation}: refused with {status}"
    kind = _meaning(operation, status)
    return kind(text, status=status, raw=raw)


def _meaning(operation: str, status: int) -> type[ChannelError]:
    if status == 401 or (status == 403 and operation in ACCOUNT_READS):
        return Unauthorised
    if status in (408, 425):
        return Unknown if operation in WRITES else NotSent
    if status in (404, 410) or (status == 402 and operation == "commit"):
        return Rejected if operation in ACCOUNT_READS else Gone
    if status in (402, 409) and operation in ("hold", "move", "booking_request"):
        return Taken
    return Rejected


def _fault(operation: str, reply: Reply) -> ChannelError:
    text = f"mozrest {operation}: answered {reply.status}"
    if operation in WRITES:
        return Unknown(text, status=reply.status, raw=_raw(reply))
    kind = NotSent if reply.status >= 500 else Broken
    return kind(text, status=reply.status, raw=_raw(reply))


def retry_after(header: str | None, now: datetime) -> float:
    """Seconds to wait by a Retry-After of either form, between one second and one hour."""
    return min(RETRY_MOST, max(RETRY_LEAST, _announced_pause(header or "", now)))


def _announced_pause(header: str, now: datetime) -> float:
    try:
        return float(header)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(header) - now).total_seconds()
    except (ValueError, TypeError):
        return RETRY_DEFAULT


def read(model: type[Model], operation: str, reply: Reply, now: datetime) -> Model:
    """The reply as `model`. Raises what its status means; Broken, or after a write Unknown, for a
    success whose body cannot be read."""
    ensure_success(operation, reply, now)
    try:
        found = lenient.read(model, _json(reply))
        lost = ", ".join(found.unread) if isinstance(found, wire.Booking) and is_lost(found) else ""
    except ValueError as error:
        lost = _where(error)
    else:
        if not lost:
            return found
    kind = Unknown if operation in WRITES else Broken
    text = f"mozrest {operation}: unreadable answer ({lost})"
    raise kind(text, status=reply.status, raw=_raw(reply))


def _json(reply: Reply) -> object:
    try:
        content: object = json.loads(reply.body)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return content


def _where(error: ValueError) -> str:
    """Names fields only: the values may be a guest's."""
    if isinstance(error, ValidationError):
        return ", ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors()}))
    return "no JSON"


def _raw(reply: Reply) -> str:
    return reply.body[:RAW_LENGTH].decode(errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPage:
    """One page of the booking list. `rows` counts unreadable ones too, for paging goes by it."""

    bookings: Sequence[wire.Booking]
    rows: int
    total: int | None
    strange: Sequence[Strange] = ()

    @property
    def whole(self) -> bool:
        """Whether every row of it could be read."""
        return len(self.bookings) == self.rows


def read_bookings(operation: str, reply: Reply, now: datetime) -> BookingPage:
    """A page of GET /booking; one unreadable row does not lose the others."""
    page = read(wire.Rows, operation, reply, now)
    rows = [_row(row) for row in page.data]
    return BookingPage(
        bookings=[row for row in rows if isinstance(row, wire.Booking)],
        rows=len(page.data),
        total=page.total,
        strange=[row for row in rows if isinstance(row, Strange)],
    )


def _row(row: object) -> wire.Booking | Strange:
    try:
        booking = lenient.read(wire.Booking, row)
    except ValidationError as error:
        fields = fields_of(each["loc"] for each in error.errors())
    else:
        if not is_lost(booking):
            return booking
        fields = ", ".join(booking.unread)
    return Strange(ref=id_in(row), raw=json.dumps(row)[:RAW_LENGTH], fields=fields)


def read_areas(reply: Reply, now: datetime) -> Sequence[wire.Area]:
    """GET /areas answers a bare array; the usual envelope is tolerated."""
    return read(wire.Areas, "areas", reply, now).root


def read_venues(reply: Reply, now: datetime) -> Sequence[wire.Venue]:
    """One page of GET /venues."""
    return read(wire.Venues, "venues", reply, now).data


def ensure_cancelled(reply: Reply, now: datetime) -> None:
    """Returns once the cancelling is certain; raises Unknown for a success that does not show it.

    A 204 is taken at its word. Else the booking must come back, and not as one that is still on.
    """
    ensure_success("cancel", reply, now)
    if reply.status == 204:
        return
    booking = read(wire.Booking, "cancel", reply, now)
    told = booking.status is not None or "status" in booking.unread
    if told and status_of(booking)[0] in OCCUPYING:
        raise Unknown("mozrest cancel: answered with a booking that is still on", raw=_raw(reply))
