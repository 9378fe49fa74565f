"""A channel with any number of bookings, for benches that read them: its folder says how it answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Protocol

import asyncpg
import click
from aiohttp import web

from holdfast.bench.crew import contender
from holdfast.clock import SystemClock
from holdfast.exchange import Reply, Request
from holdfast.inventory.model import Span
from holdfast.serving import listening, until_told_to_stop
from holdfast.soak.faults import SIDES
from holdfast.soak.program import HERE, Program
from holdfast.store.queries import load

_SQL = load("hall", "holdfast.bench")


class Crowd(Protocol):
    """What `crowded.Crowded` of a channel's simulator must be; booking `n` is in place `n % places`."""

    @property
    def raw_status(self) -> str: ...

    def settings(self, place: int) -> Mapping[str, str]: ...

    def ref(self, number: int) -> str: ...

    def span(self, number: int) -> Span: ...

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> Reply: ...

    def parse(self, request: Request, reply: Reply) -> int: ...


def _module(side: str) -> str:
    return f"holdfast.channels.{side}.simulator.crowded"


CHANNEL = next(side for side in SIDES if find_spec(_module(side)) is not None)
"""The one that is read."""


def crowd(bookings: int, places: int) -> Crowd:
    """From tomorrow on."""
    day = SystemClock().now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = day + timedelta(days=1)
    made: Crowd = import_module(_module(CHANNEL)).Crowded(
        bookings=bookings, places=places, first=first
    )
    return made


async def settled_in(connection: asyncpg.Connection, there: Crowd) -> Sequence[int]:
    """The halls sell the crowd's places, in their order; the listings."""
    await connection.execute(_SQL["alone"])
    listings = [row["id"] for row in await connection.fetch(_SQL["listings_on"], CHANNEL)]
    for place, listing in enumerate(listings):
        await connection.execute(_SQL["settings"], listing, json.dumps(there.settings(place)))
    await connection.execute(_SQL["unhurried"], CHANNEL)
    return listings


async def news_of(url: str, bookings: int, places: int) -> int:
    """The store at this address is told of all of them, and knows none yet; the account's id."""
    there = crowd(bookings, places)
    connection = await asyncpg.connect(url)
    try:
        await settled_in(connection, there)
        account: int = await connection.fetchval(_SQL["account"], CHANNEL)
        refs = [there.ref(number) for number in range(bookings)]
        await connection.execute(_SQL["heard"], account, refs)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return account


async def decided(connection: asyncpg.Connection, amount: int, look: float) -> tuple[int, float]:
    """Wait until at least so many are decided, looking each `look` seconds; how many, and when by `perf_counter`."""
    while True:
        done: int = await connection.fetchval(_SQL["decided"])
        if done >= amount:
            return done, perf_counter()
        await asyncio.sleep(look)


def provider(folder: Path, bookings: int, places: int) -> Program:
    """It as a process of its own, as light as a provider can be; see `address`."""
    return contender(folder, "crowd", str(bookings), str(places))


async def address(program: Program) -> str:
    """Where a `provider` answers, by its own word."""
    return (await program.says(r"crowd at (http://\S+)"))[1]


@asynccontextmanager
async def served(there: Crowd) -> AsyncIterator[str]:
    """It on a real socket; the address."""

    async def answer(request: web.Request) -> web.Response:
        reply = there.answer(request.method, request.path, request.query)
        return web.Response(status=reply.status, headers=dict(reply.headers), body=reply.body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with listening(app, HERE, 0) as port:
        yield f"http://{HERE}:{port}"


async def _main(bookings: int, places: int) -> None:
    async with served(crowd(bookings, places)) as url:
        click.echo(f"crowd at {url}")
        await until_told_to_stop()


@click.command()
@click.argument("bookings", type=int)
@click.argument("places", type=int)
def main(bookings: int, places: int) -> None:
    """A process of its own, as a provider is."""
    asyncio.run(_main(bookings, places))


if __name__ == "__main__":
    main()
