"""lists: one page of an account's bookings is read, believed, and its list goes on where it stopped.

A list of days ahead is read from its first page to its last, again and again. A list that keeps its past is read often
where new bookings appear, and as a whole more slowly. What no list shows any more is asked after by its id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from holdfast.channel import BookingList, ListPage
from holdfast.inventory import passes
from holdfast.inventory.passes import Ended, Order, Pass, Sight
from holdfast.inventory.timetable import Timetable, distance_of
from holdfast.store import blocks as block_store
from holdfast.store import bookings as booking_store
from holdfast.store import readings
from holdfast.store.readings import Reading, Settled
from holdfast.sync.brake import ask_after
from holdfast.sync.pages import believe_page
from holdfast.sync.parts import Account, Parts
from holdfast.sync.readings import NOT_MINE, lists_of, sum_up, timetable_of

ASK_APART = timedelta(seconds=30)
"""Between two looks for what no list shows: many lists are complete again each minute."""

TOLERATED = timedelta(minutes=10)
"""Beyond three times the plan: a provider may have been away for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A page of a list, as it was read and believed."""

    reading: Reading
    which: BookingList
    number: int | None
    page: ListPage
    table: Timetable
    only_news: bool
    """It was read for new bookings; the whole of its list is read apart from that."""
    horizon: datetime
    """What begins later is read ahead of time."""

    @property
    def order(self) -> Order:
        """In which the list was seen to show its rows."""
        order: Order = self.reading.memo.get("order", "unknown")
        return order

    @property
    def every(self) -> float:
        """Seconds between two readings of the list, or of all that is past in it."""
        if self.reading.task == "past" and self.order != "none":
            return self.table.past
        during = self.which.during
        if during is not None and during.start >= self.horizon:
            return self.table.far
        return self.table.every(distance_of(during, self.reading.started_at))

    def sight(self, fresh: int, *, as_before: bool = False) -> Sight:
        """What it told of its list; an unreadable row counts as fresh."""
        page, strange = self.page, len(self.page.page.strange)
        return Sight(
            number=self.number,
            next=page.next,
            last=page.last,
            total=page.total,
            rows=len(page.refs) + strange,
            fresh=fresh + strange,
            readable=page.readable,
            made=page.made,
            as_before=as_before,
        )


async def read_page(parts: Parts, reading: Reading, account: Account) -> bool:
    """Read the page that is due; True: all of its list was read now. Raises ChannelError."""
    which = next((o for o in lists_of(account, parts.now()) if o.place == reading.place), None)
    if which is None:
        async with parts.pool.acquire() as connection:
            await readings.put_off(connection, reading, parts.now() + NOT_MINE, None)
        return False
    read = await _read(parts, reading, account, which)
    async with parts.pool.acquire() as connection:
        async with connection.transaction():
            if not await readings.is_still_ours(connection, reading):
                return False
            news = 0
            if read.page.refs:
                shown = (account.id, read.page.refs, reading.started_at)
                news = await readings.mark_listed(connection, *shown)
            if read.only_news:
                done = await _after_news(connection, read, news)
            else:
                done = await _after_page(connection, read)
        if read.page.next is not None and not read.only_news:
            return False  # within a pass nothing is known better
        complete = await sum_up(connection, parts, account, "bookings", read.table)
    if done and complete is not None and parts.now() - complete <= _oldest(read.table):
        await _ask_after_absent(parts, account, complete)
    return done


def _oldest(table: Timetable) -> timedelta:
    """What is concluded from all lists together rests on no older part."""
    return TOLERATED + 3 * timedelta(seconds=table.slowest)


async def _read(parts: Parts, reading: Reading, account: Account, which: BookingList) -> Read:
    async with parts.pool.acquire() as connection:
        table = await timetable_of(connection, parts, account)
        keeps_past = which.during is None and await readings.has_past(connection, reading)
    only_news = reading.task == "bookings" and keeps_past
    number = reading.page
    if number is None and only_news:
        number = passes.news_page(reading.memo.get("order", "unknown"), reading.memo.get("last"))
    listings, since = list(account.listings.values()), account.window(parts.now()).start
    page = await account.channel.read_list(listings, which, number, since)
    await believe_page(parts, account, page.page)
    return Read(
        reading=reading,
        which=which,
        number=number,
        page=page,
        table=table,
        only_news=only_news,
        horizon=account.window(reading.started_at).end,
    )


async def _after_news(connection: asyncpg.Connection, read: Read, news: int) -> bool:
    """Nothing is concluded from what this page does not show, but that its list is not as it was taken to be.

    `news` are those of its rows, guests' and ours, that no list had shown before.
    """
    reading, memo, sight = read.reading, read.reading.memo, read.sight(fresh=len(read.page.refs))
    if sight.next is None and sight.number is None:
        await readings.end_past(connection, reading)
        return await _end(connection, read, Ended(whole=sight.readable, pages=1, order=read.order))
    in_all = news + (memo.get("news", 0) if reading.page is not None else 0)
    more = passes.page_after_news(read.order, sight, news)
    if more is not None:
        going_on = {**memo, "news": in_all}
        await readings.settle(connection, reading, _next(read, going_on, page=more))
        return False
    learned = {"order": read.order, "last": sight.last, "total": sight.total}
    if read.order != "none" and passes.breaks_the_order(memo.get("total"), sight, in_all):
        learned["order"] = "unknown"
        await readings.hurry(connection, reading.account_id, ["past"], reading.started_at)
    await readings.settle(connection, reading, _next(read, learned, after=read.every))
    return False


async def _after_page(connection: asyncpg.Connection, read: Read) -> bool:
    """A pass goes on, or ends, or moves to a reading of its own where its list keeps its past."""
    reading, refs, so_far = read.reading, read.page.refs, _pass_of(read.reading)
    alone = read.page.next is None and not so_far.pages
    fresh = len(refs) if alone else await readings.see(connection, reading.id, refs)
    as_before = False
    if read.page.next is None and read.page.total is None and not alone:
        as_before = await readings.seen(connection, reading.id) == reading.memo.get("seen")
    sight = read.sight(fresh, as_before=as_before)
    result = passes.after(so_far, sight)
    if isinstance(result, Ended):
        return await _end(connection, read, result)
    memo = {**reading.memo, "pass": passes.to_plain(result)}
    if read.which.during is None and reading.task == "bookings":
        await _move(connection, read, result, sight)
    else:
        going_on = _next(read, memo, page=result.page, after=_pace(read), began=True)
        await readings.settle(connection, reading, going_on)
    return False


def _pace(read: Read) -> float:
    """Seconds to the next page of a pass: none, but where the past is read again in the background."""
    reading = read.reading
    if reading.task == "bookings" or reading.complete_at is None:
        return 0.0
    return read.every / max(reading.cost, 1)


async def _move(connection: asyncpg.Connection, read: Read, result: Pass, sight: Sight) -> None:
    """The first of several pages: the pass goes on by itself, and here only news are looked for from now on."""
    reading = read.reading
    going_on = _next(read, {"pass": passes.to_plain(result)}, page=result.page, began=True)
    number = await readings.begin_past(connection, reading, going_on)
    await readings.end_pass(connection, reading.id)
    if number is not None:
        await readings.see(connection, number, read.page.refs)
    learned = {"order": result.order, "last": sight.last, "total": sight.total}
    await readings.settle(connection, reading, _next(read, learned, after=read.every))


async def _end(connection: asyncpg.Connection, read: Read, result: Ended) -> bool:
    """The pass is over; True: every row was seen."""
    reading, page = read.reading, read.page
    memo: dict[str, object] = {"order": result.order, "last": page.last, "total": page.total}
    if _pass_of(reading).pages:
        memo["seen"] = await readings.end_pass(connection, reading.id)
    if reading.task == "past":
        learned = {"order": result.order}
        await readings.remember(connection, reading, "bookings", learned)
    began = reading.pass_began_at or reading.started_at
    pause = read.every if reading.task == "bookings" else read.every / max(result.pages, 1)
    ended = replace(
        _next(read, memo, after=pause),
        complete_at=began if result.whole else None,
        cost=max(result.pages, 1),
    )
    return await readings.settle(connection, reading, ended) and result.whole


def _pass_of(reading: Reading) -> Pass:
    return passes.from_plain(reading.memo.get("pass", {}))


def _next(
    read: Read,
    memo: Mapping[str, object],
    *,
    page: int | None = None,
    after: float = 0.0,
    began: bool = False,
) -> Settled:
    """The reading as it goes on: with which page, in how many seconds, and whether its pass goes on with it."""
    reading = read.reading
    pass_began_at: datetime | None = None
    if began:
        pass_began_at = reading.pass_began_at or reading.started_at
    return Settled(
        due_at=reading.started_at + timedelta(seconds=after),
        page=page,
        pass_began_at=pass_began_at,
        memo=memo,
        complete_at=None,
        cost=None,
        every=read.every,
    )


async def _ask_after_absent(parts: Parts, account: Account, complete: datetime) -> None:
    """Everything was read since `complete`: what was live before, and no list has shown since, is asked after."""
    window = account.window(complete)
    listed_too = account.channel.capabilities.reads_holds
    async with parts.pool.acquire() as connection:
        if not await readings.may_ask(connection, account.id, complete, ASK_APART):
            return
        live = await booking_store.live_refs(connection, account.id, window, complete)
        live |= await block_store.live_refs(connection, account.id, window, complete, listed_too)
        shown = await readings.listed_since(connection, account.id, complete)
    await ask_after(parts, account, live, shown)
