"""The control side of a simulator: faults, switches, guests, and the truth on the provider's side.

Every path lies below `/control`, apart from the provider's API, and looks the same for every provider:

    GET  /control/places                what can be booked: [{"place", "name", "house", "zone"}]
    GET  /control/offers?days=2         [{"place", "start", "end"}], what a guest could book now; &place=... only there
    POST /control/guest/book            {"place", "start", "end", "party", "confirm"} -> {"ref"}, or 409; with "ref"
                                        the id of one that is over is used again
    POST /control/guest/{ref}/confirm   the guest goes through with it -> {"ref"}, which may be a new one
    POST /control/guest/{ref}/cancel    -> {"ref"}
    POST /control/guest/{ref}/move      {"start", "end"} -> {"ref"}, or 409; with "place" somewhere else
    GET  /control/truth                 see `Provider.truth`
    GET  /control/records               see `Provider.records`
    GET, PUT /control/switches          {"name": "value"}
    PUT  /control/secrets               {"secrets": [...]}: these credentials of the first client, and no others
    GET, POST, DELETE /control/faults   rules of `faults.Fault`;  PUT /control/lists  `lists.Telling`
    PUT  /control/webhooks              `courier.Manner`;  POST /control/webhooks/flush {"order"}
    GET  /control/webhooks              deliveries;  GET, DELETE /control/requests  the journal of requests,
                                        with ?since=n without its first n
    POST /control/clock                 {"advance": seconds} where the clock is a manual one, else {"ahead": seconds}
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from random import Random
from typing import Protocol

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from holdfast.clock import Clock, ManualClock, SettableClock
from holdfast.simulation.asked import json_of, valid
from holdfast.simulation.courier import Courier, Manner
from holdfast.simulation.faults import Fault, Faults
from holdfast.simulation.lists import Lists


class Refused(Exception):
    """The provider's side says no: the time is taken, the reference is not known."""


class GuestWish(BaseModel):
    """What a guest wants to book."""

    model_config = ConfigDict(extra="forbid")

    place: str
    start: datetime
    end: datetime
    party: int = 2
    confirm: bool = True
    """False: only a hold, which the guest may confirm, cancel or let lapse."""
    ref: str | None = None
    name: str = "Guest Example"
    email: str = "guest@example.test"
    phone: str = "+33600000000"


class Moved(BaseModel):
    """Where a guest's booking goes."""

    model_config = ConfigDict(extra="forbid")

    start: datetime
    end: datetime
    place: str | None = None


class Provider(Protocol):
    """What a simulator tells the common control side about its provider."""

    switches: dict[str, str]

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        """Every switch with its values, the default first. A value `n` stands for any whole number."""
        ...

    def places(self) -> list[dict[str, str]]: ...

    def offered(self, days: int, place: str | None) -> list[dict[str, str]]:
        """What a guest could book from now on, anywhere or in one place: place, start, end (ISO 8601, UTC)."""
        ...

    def guest_books(self, wish: GuestWish) -> str:
        """The reference of the new hold or booking. Raises Refused."""
        ...

    def guest_confirms(self, ref: str) -> str: ...

    def guest_cancels(self, ref: str) -> str: ...

    def guest_moves(self, ref: str, to: Moved) -> str: ...

    def accept(self, secrets: Sequence[str]) -> None:
        """The first client's credentials from now on."""
        ...

    def truth(self) -> dict[str, object]:
        """What is really so, by the provider's own books:

        {"now", "places": [{"place", "taken": [{"ref", "start", "end", "status", "by", "email", "expires"}],
        "offers": [{"start", "end"}]}], "taken_twice": n}. `by` is `guest`, `client` (made through the API)
        or `other`; `taken` holds what occupies inventory now; `taken_twice` counts overlaps of a unit.
        """
        ...

    def records(self) -> list[dict[str, object]]:
        """All that was ever made: {"ref", "place", "start", "end", "status", "by", "email", "made", "since", "over"}.

        `since` is when it was first asked for, be it as a hold that was confirmed later under another `ref`; `over` is
        when it ceased to occupy its time; None: it has not. All by the provider's clock.
        """
        ...


class Bench:
    """The parts a simulator is built around: one clock, one seed, faults and a courier."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.random = Random(seed)  # noqa: S311 - reproducible faults, not secrets
        self.faults = Faults(clock, Random(seed + 1))  # noqa: S311 - the same
        self.courier = Courier(clock, Random(seed + 2))  # noqa: S311 - the same
        self.lists = Lists(Random(seed + 3))  # noqa: S311 - the same

    def application(self) -> web.Application:
        """An application that spoils answers as told, dates them by its clock and closes the courier at its end."""
        app = web.Application(middlewares=[self.faults.middleware])

        async def close(_app: web.Application) -> None:
            await self.courier.close()

        async def date(_request: web.Request, answer: web.StreamResponse) -> None:
            answer.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)

        app.on_shutdown.append(close)
        app.on_response_prepare.append(date)
        return app


def add_control(app: web.Application, bench: Bench, provider: Provider) -> None:
    """Put the control side beside the provider's API."""
    for part in (_Guests(provider), _Switches(provider), _Weather(bench), bench.lists):
        app.add_routes(part.routes())


class _Guests:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/places", self._places),
            web.get("/control/offers", self._offers),
            web.get("/control/truth", self._truth),
            web.get("/control/records", self._records),
            web.post("/control/guest/book", self._book),
            web.post("/control/guest/{ref}/{act:confirm|cancel|move}", self._act),
        ]

    async def _places(self, _request: web.Request) -> web.Response:
        return web.json_response(self._provider.places())

    async def _offers(self, request: web.Request) -> web.Response:
        days, place = int(request.query.get("days", "2")), request.query.get("place")
        return web.json_response(self._provider.offered(days, place))

    async def _truth(self, _request: web.Request) -> web.Response:
        return web.json_response(self._provider.truth())

    async def _records(self, _request: web.Request) -> web.Response:
        return web.json_response(self._provider.records())

    async def _book(self, request: web.Request) -> web.Response:
        wish = valid(GuestWish, await json_of(request))
        try:
            return web.json_response({"ref": self._provider.guest_books(wish)})
        except Refused as no:
            return web.json_response({"refused": str(no)}, status=409)

    async def _act(self, request: web.Request) -> web.Response:
        ref, act = request.match_info["ref"], request.match_info["act"]
        try:
            if act == "confirm":
                return web.json_response({"ref": self._provider.guest_confirms(ref)})
            if act == "cancel":
                return web.json_response({"ref": self._provider.guest_cancels(ref)})
            to = valid(Moved, await json_of(request))
            return web.json_response({"ref": self._provider.guest_moves(ref, to)})
        except Refused as no:
            return web.json_response({"refused": str(no)}, status=409)


class _Switches:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/switches", self._show),
            web.put("/control/switches", self._set),
            web.put("/control/secrets", self._accept),
        ]

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response(self._provider.switches)

    async def _set(self, request: web.Request) -> web.Response:
        wanted = {str(name): str(value) for name, value in (await json_of(request)).items()}
        set_switches(self._provider, wanted)
        return web.json_response(self._provider.switches)

    async def _accept(self, request: web.Request) -> web.Response:
        secrets = [str(secret) for secret in (await json_of(request))["secrets"]]
        self._provider.accept(secrets)
        return web.json_response({"secrets": len(secrets)})


def set_switches(provider: Provider, wanted: Mapping[str, str]) -> None:
    """Turn switches. Raises aiohttp's 400 for a switch or a value that there is not."""
    for name, value in wanted.items():
        choices = provider.choices.get(name)
        if choices is None or not (value in choices or ("n" in choices and value.isdigit())):
            known = ", ".join(choices or sorted(provider.choices))
            raise web.HTTPBadRequest(text=f"{name} = {value}: expected one of {known}")
    provider.switches.update(wanted)


class _Weather:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/faults", self._faults),
            web.post("/control/faults", self._add_fault),
            web.delete("/control/faults", self._clear_faults),
            web.get("/control/webhooks", self._deliveries),
            web.put("/control/webhooks", self._set_manner),
            web.post("/control/webhooks/flush", self._flush),
            web.get("/control/requests", self._requests),
            web.delete("/control/requests", self._forget_requests),
            web.post("/control/clock", self._advance),
        ]

    async def _faults(self, _request: web.Request) -> web.Response:
        return web.json_response([rule.model_dump() for rule in self._bench.faults.rules])

    async def _add_fault(self, request: web.Request) -> web.Response:
        self._bench.faults.rules.append(valid(Fault, await json_of(request)))
        return await self._faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._bench.faults.rules.clear()
        return await self._faults(request)

    async def _deliveries(self, _request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "id": d.id,
                    "kind": d.kind,
                    "attempts": d.attempts,
                    "status": d.last_status,
                    "accepted": d.accepted,
                }
                for d in self._bench.courier.deliveries
            ]
        )

    async def _set_manner(self, request: web.Request) -> web.Response:
        self._bench.courier.manner = valid(Manner, await json_of(request))
        return web.json_response(self._bench.courier.manner.model_dump())

    async def _flush(self, request: web.Request) -> web.Response:
        order = (await json_of(request)).get("order", "kept")
        if order not in ("kept", "reverse", "random"):
            raise web.HTTPBadRequest(text="order: expected kept, reverse or random")
        return web.json_response({"flushed": self._bench.courier.flush(order)})

    async def _requests(self, request: web.Request) -> web.Response:
        since = int(request.query.get("since", "0"))
        return web.json_response(self._bench.faults.requests[since:])

    async def _forget_requests(self, request: web.Request) -> web.Response:
        self._bench.faults.requests.clear()
        return await self._requests(request)

    async def _advance(self, request: web.Request) -> web.Response:
        clock, asked = self._bench.clock, await json_of(request)
        if isinstance(clock, ManualClock) and "advance" in asked:
            clock.advance(float(asked["advance"]))
        elif isinstance(clock, SettableClock) and "ahead" in asked:
            clock.ahead = float(asked["ahead"])
        else:
            raise web.HTTPConflict(text="this simulator's clock cannot be moved so")
        return web.json_response({"now": clock.now().isoformat()})
