"""The routes below /v1/bc of a simulated Mozrest: parameters in, JSON or a refusal out."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from aiohttp import web

from holdfast.channels.mozrest.simulator.bookings import Bookings
from holdfast.channels.mozrest.simulator.books import Entry
from holdfast.channels.mozrest.simulator.desk import Caller, Desk, Wish
from holdfast.channels.mozrest.simulator.faces import Faces
from holdfast.channels.mozrest.simulator.gate import Gate
from holdfast.channels.mozrest.simulator.hooks import Hooks
from holdfast.channels.mozrest.simulator.slots import Question, Slots
from holdfast.channels.mozrest.simulator.state import No, State
from holdfast.channels.mozrest.simulator.world import Area, Venue

Act = Callable[[web.Request, Caller], Awaitable[web.Response]]
Handler = Callable[[web.Request], Awaitable[web.Response]]
Body = dict[str, object]


class Api:
    """https://bc-api.mozrest.com as far as it is documented, and as far as the switches stretch it."""

    def __init__(self, state: State, desk: Desk, faces: Faces, hooks: Hooks) -> None:
        self._state = state
        self._desk = desk
        self._faces = faces
        self._hooks = hooks
        self._slots = Slots(state)
        self._bookings = Bookings(state)
        self._gate = Gate(state)

    def routes(self) -> list[web.RouteDef]:
        routes = [
            web.get("/v1/bc/venues", self._open(self._venues)),
            web.get("/v1/bc/venues/{id}", self._open(self._venue)),
            web.get("/v1/bc/areas", self._open(self._areas)),
            web.get("/v1/bc/availability", self._open(self._availability)),
            web.post("/v1/bc/pending-booking", self._open(self._hold)),
            web.put("/v1/bc/pending-booking/{id}", self._open(self._commit)),
            web.delete("/v1/bc/pending-booking/{id}", self._open(self._drop)),
            web.post("/v1/bc/booking-request", self._open(self._request)),
            web.get("/v1/bc/booking", self._open(self._list)),
            web.post("/v1/bc/booking", self._open(self._one_step)),
            web.get("/v1/bc/booking/{id}", self._open(self._read)),
            web.put("/v1/bc/booking/{id}", self._open(self._amend)),
            web.put("/v1/bc/booking/{id}/cancel", self._open(self._cancel)),
        ]
        paths = dict.fromkeys(route.path for route in routes)
        wrong = [web.route("*", path, self._open(self._wrong_method)) for path in paths]
        return [*routes, *wrong, web.get("/pay", self._pay)]

    def _open(self, act: Act) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            try:
                return await act(request, self._gate.enter(request))
            except No as no:
                return self._gate.refusal(no)

        return handler

    async def _wrong_method(self, _request: web.Request, _caller: Caller) -> web.Response:
        raise No(self._state.switches["wrong_method"], "method not allowed")

    async def _pay(self, _request: web.Request) -> web.Response:
        return web.Response(
            text="<p>Pay by POST /control/payment/{token}/pay</p>", content_type="text/html"
        )

    async def _venues(self, request: web.Request, _caller: Caller) -> web.Response:
        wanted = {
            name: request.query.get(f"filters[{name}]", "").casefold()
            for name in ("criteria", "city")
        }
        country = request.query.get("filters[countryCode]", "")
        found = [
            self._faces.venue(venue)
            for venue in self._state.world.venues
            if wanted["criteria"] in venue.name.casefold()
            and wanted["city"] in venue.city.casefold()
            and country in ("", venue.country_code)
        ]
        if not self._state.says("venue_link", "linked"):
            found = []
        page = self._bookings.page(found, request.query)
        return web.json_response({"total": page.total, "data": list(page.rows)})

    async def _venue(self, request: web.Request, _caller: Caller) -> web.Response:
        venue = self._state.venue(request.match_info["id"])
        return web.json_response(self._faces.venue(venue))

    async def _areas(self, request: web.Request, _caller: Caller) -> web.Response:
        venue = self._state.venue(_needed(request.query, "mzId"))
        party = _whole(request.query, "partySize")
        _whole(request.query, "date")
        locale = request.headers.get("x-locale", "en")
        fitting = [a for a in venue.areas if a.id is not None and party <= a.covers[1]]
        return web.json_response([self._faces.area(area, locale) for area in fitting])

    async def _availability(self, request: web.Request, _caller: Caller) -> web.Response:
        name = "venueId" if self._state.says("venue_param", "split") else "mzId"
        venue = self._state.venue(_needed(request.query, name))
        at = self._instant(_whole(request.query, "date"), venue)
        self._check_instant(at, venue)
        question = Question(
            venue=venue,
            areas=self._asked_areas(venue, request.query.get("areaId")),
            party=_whole(request.query, "partySize"),
            at=at,
        )
        return web.json_response(self._faces.grown(self._slots.answer(question)))

    def _check_instant(self, at: datetime, venue: Venue) -> None:
        """Whether any instant may be asked about, and how far ahead, is not documented (U11)."""
        alignment = self._state.switches["date_alignment"]
        if alignment != "nearest" and int(at.timestamp()) % (60 * venue.step_minutes):
            raise No(alignment.removeprefix("exact_"), "date is not a start")
        horizon = self._state.number("horizon")
        if horizon is None or self._state.says("horizon_answer", "empty"):
            return
        if (at - self._state.now).days >= horizon:
            raise No(400, "date is too far ahead")

    def _asked_areas(self, venue: Venue, area_id: str | None) -> tuple[Area, ...]:
        if area_id is not None:
            found = tuple(area for area in venue.areas if area.id == area_id)
            if not found:
                raise No(400, "no such area")
            return found
        if not venue.bookable_areas or self._state.says("area_missing", "any"):
            return tuple(venue.areas)
        if self._state.says("area_missing", "400"):
            raise No(400, "areaId is missing")
        return tuple(venue.areas[:1]) if self._state.says("area_missing", "default") else ()

    async def _hold(self, request: web.Request, caller: Caller) -> web.Response:
        wish = self._wish(await _body(request))
        hold = self._desk.hold(caller, wish)
        return self._made(self._faces.hold(hold, self._desk.told_seconds(hold.venue)))

    async def _commit(self, request: web.Request, caller: Caller) -> web.Response:
        booking = self._desk.commit(caller, request.match_info["id"], await _body(request))
        return self._made(self._faces.committed(booking, str(request.url.origin())))

    async def _drop(self, request: web.Request, caller: Caller) -> web.Response:
        if self._state.says("undocumented_release", "absent"):
            return await self._wrong_method(request, caller)
        self._desk.drop(caller, request.match_info["id"])
        return web.json_response({})

    async def _request(self, request: web.Request, caller: Caller) -> web.Response:
        body = await _body(request)
        booking = self._desk.request(caller, self._wish(body), body)
        face = self._faces.booking(booking, "request")
        return self._made({name: value for name, value in face.items() if name != "status"})

    async def _one_step(self, request: web.Request, caller: Caller) -> web.Response:
        if self._state.says("one_step_create", "absent"):
            return await self._wrong_method(request, caller)
        body = await _body(request)
        hold = self._desk.hold(caller, self._wish(body))
        return self._made(self._faces.booking(self._desk.commit(caller, hold.id, body), "commit"))

    async def _list(self, request: web.Request, caller: Caller) -> web.Response:
        listed = self._state.bench.lists.told(self._bookings.listed(caller, request.query))
        page = self._bookings.page(listed, request.query)
        rows = [self._faces.booking(entry, "list") for entry in page.rows]
        return web.json_response(self._faces.grown({"total": page.total, "data": rows}))

    async def _read(self, request: web.Request, caller: Caller) -> web.Response:
        booking = self._bookings.one(caller, request.match_info["id"])
        shown = self._bookings.as_shown(booking)
        if shown is None:
            raise No(404, "no such booking")
        return web.json_response(self._faces.booking(shown, "booking"))

    async def _amend(self, request: web.Request, caller: Caller) -> web.Response:
        booking = self._bookings.one(caller, request.match_info["id"])
        body = await _body(request)
        needed = ("partySize", "date") if self._state.says("amend_fields", "both") else ()
        if any(name not in body for name in needed):
            raise No(400, "partySize and date are mandatory")
        party = _whole(body, "partySize") if "partySize" in body else booking.party
        at = (
            self._instant(_whole(body, "date"), booking.venue)
            if "date" in body
            else booking.span.start
        )
        self._desk.amend(booking, party, at)
        self._echo(booking, lambda: self._hooks.updated(booking, ["partySize", "date"]))
        return web.json_response(self._faces.booking(booking, "move"))

    async def _cancel(self, request: web.Request, caller: Caller) -> web.Response:
        booking = self._bookings.one(caller, request.match_info["id"])
        was_on = booking.status != "canceled"
        self._desk.cancel(booking, await _body(request))
        if was_on:
            self._echo(booking, lambda: self._hooks.cancelled(booking))
        if self._state.says("success_code", "204"):
            return web.Response(status=204)
        return web.json_response(self._faces.booking(booking, "cancel"))

    def _echo(self, booking: Entry, tell: Callable[[], None]) -> None:
        if self._state.says("webhook_echo", "on"):
            tell()

    def _wish(self, body: Body) -> Wish:
        venue = self._state.venue(_needed(body, "venueId"))
        party, at = _whole(body, "partySize"), self._instant(_whole(body, "date"), venue)
        area, kind = body.get("areaId"), body.get("bookingType")
        return Wish(
            venue=venue,
            party=party,
            at=at,
            area_id=None if area is None else str(area),
            booking_type=None if kind is None else str(kind),
        )

    def _instant(self, epoch: int, venue: Venue) -> datetime:
        """The true instant; or the wall clock that the documented example takes it for (C4)."""
        at = datetime.fromtimestamp(epoch, UTC)
        if self._state.says("example_epoch_error", "wall_clock"):
            return at.replace(tzinfo=venue.zone).astimezone(UTC)
        return at

    def _made(self, face: Mapping[str, object]) -> web.Response:
        return web.json_response(
            face, status=201 if self._state.says("success_code", "201") else 200
        )


async def _body(request: web.Request) -> Body:
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise No(400, "expected a JSON object")
    return body


def _needed(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise No(400, f"{name} is missing")
    return value


def _whole(values: Mapping[str, object], name: str) -> int:
    value = values.get(name)
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not text.isdecimal() or int(text) == 0:
        raise No(400, f"{name}: expected a whole number")
    return int(text)
