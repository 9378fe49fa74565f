"""Rows by plain SQL, for the screens to read: a test names only what matters to it."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

NOW = datetime(2026, 11, 20, 10, 5, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOUSE = {"name": "House", "email": "house@example.test", "phone": "+33123456789"}


@dataclass
class Rows:
    """Factories that give ids. `now` is the moment at which everything was last heard of."""

    pool: asyncpg.Pool
    now: datetime = NOW
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def make(self, table: str, **values: object) -> int:
        names = ", ".join(values)
        marks = ", ".join(f"${place}" for place in range(1, len(values) + 1))
        query = f"insert into {table} ({names}) values ({marks}) returning id"
        return int(await self.pool.fetchval(query, *values.values()))

    async def account(
        self, name: str = "rooms-main", channel: str = "rooms", mode: str = "live"
    ) -> int:
        return await self.make(
            "accounts",
            name=name,
            channel=channel,
            mode=mode,
            settings="{}",
            reads_per_minute=60,
            writes_per_minute=20,
            poll_seconds=60,
            offers_seconds=300,
            horizon_days=30,
            created_at=self.now - 24 * HOUR,
        )

    async def polled(self, account: int, at: datetime | None = None, task: str = "bookings") -> int:
        return await self.make(
            "cursors",
            account_id=account,
            task=task,
            next_due_at=self.now,
            last_complete_at=at or self.now,
        )

    async def reading(self, account: int, place: str = "all", **values: object) -> int:
        """A list of bookings that is due now, each minute."""
        row = {"task": "bookings", "due_at": self.now, "every_seconds": 60}
        return await self.make("readings", account_id=account, place=place, **row | values)

    async def paused(self, account: int, direction: str, **values: object) -> int:
        """By eva, since an hour ago."""
        row = {"began_at": self.now - HOUR, "actor": "eva", "reason": "maintenance"}
        return await self.make("pauses", account_id=account, direction=direction, **row | values)

    async def venue(self, name: str = "glasshouse", timezone: str = "Europe/Paris") -> int:
        return await self.make(
            "venues",
            name=name,
            timezone=timezone,
            house_contact=json.dumps(HOUSE),
            holds="rehold",
            conflicts="propose",
        )

    async def unit(self, venue: int, name: str = "salon", seats: int = 12, cleanup: int = 0) -> int:
        return await self.make(
            "units", venue_id=venue, name=name, seats=seats, cleanup_minutes=cleanup
        )

    async def listing(
        self, venue: int, account: int, name: str, units: Sequence[int], takes: str = "all"
    ) -> int:
        listing = await self.make(
            "listings",
            venue_id=venue,
            account_id=account,
            name=name,
            takes=takes,
            party_size=2,
            settings="{}",
        )
        for position, unit in enumerate(units, 1):
            await self.pool.execute(
                "insert into listing_units values ($1, $2, $3)", listing, unit, position
            )
        return listing

    async def booking(self, venue: int | None, listing: int | None = None, **values: object) -> int:
        """From the listing's account if there is one, else made directly; an hour at noon."""
        start = values.pop("start", NOON)
        assert isinstance(start, datetime)
        end = values.pop("end", start + HOUR)
        account, channel = await self._source(listing)
        row = {
            "venue_id": venue,
            "listing_id": listing,
            "account_id": account,
            "channel": channel,
            "external_id": f"ext-{next(self.numbers)}",
            "status": "confirmed",
            "raw_status": "CONFIRMED",
            "payment": "none",
            "during": asyncpg.Range(start, end),
            "party_size": 4,
            "first_seen_at": self.now - HOUR,
            "read_at": self.now,
        }
        return await self.make("bookings", **row | values)

    async def _source(self, listing: int | None) -> tuple[int | None, str]:
        found = await self.pool.fetchrow(
            "select a.id, a.channel from listings l join accounts a on a.id = l.account_id where l.id = $1",
            listing,
        )
        return (found["id"], found["channel"]) if found else (None, "direct")

    async def granted(self, booking: int, *units: int, after: int = 0) -> int:
        """The booking as it was made, with its units for as long as it lasts and `after` minutes more."""
        for unit in units:
            await self.pool.execute(
                "insert into allocations (venue_id, booking_id, unit_id, during) select venue_id, id, $2,"
                " tstzrange(lower(during), upper(during) + make_interval(mins => $3)) from bookings where id = $1",
                booking,
                unit,
                after,
            )
        return booking

    async def guest(self, booking: int, name: str, email: str, phone: str) -> None:
        await self.pool.execute(
            "insert into guests (booking_id, name, email, phone) values ($1, $2, $3, $4)",
            booking,
            name,
            email,
            phone,
        )

    async def offer(
        self,
        listing: int,
        start: datetime = NOON,
        end: datetime | None = None,
        *,
        open: bool = True,
    ) -> None:
        await self.pool.execute(
            "insert into offers values ($1, $2, $3, $4, $5)",
            listing,
            start,
            end or start + HOUR,
            open,
            self.now - timedelta(seconds=41),
        )

    async def block(self, listing: int, because: Sequence[int], **values: object) -> int:
        """Booked, for an hour at noon."""
        start = values.pop("start", NOON)
        assert isinstance(start, datetime)
        end = values.pop("end", start + HOUR)
        place = await self.pool.fetchrow("select * from listings where id = $1", listing)
        number = next(self.numbers)
        row = {
            "venue_id": place["venue_id"],
            "listing_id": listing,
            "account_id": place["account_id"],
            "during": asyncpg.Range(start, end),
            "marker": f"m{number}",
            "wants": "booked",
            "state": "booked",
            "external_id": f"block-{number}",
            "because": list(because),
        }
        return await self.make("blocks", **row | values)

    async def push(self, block: int, **values: object) -> int:
        """Waiting to be placed since now."""
        row = await self.pool.fetchrow("select * from blocks where id = $1", block)
        wished = values.pop("since", self.now)
        push = {
            "venue_id": row["venue_id"],
            "account_id": row["account_id"],
            "block_id": block,
            "call": "place",
            "state": "waiting",
            "risk": 10,
            "starts_at": NOON,
            "due_at": self.now,
            "observed_at": wished,
            "wished_at": wished,
        }
        return await self.make("pushes", **push | values)

    async def event(self, account: int | None, **values: object) -> int:
        """Came in just now by webhook."""
        row = {
            "account_id": account,
            "via": "webhook",
            "raw_type": "booking.created",
            "received_at": self.now,
            "due_at": self.now,
        }
        return await self.make("inbox", **row | values)

    async def conflict(self, booking: int, against: Sequence[int], units: Sequence[int]) -> int:
        venue = await self.pool.fetchval("select venue_id from bookings where id = $1", booking)
        return await self.make(
            "conflicts",
            venue_id=venue,
            kind="double_booking",
            booking_id=booking,
            against_ids=list(against),
            unit_ids=list(units),
            opened_at=self.now - timedelta(seconds=95),
        )

    async def journal(self, venue: int, seq: int, booking: int, data: object) -> None:
        await self.pool.execute(
            "insert into journal (venue_id, seq, at, kind, actor, booking_id, data, hash)"
            " values ($1, $2, $3, 'booking.created', 'webhook', $4, $5, '\\x00')",
            venue,
            seq,
            self.now,
            booking,
            json.dumps(data),
        )

    async def worker(self, beat_at: datetime | None = None) -> None:
        await self.pool.execute(
            "insert into workers (id, version, started_at, beat_at) values ('worker-1', '0', $1, $1)",
            beat_at or self.now,
        )
