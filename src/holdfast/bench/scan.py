"""scan: a complete poll of bookings that did not change, against parsing its pages with the wire models alone."""

import asyncio
import gc
import resource
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode, urlsplit

import asyncpg
import click

from holdfast.bench.crew import printed
from holdfast.bench.crowd import CHANNEL, Crowd, crowd, settled_in
from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.bench.hall import Size, another, built, parts_on
from holdfast.clock import SystemClock
from holdfast.doctor_accounts import connection_of
from holdfast.embedded import embedded_postgres
from holdfast.exchange import Reply, Request
from holdfast.kind import discover
from holdfast.processes import settle_in
from holdfast.soak.house import SECRETS
from holdfast.soak.program import Missed
from holdfast.store import configuration
from holdfast.store.queries import load
from holdfast.sync.parts import Parts
from holdfast.sync.poll import poll

_SQL = load("hall", "holdfast.bench")

MANY, MANY_WHOLE, ROOMS = 20_000, 100_000, 10
FEWER = 10
"""So many times fewer are read to see what of the memory depends on their number."""

FLOOR = "the wire models alone"


@dataclass(slots=True, kw_only=True)
class Pages:
    """The provider's answers, made once and kept in a file: a transport that costs next to nothing."""

    there: Crowd
    file: Path
    known: dict[str, tuple[int, int]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    """Each request for a page with bookings on it, once."""

    async def send(self, request: Request) -> Reply:
        """See `Transport.send`."""
        query = dict(request.query)
        key = f"{request.url}?{urlencode(query)}"
        if key not in self.known:
            reply = self.there.answer(request.method, urlsplit(request.url).path, query)
            with self.file.open("ab") as kept:
                self.known[key] = (kept.tell(), len(reply.body))
                kept.write(reply.body)
            if query:
                self.asked.append(request)
        return self.again(key)

    def again(self, key: str) -> Reply:
        """What was answered before."""
        start, length = self.known[key]
        with self.file.open("rb") as kept:
            kept.seek(start)
            return Reply(status=200, headers={}, body=kept.read(length))

    def parsed(self) -> int:
        """How many bookings the wire models find on all pages."""
        return sum(
            self.there.parse(one, self.again(f"{one.url}?{urlencode(dict(one.query))}"))
            for one in self.asked
        )


async def measure(ground: Ground) -> Sequence[Figure]:
    """Bookings a second; no socket in either. And the most memory that a process needs for many and for few."""
    many = MANY_WHOLE if ground.whole else MANY
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(embedded_postgres(ground.folder))
        url = await _known(server, many)
        few = await _known(server, many // FEWER)
        pages = Pages(there=crowd(many, ROOMS), file=ground.folder / "pages")
        parts = await stack.enter_async_context(_reading(url, pages))
        await _polled(parts)  # from now on the pages are in their file
        ours, floor, small, large = [], [], [], []
        for _ in ground.turns():
            ours.append(many / await _polled(parts))
            floor.append(_parsed(pages, many))
            large.append(await _weighed(ground.folder, url, many))
            small.append(await _weighed(ground.folder, few, many // FEWER))
    fewer = f"{many // FEWER:,} bookings"
    return [
        Figure(
            bench="scan",
            what=f"unchanged bookings, a poll of {many:,}",
            unit="1/s",
            ours=Series(name="poll", runs=ours),
            others=[Series(name=FLOOR, runs=floor)],
            demands=[Demand(against=FLOOR, at_least=0.5)],
        ),
        Figure(
            bench="scan",
            what=f"most memory of a process, {many:,} bookings",
            unit="MiB",
            ours=Series(name="poll", runs=large),
            others=[Series(name=fewer, runs=small)],
            demands=[Demand(against=fewer, at_most=1.1)],
        ),
    ]


async def _known(server: str, many: int) -> str:
    """A store that knows all of them already."""
    url = await another(server, f"known_{many}")
    await built(url, Size(rooms=ROOMS, days=1))
    there = crowd(many, ROOMS)
    connection = await asyncpg.connect(url)
    try:
        listings = await settled_in(connection, there)
        spans = [there.span(n) for n in range(many)]
        await connection.execute(
            _SQL["known"],
            CHANNEL,
            there.raw_status,
            [listings[n % ROOMS] for n in range(many)],
            [there.ref(n) for n in range(many)],
            [span.start for span in spans],
            [span.end for span in spans],
        )
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return url


@asynccontextmanager
async def _reading(url: str, pages: Pages) -> AsyncIterator[Parts]:
    """The parts of a worker whose account reads these pages, in a process that has settled in like a worker's."""
    async with parts_on(url) as parts:
        book = await configuration.load(parts.pool)
        account = next(a for a in parts.accounts.values() if a.channel_name == CHANNEL)
        kind, listings = discover()[CHANNEL], list(account.listings.values())
        connection = connection_of(kind, book.accounts[account.id], pages, SECRETS, SystemClock())
        channel = kind.connect(replace(connection, listings=listings))
        parts.accounts = {**parts.accounts, account.id: replace(account, channel=channel)}
        settle_in()
        try:
            yield parts
        finally:
            gc.unfreeze()


async def _polled(parts: Parts) -> float:
    """Seconds for one complete poll. Raises Missed when it was none."""
    account = next(a for a in parts.accounts.values() if a.channel_name == CHANNEL)
    async with parts.pool.acquire() as connection:
        await connection.execute(_SQL["unread"], account.id)
    began = perf_counter()
    await poll(parts)
    seconds = perf_counter() - began
    async with parts.pool.acquire() as connection:
        if not await connection.fetchval(_SQL["quiet"], account.id):
            raise Missed("the poll was not complete, or something had changed")
    return seconds


def _parsed(pages: Pages, many: int) -> float:
    began = perf_counter()
    if pages.parsed() != many:
        raise Missed("not every booking was on a page")
    return many / (perf_counter() - began)


async def _weighed(folder: Path, url: str, many: int) -> float:
    """Mebibytes: the most that a process of its own took for two polls."""
    return float(await printed(folder, "scan", url, str(folder / "weighed"), str(many))) / 1024


async def _weigh(url: str, file: Path, many: int) -> None:
    async with _reading(url, Pages(there=crowd(many, ROOMS), file=file)) as parts:
        await _polled(parts)
        await _polled(parts)
    click.echo(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    Path(sys.argv[2]).unlink(missing_ok=True)
    asyncio.run(_weigh(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
