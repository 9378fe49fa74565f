"""A venue on an ordinary bad day: three units, two channels, a conflict, an exposure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.web.rows import HOUR, Rows

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
ABSENT = {"state": "absent", "external_id": None}
UNITS = {"salon": (12, 15), "board room": (8, 0), "chef's table": (6, 15)}
"""Seats and minutes of cleanup."""


@dataclass
class BusyDay:
    """Everything happens on the day that begins at `midnight`."""

    rows: Rows
    midnight: datetime
    venue: int = 0
    accounts: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    listings: dict[tuple[str, str], int] = field(default_factory=dict)

    async def make(self) -> None:
        await self.premises()
        await self.salon()
        await self.board_room()
        await self.chefs_table()
        await self.trouble()

    async def premises(self) -> None:
        now = self.rows.now
        await self.rows.worker()
        self.venue = await self.rows.venue()
        for channel in ("rooms", "tables"):
            account = self.accounts[channel] = await self.rows.account(f"{channel}-main", channel)
            await self.rows.polled(account, now - 40 * SECOND)
            for minutes in range(4, 44, 4):
                came = now - minutes * MINUTE
                await self.rows.event(account, received_at=came, done_at=came, outcome="applied")
        await self.rows.pool.execute("update accounts set last_webhook_at = $1", now - 4 * MINUTE)
        for unit, (seats, cleanup) in UNITS.items():
            await self.sold(unit, seats, cleanup)

    async def sold(self, unit: str, seats: int, cleanup: int) -> None:
        self.units[unit] = await self.rows.unit(self.venue, unit, seats, cleanup)
        for channel, account in self.accounts.items():
            name = f"{unit.replace(' ', '-')}-{channel}"
            self.listings[unit, channel] = await self.rows.listing(
                self.venue, account, name, [self.units[unit]]
            )

    def at(self, hour: float) -> datetime:
        return self.midnight + hour * HOUR

    async def booked(
        self,
        unit: str,
        channel: str,
        hours: tuple[float, float],
        *,
        block: Mapping[str, object] | None = None,
        push: Mapping[str, object] | None = None,
        **values: object,
    ) -> int:
        """A booking with its unit, and the block that answers it on the other channel."""
        span = {"start": self.at(hours[0]), "end": self.at(hours[1])}
        booking = await self.rows.booking(
            self.venue, self.listings[unit, channel], **span, **values
        )
        await self.rows.granted(booking, self.units[unit], after=UNITS[unit][1])
        other = self.listings[unit, "tables" if channel == "rooms" else "rooms"]
        number = await self.rows.block(other, [booking], **span, **(block or {}))
        if push is not None:
            await self.rows.push(number, **push)
        return booking

    async def salon(self) -> None:
        now = self.rows.now
        await self.booked("salon", "rooms", (8, 9.5), status="completed", party_size=6)
        await self.booked("salon", "rooms", (10, 12), status="seated", party_size=10)
        await self.booked(
            "salon",
            "tables",
            (17, 18.5),
            status="held",
            held_until=now + 11 * MINUTE,
            block={"wants": "held", "state": "held", "expires_at": now + 6 * MINUTE},
        )
        await self.booked("salon", "tables", (19.5, 21.5), party_size=11, payment="paid")

    async def board_room(self) -> None:
        now = self.rows.now
        await self.booked("board room", "rooms", (9, 10), status="no_show", party_size=2)
        retried = {"attempts": 2, "since": now - 95 * SECOND}
        await self.booked("board room", "tables", (13, 15), block=ABSENT, push=retried)
        await self.booked("board room", "rooms", (15.5, 17), status="pending")
        lost = {"state": "unknown", "since": now - 20 * SECOND}
        await self.booked(
            "board room", "rooms", (18, 19), status="unknown", block=ABSENT, push=lost
        )
        await self.rows.booking(
            self.venue,
            self.listings["board room", "rooms"],
            start=self.at(11),
            end=self.at(12),
            status="cancelled",
        )

    async def chefs_table(self) -> None:
        unit = self.units["chef's table"]
        await self.booked("chef's table", "tables", (12, 13.5))
        await self.booked("chef's table", "tables", (20, 22), party_size=6, payment="due")
        span = {"start": self.at(16), "end": self.at(18)}
        direct = await self.rows.booking(self.venue, None, unit_ids=[unit], **span)
        await self.rows.granted(direct, unit, after=15)
        for channel in self.accounts:
            await self.rows.block(self.listings["chef's table", channel], [direct], **span)

    async def trouble(self) -> None:
        """The channels sold the salon twice, and one still sells the board room."""
        holder = await self.booked("salon", "rooms", (14, 16), party_size=8)
        loser = await self.rows.booking(
            self.venue, self.listings["salon", "tables"], start=self.at(15), end=self.at(17)
        )
        await self.rows.conflict(loser, [holder], [self.units["salon"]])
        for start in (12, 12.5, 13, 14):
            offered = self.listings["board room", "rooms"]
            await self.rows.offer(offered, self.at(start), self.at(start + 1))


async def busy_day(rows: Rows, midnight: datetime) -> None:
    """Fill an empty database with it."""
    await BusyDay(rows, midnight).make()
