"""A provider on a real socket that grants tokens and answers everything else with whatever bytes it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.channels.pair import ENVIRON, _sold, connected

from holdfast.channel import Channel, Contact, Listing
from holdfast.clock import ManualClock
from holdfast.inventory.marker import mark
from holdfast.inventory.model import Offer, Span
from holdfast.kind import discover

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
NOON = NOW + timedelta(hours=28)
SPAN = Span.of(NOON, timedelta(hours=1))
DAY = Span.of(NOW + timedelta(days=1), timedelta(hours=10))
HELD = "0c2f7a55-46bd-4bd9-9c17-2411e20b8f8d"
"""The id of a hold of ours; all others are confirmed."""
REF = "8d116ece-1738-47d9-bd9c-172411e20b8f"
CONTACT = Contact(
    name="Holdfast", email=mark("house@glasshouse.example", "m-1"), phone="+33123456789"
)

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(
    body: bytes, status: str = "200 OK", *headers: str, kind: str = "application/json"
) -> Answer:
    """One whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {kind}"]
    head = "\r\n".join([*lines, *headers, "", ""]).encode()
    return raw(head + body)


def raw(text: bytes) -> Answer:
    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await writer.drain()

    return act


def told(value: object) -> Answer:
    return answer(json.dumps(value).encode())


@dataclass(kw_only=True)
class Liar:
    """`reads` None: they are answered as `says`, too."""

    name: str
    channel: Channel
    listing: Listing
    says: Answer
    reads: Callable[[str], Answer] | None = None
    token: str = "token-of-the-liar"
    asked: list[bytes] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length(head))
                await self._answer(head)(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, head: bytes) -> Answer:
        method, path = head.split(b" ")[:2]
        if b"/oauth/token" in path:
            return told({"access_token": self.token, "expires_in": 3600})
        self.asked.append(head)
        if method == b"GET" and self.reads is not None:
            return self.reads(path.decode())
        return self.says

    def stop(self) -> None:
        for writer in self._open:
            writer.transport.abort()


def _length(head: bytes) -> int:
    lines = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if b"content-le" in line]
    return int(lines[0]) if lines else 0


@asynccontextmanager
async def lying(name: str, says: Answer) -> AsyncIterator[Liar]:
    """Our channel, connected to such a provider."""
    kind, clock = discover()[name], ManualClock(NOW)
    built: list[Liar] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await built[0].serve(reader, writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        # what dribbles takes the whole of it
        async with connected(kind, clock, url, ENVIRON, patience=2) as channel:
            _, listing, _ = _sold(name, url)
            built.append(Liar(name=name, channel=channel, listing=listing, says=says))
            yield built[0]
    finally:
        built[0].stop()
        listening.close()
        await listening.wait_closed()


def booking(liar: Liar, **changed: object) -> dict[str, object]:
    """A booking as the provider tells it when it is well."""
    return {**(_boseats(liar) if liar.name == "boseat" else _mozrests(liar)), **changed}


def _boseats(liar: Liar) -> dict[str, object]:
    settings = liar.listing.settings.model_dump()
    return {
        "id": REF,
        "status": "CONFIRMED",
        "bookingDate": NOW.isoformat(),
        "slot": {"from": SPAN.start.isoformat(), "to": SPAN.end.isoformat()},
        "product": {"id": settings["product_id"], "spaces": [settings["space_id"]]},
        "space": {"id": settings["space_id"], "label": "salon"},
        "customer": {"name": "Ada Guest", "email": "ada@guest.example", "phone": "+33600000001"},
    }


def _mozrests(liar: Liar) -> dict[str, object]:
    settings = liar.listing.settings.model_dump()
    return {
        "id": REF,
        "status": "confirmed",
        "venueId": settings["venue_id"],
        "areaId": settings["area_id"],
        "bookingType": settings["booking_type"],
        "partySize": 2,
        "date": SPAN.start.isoformat(),
        "contact": {"firstname": "Ada", "lastname": "Guest", "email": "ada@guest.example"},
    }


def page(name: str, *rows: object) -> dict[str, object]:
    """A whole list of bookings, with its own word that it is whole."""
    if name == "mozrest":
        return {"total": len(rows), "data": list(rows)}
    about = {"totalItems": len(rows), "totalPages": 1, "hasNextPage": False}
    return {"data": list(rows), "meta": about}


def truth(liar: Liar) -> Callable[[str], Answer]:
    """Reads of a provider at which all is as it was before we called."""

    def read(path: str) -> Answer:
        if "slots" in path or "availability" in path:
            return told({"data": [], "slots": []})
        if "?" in path:
            return told(page(liar.name, booking(liar)))
        is_held = path.endswith(HELD)
        return told(booking(liar, id=HELD, status="RESERVED_15_MIN") if is_held else booking(liar))

    return read


Call = Callable[[Liar], Awaitable[object]]


async def _scan(liar: Liar) -> list[object]:
    return [one async for one in liar.channel.scan([liar.listing], DAY)]


READS: Mapping[str, Call] = {
    "fetch": lambda liar: liar.channel.fetch(REF, liar.listing.name),
    "scan": _scan,
    "offers": lambda liar: liar.channel.offers(liar.listing, DAY),
    "find": lambda liar: liar.channel.find(liar.listing, Offer(span=SPAN), CONTACT, NOW),
}
WRITES: Mapping[str, Call] = {
    "hold": lambda liar: liar.channel.hold(liar.listing, Offer(span=SPAN), CONTACT),
    "commit": lambda liar: liar.channel.commit(liar.listing, HELD, CONTACT),
    "release": lambda liar: liar.channel.release(REF, True, CONTACT),
    "cancel": lambda liar: liar.channel.cancel(REF, "flooded", CONTACT),
    "move": lambda liar: liar.channel.move(liar.listing, REF, Offer(span=SPAN), 2),
}
