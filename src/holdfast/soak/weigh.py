"""Weighs what a soak cost: calls and reads, bytes in tables and in logs."""

import asyncpg

from holdfast.soak.bounds import Costs
from holdfast.soak.rig import Rig
from holdfast.store.queries import load

_SQL = load("weigh", "holdfast.soak")


async def table_bytes(url: str) -> int:
    """What all tables take."""
    connection = await asyncpg.connect(url, timeout=60)
    try:
        return int(await connection.fetchval(_SQL["table_bytes"]))
    finally:
        await connection.close(timeout=60)


async def weighed(connection: asyncpg.Connection, rig: Rig, laden: int) -> Costs:
    """`laden`: what tables took before anything happened."""
    sides = rig.sides.values()
    deliveries = [await side.ask("GET", "/webhooks") for side in sides]
    requests = [await side.ask("GET", "/requests") for side in sides]
    weight = await connection.fetchrow(_SQL["weight"])
    return Costs(
        bookings=weight["bookings"],
        webhooks=sum(map(len, deliveries)),
        calls=weight["calls"],
        reads=sum(1 for made in requests for request in made if request["method"] == "GET"),
        planned=rig.minutes * weight["planned"],
        table_bytes=await connection.fetchval(_SQL["table_bytes"]) - laden,
        log_bytes=sum(log.stat().st_size for log in rig.logs),
    )
