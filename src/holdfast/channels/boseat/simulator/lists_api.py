"""The simulated list of bookings: pages, filters, orders, and rows that shift while a list is read."""

import json
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.gate import Gate, workspace_of
from holdfast.channels.boseat.simulator.records import Booking
from holdfast.simulation.control import Bench


class ListsApi:
    """https://docs.boseat.com/api-reference/bookings/list-all-bookings"""

    def __init__(self, gate: Gate, switches: Mapping[str, str], bench: Bench) -> None:
        self._gate = gate
        self._switches = switches
        self._random = bench.random
        self._lists = bench.lists
        self._shifted = False
        """Whether a row has been put before all others, to be taken away with the next shift."""

    def routes(self) -> list[web.RouteDef]:
        """The list alone."""
        return [web.get("/v1/bookings", self._list)]

    async def _list(self, request: web.Request) -> web.Response:
        workspace = workspace_of(request)
        page, limit = paging(request, workspace.books)
        if page > 1 and self._switches["page_shift"] == "on":
            self._shifted = not self._shifted
        rows = self._lists.told(self._ordered(self._wanted(request, workspace.books)))
        if self._shifted and rows:
            rows = [rows[0], *rows]
        return self._gate.answer(self._page(workspace.books, rows, page, limit))

    def _page(self, books: Books, rows: Sequence[Booking], page: int, limit: int) -> object:
        fault, total = self._switches["page_fault"], len(rows)
        start = (page - 1) * limit
        places = range(start, min(start + limit, total))
        if fault == "endless" and not places:
            places = range(min(limit, total))
        if fault == "empty_early" and page == max(1, total // limit):
            places = range(0)
        bodies = [self._body(books, rows, place) for place in places]
        if fault == "unreadable_row" and bodies:
            bodies[0] = {**bodies[0], "slot": {"from": "soon"}}
        return render.envelope(bodies, page, limit, total, self._switches)

    def _body(self, books: Books, rows: Sequence[Booking], place: int) -> render.Json:
        body = render.booking(rows[place], books, self._switches)
        return _ghost(body) if self._shifted and place == 0 else body

    def _wanted(self, request: web.Request, books: Books) -> list[Booking]:
        spaces = self._space_ids(request, books)
        customer = request.query.get("customerId")
        return [
            row
            for row in books.shown()
            if (spaces is None or row.space.id in spaces)
            and (customer is None or (row.customer and row.customer.id == customer))
        ]

    def _space_ids(self, request: web.Request, books: Books) -> list[str] | None:
        """The filter, if it is in the one style that is understood (C24)."""
        style, given = self._switches["space_ids_style"], _given(request)
        if not given:
            return None
        read = _READERS[style](given) if _fits(style, given) else None
        if read is None and self._switches["space_ids_other"] == "400":
            raise books.invalid("spaceIds", "is no list of ids")
        return None if read is None else [one.lower() for one in read]

    def _ordered(self, rows: list[Booking]) -> list[Booking]:
        order = self._switches["list_order"]
        if order == "created_desc":
            return rows[::-1]  # they come in order of their making
        if order == "random_stable":
            return sorted(rows, key=lambda row: row.id[::-1])
        if order == "random_each_call":
            self._random.shuffle(rows)
        return rows


def paging(request: web.Request, books: Books) -> tuple[int, int]:
    """Page and limit within their documented ranges. Raises ApiError."""
    try:
        page, limit = int(request.query.get("page", "1")), int(request.query.get("limit", "20"))
    except ValueError:
        raise books.invalid("page", "page and limit are numbers") from None
    if page < 1 or not 1 <= limit <= 100:
        raise books.invalid("limit", "page from 1, limit from 1 to 100")
    return page, limit


def _given(request: web.Request) -> list[tuple[str, str]]:
    return [(name, text) for name, text in request.query.items() if name.startswith("spaceIds")]


def _fits(style: str, given: Sequence[tuple[str, str]]) -> bool:
    bracketed = given[0][0] == "spaceIds[]"
    as_json = given[0][1].startswith("[")
    return {"brackets": bracketed, "json": as_json}.get(style, not bracketed and not as_json)


_READERS: Mapping[str, Callable[[Sequence[tuple[str, str]]], list[str]]] = {
    "comma": lambda given: given[0][1].split(","),
    "repeat": lambda given: [text for _, text in given],
    "brackets": lambda given: [text for _, text in given],
    "json": lambda given: [str(one) for one in json.loads(given[0][1])],
}


def _ghost(like: render.Json) -> render.Json:
    """A cancelled booking of long ago that comes and goes."""
    long_ago = {"from": "2020-01-01T09:00:00Z", "to": "2020-01-01T10:00:00Z"}
    return {**like, "id": "ghost", "status": "CANCEL", "slot": long_ago}
