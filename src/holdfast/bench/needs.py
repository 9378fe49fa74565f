"""What many venues need, by what one thing costs. No I/O.

A model, not a measurement: every figure is a cost that was measured, times how often it comes in the busiest hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

DAY, YEAR = 86_400.0, 365
BUSY = 0.6
"""So much of a process's time may be used in the busiest hour: beyond it, whoever comes waits."""

FOLLOW = 0.1
"""So much of it may go into following the configuration: where that is more, venues are parted."""

LEAST = 2
"""Of each kind of process in each part, so that one may be restarted."""

A_CALL, A_DECISION, A_WEBHOOK = 4.0, 1.0, 2.0
"""Redis operations, those within scripts counted: to ask the budget, and to wake whoever sleeps. `--check` counts those
of a booking. arq's job, one a second of each process that wakes others, is left out."""

POOL, MOST_CONNECTIONS = 12, 400
"""Connections of a process, and those that one Postgres takes well without a pooler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was measured on one machine; seconds are those of one process."""

    webhook: float
    booking: float
    """Seconds of a worker, from the inbox to the commit; its statements included."""
    statements: float
    """Of these, seconds for which Postgres is asked."""
    read_row: float
    """Seconds for one booking on a page that did not change."""
    stored: float
    """Bytes for a booking with all that follows from it, for ever."""
    logged: float
    """Bytes of the write-ahead log for it."""
    process: float
    """Mebibytes of one that knows few venues."""
    known: float
    """Mebibytes more for each venue that a process knows."""
    followed: float
    """Seconds for each venue, every time a process looks whether the configuration changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What a venue is taken to be like: an account of its own on each of two channels."""

    bookings: float = 20.0
    """A day, with all that becomes of them: told twice, one in five moved or cancelled."""
    told: float = 2.4
    calls: float = 2.4
    """Outward, for each booking: hold, confirm, and give back now and then."""
    peak: float = 5.0
    """The busiest hour against the mean."""
    accounts: int = 2
    listings: int = 4
    """On each account."""
    ahead: float = 50.0
    """Bookings that a poll of a listing shows."""
    poll_seconds: float = 60.0
    offers_seconds: float = 300.0
    latency: float = 0.15
    """Seconds until a provider answers; a process reads one account at a time."""
    look_seconds: float = 5.0
    """Between two looks at the configuration."""
    writes_per_minute: float = 20.0
    reads_per_minute: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Of so many venues in the busiest hour, but for what a year leaves behind."""

    venues: int
    webhooks: float
    """A second."""
    bookings: float
    """Read and decided, a second."""
    rows: float
    """Read by polls and found unchanged, a second."""
    parts: int
    """Groups of venues, each with processes and a Postgres of its own."""
    webs: int
    workers: int
    follow: float
    """The part of its time that every process spends on following the configuration."""
    memory: float
    """Mebibytes of each process."""
    connections: int
    """To each Postgres."""
    postgres: float
    """Processor seconds a second of all of them, of deciding alone."""
    written: float
    """Bytes of log a second."""
    stored: float
    """Bytes a year."""
    redis: float
    """Operations a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """What is reached at so many venues, and what moves it."""

    venues: float
    what: str
    moved_by: str


def needs(venues: int, costs: Costs, habits: Habits) -> Needs:
    """The busiest hour of so many venues."""
    bookings = venues * habits.bookings * habits.peak / DAY
    webhooks, calls = bookings * habits.told, bookings * habits.calls
    decided = bookings * habits.told + calls  # each settled call is decided on like news
    reads = _reads(venues, habits)
    rows = venues * habits.accounts * habits.listings * habits.ahead / habits.poll_seconds
    looking = costs.followed / habits.look_seconds
    parts = max(1, ceil(venues * looking / FOLLOW))
    follow = venues / parts * looking
    free = BUSY - follow
    work = decided * costs.booking + rows * costs.read_row
    waiting = reads * habits.latency  # one reading at a time: so many processes only wait
    webs = max(LEAST * parts, ceil(webhooks * costs.webhook / free))
    workers = max(LEAST * parts, ceil(max(work / free, waiting)))
    return Needs(
        venues=venues,
        webhooks=webhooks,
        bookings=decided,
        rows=rows,
        parts=parts,
        webs=webs,
        workers=workers,
        follow=follow,
        memory=costs.process + venues / parts * costs.known,
        connections=ceil((webs + workers) / parts) * POOL,
        postgres=decided * costs.statements,
        written=bookings * costs.logged,
        stored=venues * habits.bookings * YEAR * costs.stored,
        redis=A_CALL * (reads + decided) + A_DECISION * decided + A_WEBHOOK * webhooks,
    )


def _reads(venues: int, habits: Habits) -> float:
    """Calls a second that only look: a page for each listing, and what it offers."""
    every = 1 / habits.poll_seconds + 1 / habits.offers_seconds
    return venues * habits.accounts * habits.listings * every


def walls(costs: Costs, habits: Habits, cores: float) -> Sequence[Wall]:
    """The nearest first; `cores` are Postgres's."""
    scale = 1_000_000
    one = needs(scale, costs, habits)
    work = one.bookings * costs.booking + one.rows * costs.read_row
    workers = max(_reads(scale, habits) * habits.latency, work / (BUSY - FOLLOW))
    found = [
        Wall(
            venues=scale * MOST_CONNECTIONS / POOL / workers,
            what=f"{MOST_CONNECTIONS} connections of workers to one Postgres, nearly all for polls",
            moved_by="PgBouncer; longer poll_seconds; several readings at once in a process",
        ),
        Wall(
            venues=FOLLOW * habits.look_seconds / costs.followed,
            what="every process follows the whole configuration",
            moved_by="partitioning by venue: each group of processes with a database of its own",
        ),
        Wall(
            venues=scale * cores * BUSY / one.postgres,
            what=f"one Postgres with {cores:g} cores decides no more",
            moved_by="a larger Postgres, then partitioning by venue",
        ),
        Wall(
            venues=scale * 10e12 / one.stored,
            what="10 TB are stored within a year",
            moved_by="partitioning by venue; an archive of what is over",
        ),
    ]
    return sorted(found, key=lambda wall: wall.venues)


def most_listings(habits: Habits) -> int:
    """On one account, as often as it is polled: what the provider's read budget has room for."""
    every = 60 / habits.poll_seconds + 60 / habits.offers_seconds
    return int(habits.reads_per_minute / every)


def most_bookings(habits: Habits) -> float:
    """Bookings an hour on other channels that one account's write budget has room for."""
    return habits.writes_per_minute * 60 / habits.calls
