"""What came in, what was decided and what went out, since the last look. Nothing of a guest is in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from holdfast.store.queries import load
from holdfast.store.typed import fetched

MOST = 500
"""Rows of each kind in one look."""
COMMITTED, SETTLED = 10.0, 180.0
"""Seconds in which a row of a lower id may still appear, and in which a try may still come to its outcome."""

_SQL = load("tail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event of the inbox."""

    id: int
    at: datetime
    account: str | None
    venue: str | None
    via: str
    raw_type: str
    ref: str | None
    booking_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One try of a call, with its outcome."""

    id: int
    at: datetime
    account: str
    venue: str
    listing: str | None
    call: str
    starts_at: datetime
    timezone: str
    push_id: int
    number: int
    outcome: str
    failure: str | None
    status: int | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One entry of a venue's journal; `data` is JSON."""

    venue_id: int
    seq: int
    at: datetime
    account: str | None
    venue: str
    kind: str
    actor: str
    booking_id: int | None
    block_id: int | None
    push_id: int | None
    data: str


Row = Heard | Sent | Noted


@dataclass(slots=True)
class Marks:
    """Up to where rows were seen. Ids commit out of their order, so those above are remembered for a while."""

    seconds: float
    low: int = 0
    above: dict[int, float] = field(default_factory=dict)
    """When each was first seen."""

    def see(self, ids: Sequence[int], now: float) -> None:
        """These were shown. What was seen long ago has nothing unseen below it any more."""
        self.above |= dict.fromkeys(ids, now)
        old = [number for number, seen in self.above.items() if now - seen > self.seconds]
        self.low = max([self.low, *old])
        self.above = {number: seen for number, seen in self.above.items() if number > self.low}


@dataclass(slots=True)
class Place:
    """How far a listener has come in each of the three."""

    heard: Marks = field(default_factory=lambda: Marks(COMMITTED))
    sent: Marks = field(default_factory=lambda: Marks(SETTLED))
    noted: dict[int, int] = field(default_factory=dict)


async def place_at(pool: asyncpg.Pool, since: datetime) -> Place:
    """Where what happened since then begins."""
    place = Place()
    place.heard.low = await pool.fetchval(_SQL["heard_before"], since)
    place.sent.low = await pool.fetchval(_SQL["sent_before"], since)
    place.noted = {
        row["venue_id"]: row["seq"] for row in await pool.fetch(_SQL["noted_before"], since)
    }
    return place


async def following(pool: asyncpg.Pool, place: Place, now: float) -> list[Row]:
    """What is new, in the order of time; `place` moves on with it. Raises what asyncpg raises, TimeoutError."""
    heard = await fetched(pool, Heard, _SQL["heard"], place.heard.low, [*place.heard.above], MOST)
    sent = await fetched(pool, Sent, _SQL["sent"], place.sent.low, [*place.sent.above], MOST)
    marks = ([*place.noted.keys()], [*place.noted.values()])
    noted = await fetched(pool, Noted, _SQL["noted"], *marks, MOST)
    place.heard.see([row.id for row in heard], now)
    place.sent.see([row.id for row in sent], now)
    for row in noted:
        place.noted[row.venue_id] = max(row.seq, place.noted.get(row.venue_id, 0))
    rows: list[Row] = [*heard, *sent, *noted]
    return sorted(rows, key=lambda row: row.at)
