"""All that `/ops` shows at one moment, read from Postgres and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import asyncpg
from aiohttp import web

from holdfast.closing import told
from holdfast.inventory.freshness import Judged
from holdfast.store import operations as store
from holdfast.store import reading, refusals, tally
from holdfast.store.closing import closings
from holdfast.store.freshness import Knowledge, Unreadable, knowledge
from holdfast.store.operations import (
    MOST_FAILING,
    DoneRow,
    FailingRow,
    History,
    ScheduleRow,
    TriesRow,
    WorkerRow,
)
from holdfast.store.reading import AccountRow
from holdfast.store.refusals import RefusedRow
from holdfast.store.trouble import DATABASE_FAILURES
from holdfast.web.parts import PARTS
from holdfast.web.tiles import Measured, Tile, tiles
from holdfast.web.verdict import Phrase, Verdict, badness, exposed_live, of_account, verdict

SOON = timedelta(seconds=1)
"""After its start a process has more urgent things to do."""
AGAIN = timedelta(minutes=1)
"""The last day's picture is read anew so often: only its last bar grows."""
FRESH = 3 * AGAIN
"""And shown for so long, where the database had no time for another."""

EVENT_QUEUE = {
    "pending": ("waiting", "/events?state=pending"),
    "processing": ("processing", "/events?state=processing"),
    "retrying": ("retrying", "/events?state=tried"),
    "paused": ("paused", "/events?state=paused"),
}
PUSH_QUEUE = {
    "queued": ("waiting", "/pushes?state=queued"),
    "retrying": ("retrying", "/pushes?state=retrying"),
    "sending": ("in flight", "/pushes?state=in_flight"),
    "unknown": ("unknown", "/pushes?state=unsure"),
    "paused": ("paused", "/pushes?state=paused"),
    "shadow": ("shadow, not sent", "/pushes?state=shadow"),
}
"""Every state has its line, whether anything is in it or not: nothing jumps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An account with what is wrong about it, worst first."""

    account: AccountRow
    state: Judged | None
    unreadable: Sequence[Unreadable]
    phrases: Sequence[Phrase]
    tries: TriesRow | None
    refused: Sequence[RefusedRow]
    closing: str
    """How far it is with what takes long to close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What is in one state: how much, and since when the oldest is."""

    state: str
    amount: int
    since: datetime | None
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """One moment."""

    now: datetime
    verdict: Verdict
    tiles: Sequence[Tile]
    channels: Sequence[tuple[str, Sequence[Line]]]
    """Each channel with its accounts; worst first, both."""
    events: Sequence[Queue]
    pushes: Sequence[Queue]
    done: DoneRow
    workers: Sequence[WorkerRow]
    schedules: Sequence[ScheduleRow]
    failing: Sequence[FailingRow]
    more_failing: bool


class Histories:
    """The last day by the hour, read by itself once a minute: it takes long, and whoever looks does not wait."""

    def __init__(self) -> None:
        self._reading = asyncio.Lock()
        self._last: tuple[datetime, History] | None = None

    async def at(self, pool: asyncpg.Pool, now: datetime, most: timedelta = FRESH) -> History:
        """At `most` so old. Raises what asyncpg raises, and TimeoutError."""
        found = self._within(most, now)
        if found is None:
            async with self._reading:
                found = self._within(most, now)
                if found is None:
                    found = await store.history(pool, now)
                    self._last = now, found
        return found

    def _within(self, most: timedelta, now: datetime) -> History | None:
        if self._last is None or not timedelta() <= now - self._last[0] < most:
            return None
        return self._last[1]


HISTORIES = web.AppKey("histories", Histories)


async def looking_ahead(app: web.Application) -> AsyncIterator[None]:
    """Has the day's picture ready while the application runs."""
    task = asyncio.create_task(_look_always(app), name="histories")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _look_always(app: web.Application) -> None:
    parts, pause = app[PARTS], SOON
    while True:
        await parts.clock.sleep(pause.total_seconds())
        with suppress(*DATABASE_FAILURES):  # whoever looks reads it, or is told
            await app[HISTORIES].at(parts.pool, parts.clock.now(), AGAIN)
        pause = AGAIN


async def operations(pool: asyncpg.Pool, histories: Histories, now: datetime) -> Operations:
    """Raises what asyncpg raises, and TimeoutError."""
    accounts = await reading.accounts(pool, now)
    exposures = await reading.exposures(pool, now)
    conflicts = await reading.open_conflicts(pool)
    known = await knowledge(pool, now)
    beat = await reading.last_beat(pool)
    failing = await store.failing(pool, now)
    return Operations(
        now=now,
        verdict=verdict(accounts, exposures, conflicts, known, beat, now),
        tiles=tiles(
            Measured(
                now=now,
                accounts=accounts,
                known=known,
                exposed=exposed_live(exposures),
                conflicts=conflicts,
                told=await store.told_lately(pool, now),
                given_up=await store.given_up(pool, now),
                history=await histories.at(pool, now),
            )
        ),
        channels=_by_channel(await _lines(pool, accounts, known, now)),
        events=_events(await tally.inbox_tally(pool)),
        pushes=_pushes(await tally.push_tally(pool)),
        done=await store.done_lately(pool, now),
        workers=await store.workers(pool, now),
        schedules=await store.schedules(pool),
        failing=failing[:MOST_FAILING],
        more_failing=len(failing) > MOST_FAILING,
    )


async def _lines(
    pool: asyncpg.Pool, accounts: Iterable[AccountRow], known: Knowledge, now: datetime
) -> list[Line]:
    tries, refused = await store.tries(pool, now), await refusals.lately(pool, now)
    closing = await closings(pool, now)
    return [
        Line(
            account=account,
            state=known.states.get(account.name),
            unreadable=known.unreadable_of(account.name),
            phrases=of_account(account, known, now),
            tries=tries.get(account.name),
            refused=refused.get(account.name, ()),
            closing=told(closing.get(account.name)),
        )
        for account in accounts
    ]


def _by_channel(lines: Iterable[Line]) -> list[tuple[str, Sequence[Line]]]:
    """They come by channel."""
    found = [
        (channel, sorted(group, key=_badness))
        for channel, group in groupby(lines, key=lambda line: line.account.channel)
    ]
    return sorted(found, key=lambda one: (_badness(one[1][0])[0], one[0]))


def _badness(line: Line) -> tuple[int, str]:
    return badness(line.phrases), line.account.name


def _events(rows: Iterable[tally.InboxTally]) -> list[Queue]:
    return _queues(EVENT_QUEUE, [(row.state, row.amount, row.since) for row in rows])


def _pushes(rows: Iterable[tally.PushTally]) -> list[Queue]:
    return _queues(PUSH_QUEUE, [(row.state, row.amount, row.since) for row in rows])


def _queues(
    states: Mapping[str, tuple[str, str]], rows: Sequence[tuple[str, int, datetime]]
) -> list[Queue]:
    return [
        Queue(
            state=word,
            amount=sum(amount for state, amount, _ in rows if state == name),
            since=min((since for state, _, since in rows if state == name), default=None),
            link=link,
        )
        for name, (word, link) in states.items()
    ]
