"""All that the dashboard shows at one moment, read from Postgres and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import asyncpg

from holdfast.inventory.model import Span
from holdfast.inventory.wall import whole_day
from holdfast.store import day as store_day
from holdfast.store import departures, flaws, reading
from holdfast.store.day import VenueRow
from holdfast.store.departures import Leaving
from holdfast.store.freshness import Knowledge, knowledge
from holdfast.store.reading import AccountRow, ExposureRow
from holdfast.web.addresses import Addresses
from holdfast.web.axis import fitted
from holdfast.web.clashes import Clash, clashes
from holdfast.web.gaps import Gap
from holdfast.web.timeline import Offered, Timeline, busy, timeline
from holdfast.web.verdict import Verdict, verdict

MOST_VENUES = 12
MOST_CONFLICTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the address asks for; `day` None: today at each venue."""

    day: date | None = None
    view: Literal["timeline", "list"] = "timeline"
    off: int = 0
    """The page of those that are off; 0: without them."""
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A venue's day."""

    venue: VenueRow
    zone: ZoneInfo
    timeline: Timeline
    now: datetime
    links: Addresses
    gaps: Mapping[int, Sequence[Gap]] = field(default_factory=dict)
    """By unit, where something can be added."""
    off: int = 0
    """The page of bookings that are off; 0: without them."""
    more_off: bool = False
    only: Literal["day", "agenda"] | None = None
    """None: both the timeline and the list are sent, and the window's width decides."""

    @property
    def zone_name(self) -> str:
        """As on a clock there: CET, CEST; both on the day of the change."""
        ends = (self.timeline.axis.span.start, self.timeline.axis.span.end)
        names = [end.astimezone(self.zone).strftime("%Z") for end in ends]
        return "/".join(dict.fromkeys(names))

    @property
    def is_today(self) -> bool:
        """Whether now lies in it."""
        return self.now.astimezone(self.zone).date() == self.timeline.axis.day


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One moment; `more_venues` and `more_conflicts` say that a limit hides some."""

    now: datetime
    choice: Choice
    verdict: Verdict
    accounts: Sequence[AccountRow]
    known: Knowledge
    clashes: Sequence[Clash]
    days: Sequence[Day]
    beat: datetime | None
    leaving: Sequence[Leaving]
    """What left the configuration, and is not gone yet."""
    more_venues: bool
    more_conflicts: bool

    @property
    def shown(self) -> date:
        """The day that is shown; where venues are on different days, the first one's."""
        if self.choice.day:
            return self.choice.day
        return self.days[0].timeline.axis.day if self.days else self.now.astimezone(UTC).date()


async def overview(pool: asyncpg.Pool, choice: Choice, now: datetime) -> Overview:
    """Raises what asyncpg raises, and TimeoutError."""
    accounts = await reading.accounts(pool, now)
    exposures = await reading.exposures(pool, now)
    offered: list[Offered] = [*exposures, *await reading.occupied(pool, now)]
    conflicts = await reading.conflicts_page(pool, None, False, None, MOST_CONFLICTS + 1)
    venues = await store_day.venues(pool, MOST_VENUES + 1)
    known = await knowledge(pool, now)
    beat = await reading.last_beat(pool)
    return Overview(
        now=now,
        choice=choice,
        verdict=verdict(accounts, exposures, await reading.open_conflicts(pool), known, beat, now),
        accounts=accounts,
        known=known,
        clashes=await clashes(pool, conflicts[:MOST_CONFLICTS], now),
        days=await days_of(pool, venues[:MOST_VENUES], choice, offered, now),
        beat=beat,
        leaving=await departures.leaving(pool, now),
        more_venues=len(venues) > MOST_VENUES,
        more_conflicts=len(conflicts) > MOST_CONFLICTS,
    )


async def days_of(
    pool: asyncpg.Pool,
    venues: Sequence[VenueRow],
    choice: Choice,
    offered: Sequence[Offered],
    now: datetime,
) -> list[Day]:
    """Each venue's; of `offered`, what is about that day of it."""
    read = {venue: await _read(pool, venue, choice, now) for venue in venues}
    ids = [booking.id for rows in read.values() for booking in rows.bookings]
    exposed = [row for row in offered if isinstance(row, ExposureRow)]
    known = await flaws.of_bookings(pool, ids, now, exposed)
    drawn = {venue: replace(rows, flaws=known) for venue, rows in read.items()}
    return [_drawn(venue, rows, choice, offered, now) for venue, rows in drawn.items()]


async def _read(
    pool: asyncpg.Pool, venue: VenueRow, choice: Choice, now: datetime
) -> store_day.VenueDay:
    full = whole_day(_date_at(venue, choice, now), ZoneInfo(venue.timezone))
    return await store_day.venue_day(pool, venue, full, off=choice.off)


def _date_at(venue: VenueRow, choice: Choice, now: datetime) -> date:
    return choice.day or now.astimezone(ZoneInfo(venue.timezone)).date()


def _drawn(
    venue: VenueRow,
    rows: store_day.VenueDay,
    choice: Choice,
    offered: Iterable[Offered],
    now: datetime,
) -> Day:
    zone, date_there = ZoneInfo(venue.timezone), _date_at(venue, choice, now)
    full = whole_day(date_there, zone)
    told = [row for row in offered if row.venue == venue.name and _touches(row, full)]
    axis = fitted(date_there, zone, busy(rows, told), whole=choice.whole)
    return Day(
        venue=venue,
        zone=zone,
        timeline=timeline(axis, rows, told, now),
        now=now,
        links=Addresses(venue=venue.name, day=date_there),
        off=choice.off,
        more_off=rows.more_off,
    )


def _touches(row: Offered, span: Span) -> bool:
    return row.starts_at < span.end and span.start < row.ends_at
