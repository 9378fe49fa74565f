"""A workspace to test with: the simulator on a real socket, the channel connected to it, and a clock."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.patience import HANGS

from holdfast.channel import Channel, Contact, Listing, Page
from holdfast.channels.boseat import KIND
from holdfast.channels.boseat.calls import Caller
from holdfast.channels.boseat.kind import connect_caller
from holdfast.channels.boseat.settings import BoseatListing
from holdfast.channels.boseat.simulator.world import EXAMPLE_CLIENT
from holdfast.clock import Clock, ManualClock, SkewedClock
from holdfast.exchange import Reply, Request, Transport
from holdfast.inventory.marker import mark
from holdfast.inventory.model import Absent, Offer, Seen, Span
from holdfast.kind import Connection, SimulatorOptions, WebhookTarget
from holdfast.transport import HttpTransport, open_session

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
"""A Monday, 10:30 in Paris."""
SECRET = "whsec-example"
ENVIRON = {
    "CLIENT_ID": "boseat-example",
    "CLIENT_SECRET": "boseat-example-secret",
    "WEBHOOK_SECRET": SECRET,
}
HOUSE = Contact(name="Holdfast", email="house@glasshouse.example", phone="+33123456789")
PATIENCE = 30.0
"""Seconds: a machine that stands still for a while is no failure of a channel."""
PARIS = ZoneInfo("Europe/Paris")


def place(number: int) -> str:
    return f"b4e2d8e1-0000-4000-8000-{number:012d}"


def goods(number: int) -> str:
    return f"a3f1d7d0-0000-4000-8000-{number:012d}"


def listing(name: str, number: int, product: str | None = None) -> Listing:
    settings = BoseatListing(space_id=place(number), product_id=product or goods(number))
    return Listing(name=name, zone=PARIS, party_size=2, settings=settings)


SALON, CHEFS, BOARD = listing("salon", 1), listing("chefs-table", 2), listing("board-room", 3)


def ours(marker: str) -> Contact:
    return Contact(name=HOUSE.name, email=mark(HOUSE.email, marker), phone=HOUSE.phone)


def hour(hours_ahead: int, days: int = 0) -> Offer:
    """The slot that begins this many full hours after 10:00 UTC on the first day."""
    start = START.replace(hour=10, minute=0) + timedelta(hours=hours_ahead, days=days)
    return Offer(span=Span.of(start, timedelta(hours=1)))


def times(offer: Offer) -> dict[str, str]:
    return {"start": offer.span.start.isoformat(), "end": offer.span.end.isoformat()}


@dataclass(slots=True)
class Wire:
    """A transport that keeps what was sent, and may change or swallow answers."""

    inner: Transport
    requests: list[Request] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        self.requests.append(request)
        reply = await self.inner.send(request)
        self.replies.append(reply)
        return reply

    def count(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.requests)


@dataclass(slots=True)
class Hooks:
    """Receives webhooks and keeps them."""

    url: str = ""
    answer: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: web.Request) -> web.Response:
        async with self._arrived:
            self.got.append((dict(request.headers), await request.read()))
            self._arrived.notify_all()
        return web.Response(status=self.answer)

    async def wait(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """Until so many have come."""
        async with asyncio.timeout(HANGS), self._arrived:
            await self._arrived.wait_for(lambda: len(self.got) >= count)
        return self.got


@dataclass(slots=True, kw_only=True)
class Desk:
    """Everything at hand."""

    channel: Channel
    caller: Caller
    wire: Wire
    clock: ManualClock
    hooks: Hooks
    root: str
    http: aiohttp.ClientSession
    connection: Connection

    async def control(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Any:
        async with self.http.request(method, f"{self.root}/control/{path}", json=body) as answer:
            assert answer.status == 200, f"{path}: {answer.status} {await answer.text()}"
            return await answer.json()

    async def api(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> tuple[int, Any]:
        """A call as any other client makes it, with the example workspace's token unless told."""
        headers = {"Authorization": f"Bearer {token or await self.token()}"}
        async with self.http.request(
            method, f"{self.root}/v1/{path}", json=body, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def token(self, scope: str = "", client: tuple[str, str] = EXAMPLE_CLIENT) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": client[0],
            "client_secret": client[1],
            "scope": scope,
        }
        async with self.http.post(f"{self.root}/oauth/token", data=form) as answer:
            return str((await answer.json())["access_token"])

    async def turn(self, **switches: str) -> None:
        await self.control("PUT", "switches", switches)

    async def guest(self, number: int, offer: Offer, confirm: bool = True) -> str:
        wish = {"place": place(number), "confirm": confirm, **times(offer)}
        booked = await self.control("POST", "guest/book", wish)
        return str(booked["ref"])

    async def taken(self, number: int) -> list[dict[str, Any]]:
        truth = await self.control("GET", "truth")
        assert truth["taken_twice"] == 0
        return next(one["taken"] for one in truth["places"] if one["place"] == place(number))

    async def seen(self, ref: str, listing_name: str | None = None) -> Seen:
        seen = await self.channel.fetch(ref, listing_name)
        assert isinstance(seen, Seen)
        return seen

    async def gone(self, ref: str) -> bool:
        return isinstance(await self.channel.fetch(ref, None), Absent)

    async def scan(self, *listings: Listing) -> list[Page]:
        window = Span.of(START, timedelta(days=7))
        return [page async for page in self.channel.scan(listings, window)]

    def reconnect(self) -> Channel:
        """The channel as after a restart: nothing learned."""
        return KIND.connect(self.connection)


def connection_of(
    root: str, transport: Transport, clock: Clock, listings: Sequence[Listing]
) -> Connection:
    settings = KIND.account_settings.model_validate(
        {
            "base_url": root,
            "token_url": f"{root}/oauth/token",
            "client_id": {"env": "CLIENT_ID"},
            "client_secret": {"env": "CLIENT_SECRET"},
            "webhook_secret": {"env": "WEBHOOK_SECRET"},
            "scope": "booking:read booking:write org_read org_write",
            "event_id_header": "Boseat-Event-Id",
        }
    )
    return Connection(
        account="boseat-main",
        settings=settings,
        listings=listings,
        transport=transport,
        clock=clock,
        environ=ENVIRON,
    )


@asynccontextmanager
async def opened(
    switches: Mapping[str, str] | None = None,
    *,
    world: Mapping[str, object] | None = None,
    listings: Sequence[Listing] = (SALON, CHEFS, BOARD),
    budgeted: bool = False,
    ahead: float = 0,
) -> AsyncIterator[Desk]:
    """A desk; the simulator's budgets are wide open unless `budgeted`, its clock is `ahead` by seconds."""
    clock, hooks = ManualClock(START), Hooks()
    wide = {} if budgeted else {"reads_per_minute": "100000", "writes_per_minute": "100000"}
    receiver = web.Application()
    receiver.router.add_post("/hooks", hooks.receive)
    async with TestServer(receiver) as listening:
        hooks.url = str(listening.make_url("/hooks"))
        options = SimulatorOptions(
            clock=SkewedClock(clock, lambda: ahead),
            world=world,
            webhook=WebhookTarget(url=hooks.url, secret=SECRET),
            switches=wide | dict(switches or {}),
        )
        async with (
            TestServer(KIND.simulate(options)) as server,
            open_session(connections=8, total_seconds=PATIENCE) as session,
            aiohttp.ClientSession() as http,
        ):
            root = str(server.make_url("")).rstrip("/")
            wire = Wire(HttpTransport(session))
            connection = connection_of(root, wire, clock, listings)
            yield Desk(
                channel=KIND.connect(connection),
                caller=connect_caller(connection),
                wire=wire,
                clock=clock,
                hooks=hooks,
                root=root,
                http=http,
                connection=connection,
            )
