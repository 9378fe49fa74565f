"""The venue's own acts, walk-ins and payments: further control routes of the simulated Mozrest.

POST /control/venue/{ref}/{confirm|decline|cancel|seat|complete|no_show|reinstate}   -> {"ref"}, or 409
POST /control/venue/{ref}/move     {"start"?, "party"?, "place"?}     another time, party or area
POST /control/other/take           {"place", "start", "end", "party"?} a walk-in or another channel
POST /control/other/{ref}/free
PUT  /control/hours/{venue}        {"opens"?, "closes"?, "closed_on"?, "min_advance_cancelling"?}
POST /control/payment/{ref}/{pay|fail|abandon}
"""

from datetime import datetime
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from holdfast.channels.mozrest.simulator.books import Entry
from holdfast.channels.mozrest.simulator.desk import mark_cancelled
from holdfast.channels.mozrest.simulator.hooks import Hooks
from holdfast.channels.mozrest.simulator.provider import Provider
from holdfast.channels.mozrest.simulator.state import State
from holdfast.channels.mozrest.simulator.world import Area, Venue
from holdfast.inventory.model import Span
from holdfast.simulation.control import Refused

Model = TypeVar("Model", bound=BaseModel)

OTHER_CHANNEL = "5f0c90aca5f07b6ee5b95fff"
STATUSES = {
    "confirm": "confirmed",
    "decline": "declined",
    "seat": "seated",
    "complete": "completed",
    "no_show": "no-show",
    "reinstate": "confirmed",
}


class Move(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start: datetime | None = None
    party: int | None = None
    place: str | None = None


class Taking(BaseModel):
    model_config = ConfigDict(extra="forbid")

    place: str
    start: datetime
    end: datetime
    party: int = 2


class VenueSide:
    """What happens at the restaurant itself."""

    def __init__(self, state: State, hooks: Hooks, provider: Provider) -> None:
        self._state = state
        self._hooks = hooks
        self._provider = provider

    def routes(self) -> list[web.RouteDef]:
        words = "|".join([*STATUSES, "cancel"])
        return [
            web.post(f"/control/venue/{{ref}}/{{act:{words}}}", self._act),
            web.post("/control/venue/{ref}/move", self._move),
            web.post("/control/other/take", self._take),
            web.post("/control/other/{ref}/free", self._free),
            web.put("/control/hours/{venue}", self._hours),
            web.post("/control/payment/{ref}/{act:pay|fail|abandon}", self._payment),
        ]

    async def _act(self, request: web.Request) -> web.Response:
        entry = self._entry(request)
        if request.match_info["act"] == "cancel":
            mark_cancelled(entry, self._state.now, "restaurant", "Canceled due internal issues")
            self._hooks.cancelled(entry)
        else:
            self._set(entry, STATUSES[request.match_info["act"]])
        return web.json_response({"ref": entry.id})

    def _set(self, entry: Entry, status: str) -> None:
        entry.remember(self._state.now)
        if status == "confirmed" and not entry.tables:
            tables = self._state.tables(entry.venue, entry.area, entry.party, entry.span)
            if tables is None:
                raise web.HTTPConflict(text="nothing is free for it")
            self._state.books.reseat(entry, entry.area, entry.span, tables)
        asked, entry.status = entry.status == "pending", status
        if asked:
            self._hooks.settled(entry)
        else:
            self._hooks.updated(entry, ["status"])

    async def _move(self, request: web.Request) -> web.Response:
        """The venue may overbook itself: where nothing is free it keeps the table it has."""
        entry = self._entry(request)
        wish = await _valid(request, Move)
        _, area = self._room(wish.place) if wish.place else (entry.venue, entry.area)
        party = wish.party or entry.party
        span = Span.of(wish.start or entry.span.start, area.turn_of(party))
        tables = self._state.tables(entry.venue, area, party, span, besides=entry)
        entry.remember(self._state.now)
        self._state.books.reseat(entry, area, span, tables or entry.tables)
        entry.party, entry.booking_type = party, area.booking_type
        self._hooks.updated(entry, ["partySize", "date", "areaId"])
        return web.json_response({"ref": entry.id})

    async def _take(self, request: web.Request) -> web.Response:
        wish = await _valid(request, Taking)
        venue, area = self._room(wish.place)
        span = Span(start=wish.start, end=wish.end)
        tables = self._state.tables(venue, area, wish.party, span)
        if tables is None:
            raise web.HTTPConflict(text="not free")
        entry = Entry(
            id=self._state.new_id(),
            channel=OTHER_CHANNEL,
            by="other",
            venue=venue,
            area=area,
            party=wish.party,
            span=span,
            tables=tables,
            status="confirmed",
            made_at=self._state.now,
            booking_type=area.booking_type,
        )
        return web.json_response({"ref": self._state.books.add(entry).id})

    async def _free(self, request: web.Request) -> web.Response:
        entry = self._entry(request)
        mark_cancelled(entry, self._state.now, "restaurant", None)
        return web.json_response({"ref": entry.id})

    async def _hours(self, request: web.Request) -> web.Response:
        """Bookings stay as they are; what is offered changes."""
        changes = await request.json()
        for number, venue in enumerate(self._state.world.venues):
            if venue.id == request.match_info["venue"]:
                known = venue.model_dump()
                changed = Venue.model_validate({**known, **changes})
                for name in ("opens", "closes", "closed_on", "min_advance_cancelling"):
                    setattr(self._state.world.venues[number], name, getattr(changed, name))
                return web.json_response(changed.model_dump(mode="json"))
        raise web.HTTPNotFound(text="no such venue")

    async def _payment(self, request: web.Request) -> web.Response:
        entry = self._entry(request)
        if entry.status != "require_payment":
            raise web.HTTPConflict(text=f"this booking is {entry.status}")
        act = request.match_info["act"]
        if act == "pay":
            self._paid(entry)
        elif act == "fail":
            mark_cancelled(entry, self._state.now, "payment", "The payment failed")
            self._announce(entry)
        return web.json_response({"ref": entry.id})

    def _paid(self, entry: Entry) -> None:
        if not entry.takes_at(self._state.now):
            tables = self._state.tables(entry.venue, entry.area, entry.party, entry.span)
            if tables is None:
                raise web.HTTPConflict(text="nothing is free for it any more")
            self._state.books.reseat(entry, entry.area, entry.span, tables)
        entry.remember(self._state.now)
        entry.status, entry.expires = "confirmed", None
        self._announce(entry)

    def _announce(self, entry: Entry) -> None:
        if self._state.says("payment_signal", "webhook"):
            self._hooks.updated(entry, ["status"])

    def _entry(self, request: web.Request) -> Entry:
        entry = self._state.books.entries.get(request.match_info["ref"])
        if entry is None or entry.is_hold:
            raise web.HTTPNotFound(text="no such booking")
        return entry

    def _room(self, place: str) -> tuple[Venue, Area]:
        try:
            return self._provider.room(place)
        except Refused as no:
            raise web.HTTPConflict(text=str(no)) from no


async def _valid(request: web.Request, model: type[Model]) -> Model:
    try:
        return model.model_validate(await request.json())
    except (ValidationError, ValueError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error
