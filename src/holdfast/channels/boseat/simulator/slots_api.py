"""The simulated slots, at both documented paths."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.gate import Gate, workspace_of
from holdfast.channels.boseat.simulator.records import ApiError
from holdfast.clock import Clock

USUAL_DAYS = 30
MOST_DAYS = 31
_INSTANT = TypeAdapter(datetime)


class SlotsApi:
    """https://docs.boseat.com/api-reference/bookings/get-available-booking-slots"""

    def __init__(self, gate: Gate, switches: Mapping[str, str], clock: Clock) -> None:
        self._gate = gate
        self._switches = switches
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Both paths (C7)."""
        return [
            web.get("/v1/bookings/slots", self._by_query),
            web.get("/v1/spaces/{space}/availability", self._by_path),
        ]

    async def _by_query(self, request: web.Request) -> web.Response:
        self._check_path("bookings_slots")
        books = workspace_of(request).books
        return self._free(request, books, _required(request, books, "spaceId"))

    async def _by_path(self, request: web.Request) -> web.Response:
        self._check_path("spaces_availability")
        return self._free(request, workspace_of(request).books, request.match_info["space"])

    def _check_path(self, path: str) -> None:
        if self._switches["availability_path"] not in (path, "both"):
            raise ApiError(404, "NOT_FOUND", "no such resource")

    def _free(self, request: web.Request, books: Books, space_id: str) -> web.Response:
        product = books.product(_required(request, books, "productId"))
        space = books.space(space_id)
        start = self._start(request, books)
        days = self._days(request, books, start)
        spans = books.free(space, product, start, start + timedelta(days=days))
        slots = [render.slot(span, self._switches) for span in spans]
        wrapped = self._switches["slots_wrapper"] == "data"
        return self._gate.answer({"data": slots} if wrapped else slots)

    def _start(self, request: web.Request, books: Books) -> datetime:
        text = request.query.get("from")
        return _instant(books, text) if text else self._clock.now()

    def _days(self, request: web.Request, books: Books, start: datetime) -> float:
        days = self._asked_days(request, books, start)
        if days < 1:
            raise books.invalid("to", "is a number of days from 1")
        if self._switches["slots_max_days"] == "none" or days <= MOST_DAYS:
            return days
        if self._switches["slots_max_days"] == "31_refused":
            raise books.invalid("to", f"at most {MOST_DAYS} days")
        return MOST_DAYS

    def _asked_days(self, request: web.Request, books: Books, start: datetime) -> float:
        text = request.query.get("to", str(USUAL_DAYS))
        if text.isdigit():
            return int(text)
        if self._switches["slots_to"] == "days":
            raise books.invalid("to", "is a number of days")
        return (_instant(books, text) - start) / timedelta(days=1)


def _required(request: web.Request, books: Books, name: str) -> str:
    value = request.query.get(name)
    if not value:
        raise books.invalid(name, "is required")
    return value


def _instant(books: Books, text: str) -> datetime:
    try:
        value = _INSTANT.validate_python(text)
    except ValidationError:
        raise books.invalid("from", "is no date-time") from None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
