"""The floor under propagation: the same two requests as they go over the wire, and one durable transaction."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import aiohttp
import asyncpg

from holdfast.bench.street import Street
from holdfast.channel import Channel, ChannelError, Contact, Listing
from holdfast.clock import SystemClock
from holdfast.doctor_accounts import connection_of
from holdfast.exchange import Reply, Request, TransportError
from holdfast.inventory.model import Span
from holdfast.kind import discover
from holdfast.soak.house import SECRETS
from holdfast.soak.program import Missed
from holdfast.soak.side import Side
from holdfast.store import configuration
from holdfast.store.queries import load
from holdfast.sync.parts import wake_nobody
from holdfast.transport import HttpTransport, open_session
from holdfast.wiring import Base, wired

_SQL = load("propagate", "holdfast.bench")
WRITTEN_DOWN = ("fetch", "hold")
HOUSE = Contact(name="House", email="house@example.test", phone="+33123456789")


@dataclass(kw_only=True)
class _Pencil:
    """Sends what a channel needs to begin with; a fetch or a hold it only writes down."""

    inner: HttpTransport
    written: list[Request] = field(default_factory=list)

    async def send(self, request: Request) -> Reply:
        """See `Transport.send`."""
        if request.operation not in WRITTEN_DOWN:
            return await self.inner.send(request)
        self.written.append(request)
        raise TransportError("only written down", sent=False)


@dataclass(kw_only=True)
class ByHand:
    """Sends requests that were written down before. `holds`: one for each time that it is asked to act."""

    fetch: Request
    holds: list[Request]
    session: aiohttp.ClientSession
    store: asyncpg.Connection
    there: Side

    async def act(self) -> float:
        """Seconds until the hold arrived, by its provider's clock. Raises Missed where a provider refuses."""
        began = SystemClock().now()
        told = await self._sent(self.fetch)
        async with self.store.transaction():
            number = await self.store.fetchval(_SQL["booking"], self.fetch.url, told)
            await self.store.execute(_SQL["block"], number)
        await self._sent(self.holds.pop())
        records = await self.there.ask("GET", "/records")
        arrived = max(datetime.fromisoformat(one["since"]) for one in records)
        return (arrived - began).total_seconds()

    async def _sent(self, request: Request) -> bytes:
        async with self.session.request(
            request.method,
            request.url,
            params=list(request.query) or None,
            data=request.body,
            headers=dict(request.headers),
        ) as answer:
            body = await answer.read()
            if answer.status >= 300:
                raise Missed(f"{request.operation}: {answer.status} {body.decode()}")
            return body


@asynccontextmanager
async def by_hand(
    street: Street, ways: tuple[str, str], ref: str, many: int
) -> AsyncIterator[ByHand]:
    """Of the booking `ref` on the first channel; holds are for what the second one sells last."""
    await street.store.execute(_SQL["plain"])
    async with open_session(connections=4) as session:
        pencil = _Pencil(inner=HttpTransport(session))
        here, _ = await _channel(street, ways[0], pencil)
        there, listing = await _channel(street, ways[1], pencil)
        with suppress(ChannelError):
            await here.fetch(ref, None)
        (fetch,) = pencil.written
        pencil.written.clear()
        await _write_holds(there, listing, many)
        async with aiohttp.ClientSession() as plain:
            yield ByHand(
                fetch=fetch,
                holds=pencil.written,
                session=plain,
                store=street.store,
                there=street.sides[ways[1]],
            )


async def _write_holds(channel: Channel, listing: Listing, many: int) -> None:
    """A day apart from what guests book."""
    now = SystemClock().now()
    window = Span(start=now + timedelta(days=1), end=now + timedelta(days=30))
    offers = sorted((await channel.offers(listing, window)).offers, key=lambda o: o.span.start)
    apart: list[Span] = []
    for offer in reversed(offers):
        if len(apart) < many and not any(offer.span.overlaps(span) for span in apart):
            apart.append(offer.span)
            with suppress(ChannelError):
                await channel.hold(listing, offer, HOUSE)


async def _channel(street: Street, name: str, pencil: _Pencil) -> tuple[Channel, Listing]:
    """Its client with our own way out, and a listing of it."""
    kind = discover()[name]
    environ = {**os.environ, **SECRETS}
    base = Base(database_url=street.url, redis=None, clock=SystemClock(), environ=environ)
    async with wired(base, wake_nobody) as wiring, wiring.parts.pool.acquire() as connection:
        book = await configuration.load(connection)
        row = next(row for row in book.accounts.values() if row.channel == name)
        listings: Sequence[Listing] = list(wiring.parts.accounts[row.id].listings.values())
    connected = replace(connection_of(kind, row, pencil, environ, SystemClock()), listings=listings)
    return kind.connect(connected), listings[0]
