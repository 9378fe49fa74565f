"""A double booking as rows: two channels, one room."""

import json

from tests.web.rows import Rows


async def two_sides(rows: Rows) -> int:
    venue, rooms = await rows.venue(), await rows.account()
    tables = await rows.account("tables-main", "tables")
    unit = await rows.unit(venue)
    a = await rows.listing(venue, rooms, "salon-rooms", [unit])
    b = await rows.listing(venue, tables, "salon-tables", [unit])
    holder = await rows.granted(await rows.booking(venue, a, external_id="r-1"), unit)
    loser = await rows.booking(venue, b, external_id="t-2")
    await rows.block(b, [holder], external_id="k-1")
    await rows.block(a, [holder, loser], external_id="k-2")
    conflict = await rows.conflict(loser, [holder], [unit])
    evidence = {"why": {"delay": "queued", "seconds": 71, "text": "waited"}}
    await rows.pool.execute("update conflicts set evidence = $1", json.dumps(evidence))
    return conflict
