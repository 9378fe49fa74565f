"""Reads the evidence: from our store by SQL, from the simulators by their control sides."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from holdfast.inventory.marker import marker_of
from holdfast.inventory.model import Span
from holdfast.soak.books import Books, Entry, Store, Stored, read_books
from holdfast.soak.bounds import Exposed
from holdfast.soak.evidence import (
    Block,
    Cancel,
    Clash,
    Clock,
    Evidence,
    Grant,
    Look,
    Made,
    Row,
    Told,
    Witness,
    Write,
)
from holdfast.soak.houses import houses, place_of
from holdfast.soak.sales import ours
from holdfast.soak.side import Side
from holdfast.soak.traits import traits
from holdfast.store import journal
from holdfast.store.queries import load
from holdfast.store.ranges import to_span
from holdfast.store.rebuilt import unlike
from holdfast.store.trouble import DATABASE_TROUBLE

_SQL = load("gather", "holdfast.soak")
LOOK_SECONDS = 1.0


@dataclass(kw_only=True)
class Watch:
    """Looks at the store again and again, past all proxies; while Postgres is down there is nothing to see."""

    url: str
    age: Callable[[], int] = int
    """How often the store went back to an older state until now."""
    looks: list[Look] = field(default_factory=list)

    async def keep(self) -> None:
        """For ever."""
        while True:
            with suppress(*DATABASE_TROUBLE):
                await self._look()
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        connection = await asyncpg.connect(self.url, timeout=5)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                self.looks.append(replace(await look(connection), age=self.age()))
        finally:
            await connection.close(timeout=5)


async def witness(url: str) -> asyncpg.Connection:
    """A connection for all that is asked once it is quiet."""
    connection = await asyncpg.connect(url, timeout=60)
    await see(connection)
    return connection


async def see(connection: asyncpg.Connection) -> None:
    """Prepare a session for what is asked here."""
    await connection.execute(_SQL["see"])


async def look(connection: asyncpg.Connection) -> Look:
    """The store at this moment."""
    versions = await connection.fetch(_SQL["versions"])
    grants = await connection.fetch(_SQL["grants"])
    return Look(
        versions={row["id"]: row["version"] for row in versions},
        grants=[
            Grant(unit_id=row["unit_id"], booking_id=row["booking_id"], span=to_span(row["during"]))
            for row in grants
        ],
    )


async def stored(connection: asyncpg.Connection) -> Store:
    """Our bookings, conflicts, and what was given up."""
    rows = await connection.fetch(_SQL["bookings"])
    clashes = await connection.fetch(_SQL["clashes"])
    return Store(
        bookings=[
            Stored(
                id=r["id"],
                channel=r["channel"],
                ref=r["external_id"],
                status=r["status"],
                span=to_span(r["during"]) if r["during"] else None,
            )
            for r in rows
        ],
        in_conflict=frozenset(n for c in clashes for n in (c["booking_id"], *c["against_ids"])),
        dead_pushes=await connection.fetchval(_SQL["dead"]),
        direct=_direct(await connection.fetch(_SQL["direct"])),
        pauses={
            row["name"]: timedelta(minutes=row["minutes"])
            for row in await connection.fetch(_SQL["pauses"])
        },
    )


def _direct(rows: Sequence[asyncpg.Record]) -> Books:
    taken: dict[str, list[Entry]] = {row["unit"]: [] for row in rows}
    for row in rows:
        if row["during"] is not None:
            span = to_span(row["during"])
            taken[row["unit"]].append(
                Entry(ref=row["external_id"], span=span, ours=False, held=False)
            )
    return Books(taken=taken, offers=dict.fromkeys(taken, ()), taken_twice=0)


async def waiting(connection: asyncpg.Connection) -> list[str]:
    """What the store still waits for; nothing: then what is right stays right."""
    rows = await connection.fetch(_SQL["waiting"])
    return [f"{row['what']}: {row['n']} wait: {row['about']}" for row in rows if row["n"]]


async def evidence(
    connection: asyncpg.Connection,
    sides: Mapping[str, Side],
    looks: Sequence[Look],
    ended_alone: Sequence[str],
) -> Evidence:
    """The providers are asked first: what comes in meanwhile is then only in our store."""
    witnesses = {name: await _witness(side) for name, side in sides.items()}
    inbox = await connection.fetch(_SQL["inbox"])
    erased = await connection.fetch(_SQL["erased"])
    placed = await connection.fetch(_SQL["placed"])
    venues = await connection.fetch(_SQL["venues"])
    broken = {v["name"]: await journal.broken_at(connection, v["id"]) for v in venues}
    return Evidence(
        sides=witnesses,
        store=await stored(connection),
        inbox={
            (r["channel"], r["digest"]): Row(count=r["count"], numbered=r["numbered"])
            for r in inbox
        },
        erased={row["channel"]: row["count"] for row in erased},
        blocks=[_block(row) for row in await connection.fetch(_SQL["blocks"])],
        placed={row["channel"]: row["count"] for row in placed},
        told=await told(connection),
        looks=[*looks, replace(await look(connection), age=looks[-1].age if looks else 0)],
        broken={venue: seq for venue, seq in broken.items() if seq is not None},
        waiting=await waiting(connection),
        ended_alone=list(ended_alone),
        houses=await houses(connection),
        cancels=await cancels(connection),
        clashes=[Clash(**dict(row)) for row in await connection.fetch(_SQL["shown"])],
        contacts={
            (row["channel"], place_of(row["name"], row["channel"])): row["email"]
            for row in await connection.fetch(_SQL["contacts"])
        },
        unlike=await unlike(connection),
    )


async def _witness(side: Side) -> Witness:
    deliveries = await side.ask("GET", "/webhooks")
    requests = await side.ask("GET", "/requests")
    records = await side.ask("GET", "/records")
    return Witness(
        books=read_books(await side.ask("GET", "/truth"), side.units),
        made=[_made(r, side.units[r["place"]]) for r in records if r["place"] in side.units],
        moved_away=[r["ref"] for r in records if r["place"] not in side.units],
        writes=[_write(request) for request in requests if request["method"] != "GET"],
        accepted=Counter(digest for d in deliveries for digest in d["accepted"]),
        creates=sum(_creates(request, traits()[side.name].creates) for request in requests),
    )


def _creates(request: Mapping[str, Any], path: str) -> bool:
    """A call with a bad token was not acted on; it may be sent again with a good one."""
    fresh = request["method"] == "POST" and request["path"] == path
    return fresh and request.get("status") != 401


def _write(request: Mapping[str, Any]) -> Write:
    call = f"{request['method']} {request['path']}"
    return Write(call=call, refs=frozenset(request["path"].split("/")))


def _made(record: Mapping[str, Any], unit: str) -> Made:
    when = {name: datetime.fromisoformat(record[name]) for name in ("start", "end", "made")}
    return Made(
        ref=record["ref"],
        unit=unit,
        span=Span(start=when["start"], end=when["end"]),
        ours=record["by"] == "client",
        marker=marker_of(record["email"]),
        contact=re.sub(r"\+[^@]*@", "@", record["email"]) if record["email"] else None,
        made=when["made"],
        over=datetime.fromisoformat(record["over"]) if record["over"] else None,
    )


async def cancels(connection: asyncpg.Connection) -> list[Cancel]:
    """Guests' bookings that were to end."""
    return [
        Cancel(
            channel=row["channel"],
            ref=row["ref"],
            actor=row["actor"],
            about=[(channel, ref) for channel, ref in row["about"]],
            read_after=row["read_after"],
        )
        for row in await connection.fetch(_SQL["cancels"])
    ]


async def told(connection: asyncpg.Connection) -> list[Told]:
    """What the journal says of bookings."""
    return [_told(row) for row in await connection.fetch(_SQL["told"])]


def _block(row: asyncpg.Record) -> Block:
    return Block(
        id=row["id"],
        channel=row["channel"],
        state=row["state"],
        ref=row["external_id"],
    )


def _told(row: asyncpg.Record) -> Told:
    data = json.loads(row["data"])
    return Told(
        venue_id=row["venue_id"],
        seq=row["seq"],
        at=row["at"],
        kind=row["kind"],
        booking_id=row["booking_id"],
        ref=data.get("ref", "direct"),
        status=data.get("status"),
        read_at=datetime.fromisoformat(data["read_at"]) if "read_at" in data else None,
    )


async def counted(connection: asyncpg.Connection) -> dict[str, int]:
    """For the summary: bookings, webhooks, attempts, unknown outcomes, conflicts."""
    return dict(await connection.fetchrow(_SQL["counts"]))


async def exposed(connection: asyncpg.Connection, clocks: Sequence[Clock]) -> list[Exposed]:
    """Each exposure, with the known error of the provider's clock taken out."""
    rows = await connection.fetch(_SQL["exposures"])
    return [
        Exposed(
            source=row["source"],
            target=row["target"],
            ref=row["ref"],
            began=ours(clocks, row["source"], row["began_at"])
            if row["theirs"]
            else row["began_at"],
            ended=row["ended_at"],
        )
        for row in rows
    ]


async def stories(connection: asyncpg.Connection, ref: str) -> list[str]:
    """What our journal says about a booking and the blocks because of it, a line each."""
    rows = await connection.fetch(_SQL["story"], [ref])
    return [f"{row['at']:%H:%M:%S.%f} {row['actor']} {row['kind']} {row['data']}" for row in rows]
