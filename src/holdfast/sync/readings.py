"""readings: what is read of each account, how often by plan, and how it stands."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from holdfast.budget import Pace
from holdfast.channel import BookingList
from holdfast.inventory.model import Span
from holdfast.inventory.timetable import (
    NEAR,
    SOON,
    Cost,
    Load,
    Timetable,
    Wanted,
    distance_of,
    is_near,
    load_of,
    timetable,
)
from holdfast.store import readings
from holdfast.store.readings import Bounds, Goal, Task
from holdfast.sync.parts import Account, Parts, Planned

DAY = timedelta(days=1)

AHEAD_OF_TIME = DAY
"""Lists and days beyond the horizon are read before they count, so that a new day is known when it begins to."""

NOT_MINE = timedelta(seconds=5)
"""What this process does not know waits so long for one that does, which has a newer configuration."""

LEARNED_FOR = timedelta(minutes=1)
"""A timetable stands this long, then it is made anew from what readings took."""


def lists_of(account: Account, now: datetime) -> Sequence[BookingList]:
    """The lists of bookings that are read of an account."""
    window = account.window(now)
    ahead = Span(start=window.start, end=window.end + AHEAD_OF_TIME)
    return account.channel.lists(list(account.listings.values()), ahead)


def stretches_of(account: Account, now: datetime) -> Iterator[tuple[int, str, Span]]:
    """The stretches of offers that are read of an account: listing, name and time.

    A stretch of one day is called by its date, a longer one by its number from today on.
    """
    days = account.channel.capabilities.stretch.days
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = account.horizon_days + (AHEAD_OF_TIME // DAY if days == 1 else 0)
    for listing_id in account.listings:
        for first in range(0, until, days):
            start = today + first * DAY
            name = start.date().isoformat() if days == 1 else str(first // days)
            yield listing_id, name, Span.of(start, days * DAY)


def wanted_of(account: Account) -> Wanted:
    """What the settings ask for."""
    return Wanted(
        reads_per_minute=Pace(per_minute=account.reads_per_minute).steady,
        poll_seconds=account.poll_seconds,
        offers_seconds=account.offers_seconds,
    )


async def ensure_seeded(parts: Parts) -> None:
    """See to it that what the configuration and the day ask for is there to be read."""
    for account in list(parts.accounts.values()):
        now = parts.now()
        lists, stretches = lists_of(account, now), list(stretches_of(account, now))
        goals = (*((None, one.place) for one in lists), *((i, name) for i, name, _ in stretches))
        planned = parts.planned.setdefault(account.id, Planned())
        if goals != planned.goals:
            await _seed(parts, account, lists, stretches)
            planned.goals, planned.table = goals, None


async def _seed(
    parts: Parts,
    account: Account,
    lists: Sequence[BookingList],
    stretches: Sequence[tuple[int, str, Span]],
) -> None:
    now, reads = parts.now(), account.channel.capabilities.stretch.reads
    table = timetable(wanted_of(account), _first_load(lists, stretches, reads, now))
    bookings = [
        Goal(
            listing_id=None,
            place=one.place,
            during=one.during,
            cost=1,
            every=table.every(distance_of(one.during, now)),
        )
        for one in lists
    ]
    offers = [
        Goal(
            listing_id=listing_id,
            place=name,
            during=span,
            cost=reads,
            every=table.near_offers if is_near(span, now) else table.far_offers,
        )
        for listing_id, name, span in stretches
    ]
    async with parts.pool.acquire() as connection, connection.transaction():
        await readings.seed(connection, account.id, "bookings", bookings, now)
        await readings.seed(connection, account.id, "offers", offers, now)


def _first_load(
    lists: Sequence[BookingList],
    stretches: Sequence[tuple[int, str, Span]],
    reads: int,
    now: datetime,
) -> Load:
    costs = [Cost(task="bookings", during=one.during, reads=1, order=None) for one in lists]
    costs += [Cost(task="offers", during=span, reads=reads, order=None) for _, _, span in stretches]
    return load_of(costs, now)


async def timetable_of(connection: asyncpg.Connection, parts: Parts, account: Account) -> Timetable:
    """How often what of an account is read, by what its readings took so far."""
    now, planned = parts.now(), parts.planned.setdefault(account.id, Planned())
    if planned.table is None or planned.made_at is None or now - planned.made_at >= LEARNED_FOR:
        costs = await readings.costs(connection, account.id)
        planned.table, planned.made_at = timetable(wanted_of(account), load_of(costs, now)), now
    return planned.table


async def sum_up(
    connection: asyncpg.Connection, parts: Parts, account: Account, task: Task, table: Timetable
) -> datetime | None:
    """Write how an account's readings stand; returns since when all of them were read, None: not yet."""
    now, offers = parts.now(), task == "offers"
    bounds = Bounds(
        horizon=now + account.horizon_days * DAY,
        near=now + (NEAR if offers else SOON),
        period=table.slowest_offers if offers else table.slowest,
        news=table.near_offers if offers else table.news,
    )
    about: Task = "offers" if offers else "bookings"
    return await readings.sum_up(connection, account.id, about, bounds)
