"""What benches decide on: halls of many rooms in a store, with a past and with bookings to come."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType

import asyncpg

from holdfast import configuration, configuration_apply
from holdfast.clock import SystemClock
from holdfast.example import both_examples
from holdfast.kind import discover
from holdfast.soak.house import SECRETS
from holdfast.store.migrate import migrate
from holdfast.store.queries import load
from holdfast.sync.parts import Parts, wake_nobody
from holdfast.sync.readings import ensure_seeded
from holdfast.wiring import Base, wired

_SQL = load("hall", "holdfast.bench")
PATIENCE = 1800.0
"""Seconds, at most, for one table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Of all halls together but for `rooms`, which each has; every room is sold on each of the example's accounts."""

    halls: int = 1
    rooms: int
    days: int
    """So many are on sale."""
    ahead: int = 0
    past: int = 0


async def built(url: str, size: Size, urls: Mapping[str, str] = MappingProxyType({})) -> None:
    """The halls in an empty database, at rest: all that is booked is closed wherever else it is sold.

    `urls`: where channels are, by name.
    """
    await migrate(url)
    connection = await asyncpg.connect(url, command_timeout=PATIENCE)
    try:
        example = configuration.parse(both_examples(urls), "example", discover())
        await configuration_apply.apply(connection, example, SystemClock().now())
        await _fill(connection, size)
        async with parts_on(url) as parts:
            await ensure_seeded(parts)
        for name in ("told", "listed", "looked"):
            await connection.execute(_SQL[name])
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()


async def _fill(connection: asyncpg.Connection, size: Size) -> None:
    """What is slow to keep up row by row is made anew at the end."""
    slow = await connection.fetch(_SQL["slow_to_fill"])
    for row in slow:
        await connection.execute(row["away"])
    amounts = {"venues": size.halls, "units": size.rooms, "ahead": size.ahead, "past": size.past}
    amounts["offers"] = size.days
    for name in ("venues", "units", "listings", "sold", "rooms", "ahead", "past", "bookings"):
        await connection.execute(_SQL[name].replace("$1", str(amounts.get(name))))
    for name in ("allocations", "blocks"):
        await connection.execute(_SQL[name])
    for row in slow:
        await connection.execute(row["anew"])
    await connection.execute(_SQL["offers"].replace("$1", str(amounts["offers"])))


async def another(url: str, name: str, template: str = "template1") -> str:
    """The address of a new database beside this one, a copy of its template."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"create database {name} template {template} strategy file_copy")
    finally:
        await connection.close()
    return url.replace("/postgres?", f"/{name}?")


@asynccontextmanager
async def parts_on(url: str) -> AsyncIterator[Parts]:
    """What a worker would decide with; nobody is called, nobody is woken."""
    base = Base(database_url=url, redis=None, clock=SystemClock(), environ=SECRETS)
    async with wired(base, wake_nobody) as wiring:
        yield wiring.parts
