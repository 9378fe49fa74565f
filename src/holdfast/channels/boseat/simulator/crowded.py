"""A workspace with any number of confirmed bookings, computed and not kept: what benchmarks read.

Booking `n` is in place `n % places`, an hour long, fourteen a day from eight in the morning of `first` on.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from holdfast.channels.boseat.protocol.paging import PAGE_ROWS, read_page
from holdfast.channels.boseat.simulator import render
from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.records import Booking, Customer
from holdfast.channels.boseat.simulator.switches import defaults
from holdfast.channels.boseat.simulator.world import (
    Product,
    Space,
    Venue,
    WorkspaceSpec,
    product_id,
    space_id,
)
from holdfast.channels.boseat.wire import Booking as Row
from holdfast.exchange import Reply, Request
from holdfast.inventory.model import Span

STATUS = "CONFIRMED"
A_DAY = 14
TOKEN = {"access_token": "crowded", "token_type": "Bearer", "expires_in": 86_400}


class Crowded:
    """Answers reads like the simulator would."""

    def __init__(self, *, bookings: int, places: int, first: datetime) -> None:
        self._bookings, self._places, self._first = bookings, places, first
        venues = [_venue(number) for number in range(1, places + 1)]
        products = [Product(id=product_id(n), spaces=[space_id(n)]) for n in range(1, places + 1)]
        spec = WorkspaceSpec(venues=venues, products=products)
        self._alike: dict[int, render.Json] = {}
        self._switches = {**defaults(), "space_id_in_booking": "present"}
        self._books = Books(spec, self._switches, lambda: first, Random(0), lambda *_: None)  # noqa: S311 - nothing is drawn

    @property
    def raw_status(self) -> str:
        """Of all of them."""
        return STATUS

    def settings(self, place: int) -> Mapping[str, str]:
        """The channel's own keys of the place's listing."""
        return {"space_id": space_id(place + 1), "product_id": product_id(place + 1)}

    def ref(self, number: int) -> str:
        """The booking's id."""
        return f"{number:08d}-0000-4000-8000-000000000000"

    def span(self, number: int) -> Span:
        """Its time."""
        day, hour = divmod(number // self._places, A_DAY)
        return Span.of(self._first + timedelta(days=day, hours=8 + hour), timedelta(hours=1))

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> Reply:
        """The answer to a read; 404 for anything else."""
        parts = path.strip("/").split("/")
        if parts[-1] == "token":
            return _reply(TOKEN)
        if method != "GET" or parts[:2] != ["v1", "bookings"]:
            return _reply({"message": "not here"}, 404)
        if len(parts) == 3:
            return _reply(self._booking(int(parts[2].partition("-")[0])))
        return _reply(self._page(query))

    def parse(self, request: Request, reply: Reply) -> int:
        """One page with the wire models and nothing else; how many bookings it holds."""
        return len(read_page(Row, request, reply, page=1).rows)

    def _page(self, query: Mapping[str, str]) -> object:
        page, limit = int(query["page"]), int(query.get("limit", PAGE_ROWS))
        place = int(query["spaceIds"][-12:]) - 1
        here = range(place, self._bookings, self._places) if place >= 0 else range(0)
        shown = here[(page - 1) * limit : page * limit]
        rows = [self._booking(number) for number in shown]
        return render.envelope(rows, page, limit, len(here), self._switches)

    def _booking(self, number: int) -> render.Json:
        """Those of one place are alike but for this."""
        place = number % self._places
        if place not in self._alike:
            self._alike[place] = render.booking(self._record(place), self._books, self._switches)
        guest = Customer(
            id=f"c-{number}", email=f"guest{number}@example.test", phone="+33600000000"
        )
        own = {
            "id": self.ref(number),
            "slot": render.slot(self.span(number), self._switches),
            "customer": render.customer(guest),
        }
        return {**self._alike[place], **own}

    def _record(self, place: int) -> Booking:
        spec = self._books.spec
        return Booking(
            id=self.ref(place),
            number=place,
            product=spec.products[place],
            space=spec.venues[place].spaces[0],
            span=self.span(place),
            status=STATUS,
            made_at=self._first,
            by="guest",
            expires_at=None,
            visible_at=self._first,
        )


def _venue(number: int) -> Venue:
    space = Space(id=space_id(number), name=f"Room {number}", label=f"room-{number}")
    return Venue(id=f"v{number}", name=f"House {number}", label=f"house-{number}", spaces=[space])


def _reply(body: object, status: int = 200) -> Reply:
    headers = {"content-type": "application/json"}
    return Reply(status=status, headers=headers, body=json.dumps(body).encode())
