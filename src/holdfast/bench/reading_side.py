"""reading_side: a provider's simulator as a bench sees it: its guests, what it sells, and what it was asked."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from aiohttp import ClientSession

from holdfast.clock import Clock
from holdfast.example import six_rooms_worlds
from holdfast.inventory.model import Span
from holdfast.kind import SimulatorOptions, discover
from holdfast.serving import listening
from holdfast.soak.program import HERE

Kind = Literal["read", "write"]
CONTRACT: Mapping[Kind, int] = {"read": 60, "write": 20}
"""Calls in any minute."""

MINUTE = timedelta(minutes=1)
LIMITS = {"reads_per_minute": str(CONTRACT["read"]), "writes_per_minute": str(CONTRACT["write"])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as the provider saw it."""

    at: datetime
    kind: Kind
    path: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a guest could book."""

    room: str
    place: str
    span: Span


@dataclass(slots=True, kw_only=True)
class Side:
    """One provider."""

    channel: str
    url: str
    session: ClientSession
    rooms: dict[str, str] = field(default_factory=dict)
    """By place, the unit of ours that is sold there."""
    calls: list[Call] = field(default_factory=list)
    seen: int = 0

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call to the control side. Raises ValueError when it is refused."""
        url = f"{self.url}/control{path}"
        async with self.session.request(method, url, json=body) as answer:
            told = await answer.json(content_type=None)
            if answer.status != 200:
                raise ValueError(f"{path}: answer {answer.status} {told}")
            return told

    async def has(self, path: str) -> bool:
        """Whether its control side knows this; asked in a way that does nothing."""
        async with self.session.get(f"{self.url}/control{path}") as answer:
            return answer.status == 405

    async def heard(self) -> Sequence[Call]:
        """The calls since this was last asked, tokens left out."""
        rows = await self.ask("GET", f"/requests?since={self.seen}")
        self.seen += len(rows)
        new = [_call(row) for row in rows if row["path"].startswith("/v1/")]
        self.calls += new
        return new

    async def offers(self, room: str, days: int) -> Sequence[Offered]:
        """What a guest could book of a room."""
        place = next(place for place, name in self.rooms.items() if name == room)
        return [
            Offered(
                room=room,
                place=place,
                span=Span(
                    start=datetime.fromisoformat(row["start"]),
                    end=datetime.fromisoformat(row["end"]),
                ),
            )
            for row in await self.ask("GET", f"/offers?days={days}&place={place}")
        ]

    async def book(self, offered: Offered) -> None:
        """A guest does. Raises ValueError when somebody was faster."""
        span = offered.span
        wish = {
            "place": offered.place,
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
        }
        await self.ask("POST", "/guest/book", wish)

    def busiest(self, kind: Kind) -> int:
        """The most calls in any 60 seconds, refused ones too."""
        at = sorted(call.at for call in self.calls if call.kind == kind)
        most = first = 0
        for number, moment in enumerate(at):
            while at[first] <= moment - MINUTE:
                first += 1
            most = max(most, number - first + 1)
        return most

    def refused(self) -> int:
        """How often it was too much."""
        return sum(call.status == 429 for call in self.calls)

    def reads(self, since: datetime) -> int:
        """How many there were."""
        return sum(call.kind == "read" and call.at >= since for call in self.calls)


def _call(row: Mapping[str, str]) -> Call:
    writes = row["method"] != "GET"
    return Call(
        at=datetime.fromisoformat(row["at"]),
        kind="write" if writes else "read",
        path=row["path"],
        status=int(row.get("status", 0)),
    )


@asynccontextmanager
async def sides(clock: Clock, seed: int) -> AsyncIterator[Mapping[str, Side]]:
    """Both providers with their budgets; their webhooks are lost."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        found, worlds = {}, six_rooms_worlds()
        for channel, kind in discover().items():
            options = SimulatorOptions(
                clock=clock, seed=seed, world=worlds[channel], switches=LIMITS
            )
            port = await stack.enter_async_context(listening(kind.simulate(options), HERE, 0))
            side = Side(channel=channel, url=f"http://{HERE}:{port}", session=session)
            places = await side.ask("GET", "/places")
            side.rooms |= {row["place"]: row["name"].lower() for row in places}
            found[channel] = side
        yield found
