"""A simulated Mozrest on a socket, our channel connected to it, and somebody who hears the webhooks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.patience import HANGS

from holdfast.channel import Contact, Listing, OfferSheet
from holdfast.channels.mozrest import KIND
from holdfast.channels.mozrest.client import MozrestChannel
from holdfast.channels.mozrest.settings import AccountSettings, ListingSettings
from holdfast.clock import ManualClock
from holdfast.exchange import Reply, Request
from holdfast.inventory.marker import mark
from holdfast.inventory.model import Offer, Seen, Span
from holdfast.kind import Connection, SimulatorOptions, WebhookTarget
from holdfast.transport import HttpTransport, open_session

PARIS = ZoneInfo("Europe/Paris")
MONDAY = datetime(2027, 3, 15, 6, 0, tzinfo=UTC)
VENUE = "619decd55bf9cb36aaa00dd6"
SALON, CHEFS, BOARD = "Zk3vQ8mT2xLr-pYb0NsW1A", "u7Hc_4RfJd9eGqXo2ViK5w", "B1nEy6sAzMt0wUl-P8hC3Q"
SALON_TYPE, CHEFS_TYPE = "64ca5f2cab23a4112a7d2dd1", "64ca5f2cab23a4112a7d2dd2"
SECRET = "hook-token"

HOUSE = Contact(name="Glass House", email=mark("house@glass.example", "b-1"), phone="+33 1 23")


def at(text: str, day: str = "2027-03-16") -> datetime:
    """A time of day in Paris, as a UTC instant."""
    return datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=PARIS).astimezone(UTC)


def offer(text: str, minutes: int = 120, day: str = "2027-03-16") -> Offer:
    start = at(text, day)
    return Offer(
        span=Span(start=start, end=datetime.fromtimestamp(start.timestamp() + minutes * 60, UTC))
    )


def listing(name: str = "salon", **settings: object) -> Listing:
    known: dict[str, object] = {
        "salon": {"area_id": SALON, "booking_type": SALON_TYPE, "turn_minutes": 120},
        "chefs-table": {"area_id": CHEFS, "booking_type": CHEFS_TYPE, "turn_minutes": 90},
    }
    own = known.get(name, {"turn_minutes": 90})
    assert isinstance(own, dict)
    chosen = ListingSettings.model_validate({"venue_id": VENUE, **own, **settings})
    return Listing(name=name, zone=PARIS, party_size=2, settings=chosen)


SALON_LISTING, CHEFS_LISTING = listing("salon"), listing("chefs-table")


class Journal:
    """Sends requests on, and keeps them."""

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Reply:
        self.requests.append(request)
        return await self._transport.send(request)

    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class Rig:
    clock: ManualClock
    channel: MozrestChannel
    journal: Journal
    url: str
    session: aiohttp.ClientSession
    heard: list[Heard] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def control(self, method: str, path: str, body: object = None) -> Any:
        async with self.session.request(method, f"{self.url}/control{path}", json=body) as answer:
            assert answer.status == 200, f"{answer.status}: {await answer.text()}"
            return await answer.json()

    async def refused(self, path: str, body: object = None) -> int:
        async with self.session.post(f"{self.url}/control{path}", json=body) as answer:
            return answer.status

    async def switch(self, **switches: str) -> None:
        await self.control("PUT", "/switches", switches)

    async def fault(self, **rule: object) -> None:
        await self.control("POST", "/faults", rule)

    async def guest_books(self, start: datetime, *, confirm: bool = True, area: str = SALON) -> str:
        wish = {
            "place": f"{VENUE}/{area}",
            "start": start.isoformat(),
            "end": start.isoformat(),
            "party": 4,
            "confirm": confirm,
        }
        return str((await self.control("POST", "/guest/book", wish))["ref"])

    async def taken(self, area: str = SALON) -> list[dict[str, Any]]:
        truth = await self.control("GET", "/truth")
        assert truth["taken_twice"] == 0
        places = {place["place"]: place["taken"] for place in truth["places"]}
        taken: list[dict[str, Any]] = places[f"{VENUE}/{area}"]
        return taken

    async def offers(self, of: Listing = SALON_LISTING, day: str = "2027-03-16") -> OfferSheet:
        return await self.channel.offers(of, Span(start=at("00:00", day), end=at("23:45", day)))

    async def scanned(self, window: Span | None = None) -> tuple[list[Seen], bool]:
        whole = window or Span(start=at("00:00"), end=at("23:45"))
        found: list[Seen] = []
        complete = False
        async for page in self.channel.scan([SALON_LISTING, CHEFS_LISTING], whole):
            assert not complete, "only the last page may say that the scan is complete"
            found += page.bookings
            complete = page.complete
        return found, complete

    async def hears(self, count: int = 1) -> list[Heard]:
        """Wait until so many webhooks came."""
        async with asyncio.timeout(HANGS):
            while len(self.heard) < count:
                self.news.clear()
                await self.news.wait()
        return self.heard


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """Its address while it is served."""
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


def _ear(heard: list[Heard], news: asyncio.Event) -> web.Application:
    async def hear(request: web.Request) -> web.Response:
        heard.append(Heard(headers=dict(request.headers), body=await request.read()))
        news.set()
        return web.Response()

    ear = web.Application()
    ear.router.add_post("/hooks/mozrest", hear)
    return ear


@asynccontextmanager
async def rigged(
    *,
    switches: Mapping[str, str] | None = None,
    world: Mapping[str, object] | None = None,
    listings: tuple[Listing, ...] = (SALON_LISTING, CHEFS_LISTING),
    account: Mapping[str, object] | None = None,
    secret: str = SECRET,
) -> AsyncIterator[Rig]:
    """Everything started, and stopped again. `account` adds to the account's settings."""
    clock = ManualClock(MONDAY)
    heard: list[Heard] = []
    news = asyncio.Event()
    async with AsyncExitStack() as stack:
        hooks = await stack.enter_async_context(served(_ear(heard, news)))
        options = SimulatorOptions(
            clock=clock,
            world=world,
            webhook=WebhookTarget(url=f"{hooks}/hooks/mozrest", secret=secret),
            switches=switches or {},
        )
        url = await stack.enter_async_context(served(KIND.simulate(options)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        outward = await stack.enter_async_context(open_session(connections=4, total_seconds=30))
        journal = Journal(HttpTransport(outward))
        channel = connected(url, journal, clock, listings, account or {})
        yield Rig(
            clock=clock,
            channel=channel,
            journal=journal,
            url=url,
            session=session,
            heard=heard,
            news=news,
        )


def connected(
    url: str,
    journal: Journal,
    clock: ManualClock,
    listings: tuple[Listing, ...],
    account: Mapping[str, object],
) -> MozrestChannel:
    settings: dict[str, object] = {
        "base_url": url,
        "api_key": {"env": "KEY"},
        "webhook_token": {"env": "TOKEN"},
        **account,
    }
    environ = {"KEY": "mozrest-example-key", "TOKEN": SECRET, "OLD": "old-token", "PASS": "word"}
    channel = KIND.connect(
        Connection(
            account="mozrest-main",
            settings=AccountSettings.model_validate(settings),
            listings=listings,
            transport=journal,
            clock=clock,
            environ=environ,
        )
    )
    assert isinstance(channel, MozrestChannel)
    return channel
