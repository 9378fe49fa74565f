"""Weighs what a soak cost: calls and reads, bytes in tables and in logs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from holdfast.soak.bounds import Costs
from holdfast.soak.side import Side
from holdfast.store.queries import load

_SQL = load("weigh", "holdfast.soak")


async def weighed(
    connection: asyncpg.Connection,
    sides: Mapping[str, Side],
    logs: Sequence[Path],
    minutes: float,
) -> Costs:
    """`minutes`: for how long all of it ran."""
    deliveries = [await side.ask("GET", "/webhooks") for side in sides.values()]
    requests = [await side.ask("GET", "/requests") for side in sides.values()]
    weight = await connection.fetchrow(_SQL["weight"])
    return Costs(
        bookings=weight["bookings"],
        webhooks=sum(map(len, deliveries)),
        calls=weight["calls"],
        reads=sum(1 for made in requests for request in made if request["method"] == "GET"),
        planned=minutes * weight["planned"],
        table_bytes=weight["table_bytes"],
        log_bytes=sum(log.stat().st_size for log in logs),
    )
