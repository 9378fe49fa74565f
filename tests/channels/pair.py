"""A channel's client and its provider's simulator on a real socket, put together from the example's configuration."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from tests.patience import HANGS

from holdfast import configuration
from holdfast.channel import Channel, Contact, Hint, Listing, Placed
from holdfast.clock import ManualClock
from holdfast.configuration_model import Account, Configuration
from holdfast.example import EXAMPLE_SECRETS, WEBHOOK_SECRETS, example_configuration
from holdfast.inventory.marker import mark
from holdfast.inventory.model import Absent, Offer, Seen, Span
from holdfast.kind import Connection, Kind, SimulatorOptions, WebhookTarget, discover
from holdfast.serving import listening
from holdfast.transport import HttpTransport, open_session

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
TOMORROW = Span.of(START + timedelta(days=1), timedelta(hours=10))
SECRET = "what both sides know"
ENVIRON = {**EXAMPLE_SECRETS, **dict.fromkeys(WEBHOOK_SECRETS.values(), SECRET)}


@dataclass(slots=True)
class Ear:
    """Hears the simulator's webhooks and keeps them."""

    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, request: web.Request) -> web.Response:
        async with self._news:
            self.heard.append((dict(request.headers), await request.read()))
            self._news.notify_all()
        return web.Response()

    async def wait(self, number: int) -> list[tuple[dict[str, str], bytes]]:
        """Until so many have come."""
        async with asyncio.timeout(HANGS), self._news:
            await self._news.wait_for(lambda: len(self.heard) >= number)
        return self.heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What we placed, where, and under which name."""

    offer: Offer
    contact: Contact
    since: datetime
    placed: Placed

    @property
    def id(self) -> str:
        return self.placed.external_id


@dataclass(slots=True, kw_only=True)
class Pair:
    """Everything at hand: the client, the listing it sells, the provider's own side."""

    name: str
    kind: Kind
    clock: ManualClock
    url: str
    http: aiohttp.ClientSession
    ear: Ear
    channel: Channel
    listing: Listing
    place: str
    numbers: Any = field(default_factory=lambda: count(1))

    async def control(self, method: str, path: str, body: object = None) -> Any:
        async with self.http.request(method, f"{self.url}/control{path}", json=body) as answer:
            told = await answer.json(content_type=None)
            assert answer.status == 200, f"{path}: {answer.status} {told}"
            return told

    async def strike(self, method: str | None, **rule: object) -> None:
        """Spoil every answer to this method from now on."""
        await self.control("POST", "/faults", {"method": method, **rule})

    async def strike_writes(self, **rule: object) -> None:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            await self.strike(method, **rule)

    async def calm(self) -> None:
        await self.control("DELETE", "/faults")

    async def offers(self) -> list[Offer]:
        sheet = await self.channel.offers(self.listing, TOMORROW)
        assert sheet.complete
        assert sheet.window == TOMORROW
        assert sheet.read_at == self.clock.now()
        return sorted(sheet.offers, key=lambda offer: offer.span)

    async def apart(self, wanted: int) -> list[Offer]:
        """So many offers that do not touch each other."""
        chosen: list[Offer] = []
        for offer in await self.offers():
            if not chosen or offer.span.start > chosen[-1].span.end:
                chosen.append(offer)
        assert len(chosen) >= wanted
        return chosen[:wanted]

    def contact(self) -> Contact:
        """The house's, with a new marker."""
        email = mark("house@glasshouse.example", f"m-{next(self.numbers)}")
        return Contact(name="Holdfast", email=email, phone="+33123456789")

    async def holds(self, offer: Offer) -> Block:
        contact, since = self.contact(), self.clock.now()
        placed = await self.channel.hold(self.listing, offer, contact)
        return Block(offer=offer, contact=contact, since=since, placed=placed)

    async def commits(self, held: Block) -> Block:
        placed = await self.channel.commit(self.listing, held.id, held.contact)
        return Block(offer=held.offer, contact=held.contact, since=held.since, placed=placed)

    async def books(self, offer: Offer) -> Block:
        return await self.commits(await self.holds(offer))

    async def find(self, block: Block) -> Sequence[Seen]:
        return await self.channel.find(self.listing, block.offer, block.contact, block.since)

    async def fetch(self, external_id: str) -> Seen | Absent:
        return await self.channel.fetch(external_id, self.listing.name)

    async def scan(self) -> dict[str, Seen]:
        """What a scan shows; it must be complete, and say so with its last page only."""
        pages = [page async for page in self.channel.scan([self.listing], TOMORROW)]
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        return {seen.external_id: seen for page in pages for seen in page.bookings}

    async def guest_books(self, offer: Offer, *, confirm: bool = True) -> str:
        wish = {"place": self.place, "party": 2, "confirm": confirm, **_ends(offer)}
        return str((await self.control("POST", "/guest/book", wish))["ref"])

    async def guest_acts(self, ref: str, act: str, to: Offer | None = None) -> str:
        body = None if to is None else _ends(to)
        return str((await self.control("POST", f"/guest/{ref}/{act}", body))["ref"])

    async def sent_webhooks(self) -> int:
        return len(await self.control("GET", "/webhooks"))

    def hints(self, number: int) -> Sequence[Hint]:
        """What the webhook that came as the `number`th asks to look at."""
        headers, body = self.ear.heard[number]
        return self.channel.read_webhook(headers, body, self.clock.now())


def _ends(offer: Offer) -> dict[str, str]:
    return {"start": offer.span.start.isoformat(), "end": offer.span.end.isoformat()}


@asynccontextmanager
async def paired(name: str, *, secret: str = SECRET) -> AsyncIterator[Pair]:
    """Both sides, started and stopped again; the simulator proves its webhooks with `secret`."""
    kind, clock, ear = discover()[name], ManualClock(START), Ear()
    hearing = web.Application()
    hearing.router.add_post("/", ear.hear)
    async with aiohttp.ClientSession() as http, listening(hearing, "127.0.0.1", 0) as port:
        target = WebhookTarget(url=f"http://127.0.0.1:{port}/", secret=secret)
        app = kind.simulate(SimulatorOptions(clock=clock, webhook=target))
        async with listening(app, "127.0.0.1", 0) as simulator:
            url = f"http://127.0.0.1:{simulator}"
            async with connected(kind, clock, url) as channel:
                _, listing, unit = _sold(name, url)
                pair = Pair(
                    name=name,
                    kind=kind,
                    clock=clock,
                    url=url,
                    http=http,
                    ear=ear,
                    channel=channel,
                    listing=listing,
                    place="",
                )
                await _widen(pair)
                places = await pair.control("GET", "/places")
                pair.place = next(p["place"] for p in places if _plain(p["name"]) == _plain(unit))
                yield pair


@asynccontextmanager
async def connected(
    kind: Kind,
    clock: ManualClock,
    url: str,
    environ: Mapping[str, str] = ENVIRON,
    patience: float = 30.0,
) -> AsyncIterator[Channel]:
    """The client, as connected by the composition root but for the rate budget. `patience`: seconds for a call."""
    account, listing, _ = _sold(kind.name, url)
    async with open_session(connections=8, total_seconds=patience) as session:
        yield kind.connect(
            Connection(
                account=account.name,
                settings=kind.account_settings.model_validate(dict(account.settings)),
                listings=[listing],
                transport=HttpTransport(session),
                clock=clock,
                environ=environ,
            )
        )


def _example(name: str, url: str) -> Configuration:
    return configuration.parse(example_configuration({name: url}), "example", discover())


def _sold(name: str, url: str) -> tuple[Account, Listing, str]:
    """The example's account on a channel, the first listing of it, and the unit that is sold there."""
    example = _example(name, url)
    account = next(one for one in example.accounts if one.channel == name)
    venue, wanted = next(
        (venue, one)
        for venue in example.venues
        for one in venue.listings
        if one.account == account.name
    )
    settings = discover()[name].listing_settings.model_validate(dict(wanted.settings))
    listing = Listing(
        name=wanted.name,
        zone=ZoneInfo(venue.timezone),
        party_size=wanted.party_size,
        settings=settings,
    )
    return account, listing, wanted.units[0]


async def _widen(pair: Pair) -> None:
    """Budgets of the provider, where it has any, are for their own tests."""
    switches = await pair.control("GET", "/switches")
    wide = {name: "100000" for name in switches if name.endswith("_per_minute")}
    await pair.control("PUT", "/switches", wide)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
