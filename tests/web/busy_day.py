"""A venue on an ordinary bad day: three units, two channels, one conflict, one exposure."""

from datetime import datetime, timedelta

from tests.web.rows import HOUR, Rows

MINUTE = timedelta(minutes=1)


async def busy_day(rows: Rows, midnight: datetime) -> None:
    """Everything happens on the day that begins at `midnight`."""

    def at(hour: float) -> datetime:
        return midnight + hour * HOUR

    rooms, tables = await rows.account(), await rows.account("tables-main", "tables")
    for account in (rooms, tables):
        await rows.polled(account, rows.now - 40 * MINUTE / 60)
        for minutes in range(1, 40, 4):
            received = rows.now - minutes * MINUTE
            done = {"done_at": received, "outcome": "applied"}
            await rows.event(account, received_at=received, **done)
    await rows.pool.execute("update accounts set last_webhook_at = $1", rows.now - 4 * MINUTE)
    await rows.worker()
    venue = await rows.venue()
    salon = await rows.unit(venue, "salon", 12, cleanup=15)
    board = await rows.unit(venue, "board room", 8)
    table = await rows.unit(venue, "chef's table", 6, cleanup=15)
    listings = {
        (unit, account): await rows.listing(venue, account, f"{name}-{channel}", [unit])
        for unit, name in ((salon, "salon"), (board, "board-room"), (table, "chefs-table"))
        for account, channel in ((rooms, "rooms"), (tables, "tables"))
    }

    async def booked(unit: int, account: int, start: float, end: float, **values: object) -> int:
        """A booking with its unit, and the block that answers it on the other channel."""
        span = {"start": at(start), "end": at(end)}
        block = values.pop("block", {})
        booking = await rows.booking(venue, listings[unit, account], **span | values)
        await rows.granted(booking, unit, after=0 if unit == board else 15)
        if isinstance(block, dict):
            other = listings[unit, tables if account == rooms else rooms]
            number = await rows.block(other, [booking], **span | block.get("row", {}))
            if "push" in block:
                await rows.push(number, **block["push"])
        return booking

    await booked(salon, rooms, 8, 9.5, status="completed", party_size=6)
    await booked(salon, rooms, 10, 12, status="seated", party_size=10)
    holder = await booked(salon, rooms, 14, 16, party_size=8)
    hold_until = {"held_until": rows.now + 11 * MINUTE}
    held = {"wants": "held", "state": "held", "expires_at": rows.now + 6 * MINUTE}
    await booked(salon, tables, 17, 18.5, status="held", **hold_until, block={"row": held})
    await booked(salon, tables, 19.5, 21.5, party_size=11, payment="paid")
    await booked(board, rooms, 9, 10, status="no_show", party_size=2)
    absent = {"state": "absent", "external_id": None}
    waiting = {"row": absent, "push": {"attempts": 2, "since": rows.now - 95 / 60 * MINUTE}}
    await booked(board, tables, 13, 15, party_size=5, block=waiting)
    await booked(board, rooms, 15.5, 17, status="pending", party_size=4)
    unsure = {"row": absent, "push": {"state": "unknown", "since": rows.now - 20 / 60 * MINUTE}}
    await booked(board, rooms, 18, 19, status="unknown", party_size=3, block=unsure)
    await booked(table, tables, 12, 13.5, party_size=4)
    await booked(table, tables, 20, 22, party_size=6, payment="due")
    direct = await rows.booking(venue, None, start=at(16), end=at(18), unit_ids=[table])
    await rows.granted(direct, table, after=15)
    for listing in (listings[table, rooms], listings[table, tables]):
        await rows.block(listing, [direct], start=at(16), end=at(18))
    loser = await rows.booking(venue, listings[salon, tables], start=at(15), end=at(17))
    await rows.conflict(loser, [holder], [salon])
    for start in (12, 12.5, 13, 14):
        await rows.offer(listings[board, rooms], at(start), at(start) + HOUR)
    cancelled = {"start": at(11), "end": at(12), "status": "cancelled"}
    await rows.booking(venue, listings[board, rooms], **cancelled)
