"""The command `doctor`: one line for each thing that must be so, and what to do where it is not. It changes nothing
but a word in Redis that is gone after a second."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import aiohttp
import asyncpg
import click
from redis.exceptions import RedisError

from holdfast import configuration, configuration_apply, configuration_doubts
from holdfast.agreement import TOLERATED
from holdfast.clock import Clock
from holdfast.complaints import Unusable
from holdfast.configuration_model import Configuration
from holdfast.configuration_plan import PlanRefused
from holdfast.configuration_problem import ConfigurationError
from holdfast.doctor_accounts import Answered, ask, heard, sells
from holdfast.doctor_readings import trusted
from holdfast.doctor_servers import (
    PATIENCE,
    Health,
    Line,
    migrated,
    reached,
    slowly,
    unreachable,
    without_redis,
)
from holdfast.doctor_store import same_store
from holdfast.herald import leave_word, open_redis
from holdfast.inventory.freshness import lost
from holdfast.kind import discover
from holdfast.settings import Settings, SettingsError, database_of
from holdfast.store import configuration as stored
from holdfast.store import departures, journal, reading, refusals
from holdfast.store import migrate as migrations
from holdfast.store.configuration import Book
from holdfast.supported import TooOld, of_postgres, of_redis
from holdfast.terminal import as_line, clock_of, tell
from holdfast.web.words import counted, is_leaving, lasting

NEWEST = 200
"""Entries of each venue's journal whose chain is looked at."""

COLOURS: Mapping[Health, str] = {"ok": "green", "warn": "yellow", "fail": "red"}


async def doctor(environ: Mapping[str, str], as_json: bool) -> None:
    """Look at everything and say it as it is found. Raises Unusable where anything fails."""
    failed = 0
    async for line in _lines(environ):
        failed += line.health == "fail"
        tell([as_line(asdict(line))] if as_json else _words(line))
    if failed:
        raise Unusable(f"{counted(failed, 'check')} failed")


def _words(line: Line) -> Iterator[str]:
    yield f"{click.style(f'{line.health:<4}', fg=COLOURS[line.health])}  {line.what:<14} {line.told}"
    if line.todo:
        yield f"{'':<20} {line.todo}"


async def _lines(environ: Mapping[str, str]) -> AsyncIterator[Line]:
    try:
        settings = Settings.from_environ(environ)
        url = database_of(settings)
    except SettingsError as error:
        for problem in error.problems:
            yield Line(what="environment", health="fail", told=problem)
        return
    yield Line(what="environment", health="ok", told="all variables are understood")
    yield await _redis(settings)
    yield await _address(settings)
    try:
        remark = await of_postgres(url)
        missing = await migrations.pending(url)
        connection = await asyncpg.connect(url, timeout=PATIENCE)
    except (OSError, TimeoutError, asyncpg.PostgresError, TooOld) as error:
        yield unreachable(error)
        return
    try:
        yield migrated(missing, remark)
        if not missing:
            async for line in _of_database(connection, settings, environ):
                yield line
    except asyncpg.InsufficientPrivilegeError as error:
        yield unreachable(error)
    finally:
        await connection.close()


async def _of_database(
    connection: asyncpg.Connection, settings: Settings, environ: Mapping[str, str]
) -> AsyncIterator[Line]:
    asked = perf_counter()
    shared = await clock_of(database_of(settings))
    now = shared.now()
    if slow := slowly(perf_counter() - asked):
        yield slow
    yield clock("this machine", timedelta(seconds=shared.ahead))
    yield await same_store(connection, settings, now)
    yield await _configured(connection, settings.config)
    book = await stored.load(connection)
    for line in sold(book):
        yield line
    for thing in await departures.leaving(connection, now):
        yield Line(what="leaving", health="ok", told=is_leaving(thing))
    yield workers(await reading.last_beat(connection), now)
    yield await _journals(connection, book)
    async for line in trusted(connection, book, now):
        yield line
    async for line in _of_accounts(connection, book, settings, environ, shared):
        yield line


async def _of_accounts(
    connection: asyncpg.Connection,
    book: Book,
    settings: Settings,
    environ: Mapping[str, str],
    shared: Clock,
) -> AsyncIterator[Line]:
    """A read with each account's credentials, the reads that its listings take, and how webhooks fare."""
    now = shared.now()
    forged = await _forged(connection, now)
    for account in book.accounts.values():
        answered = await ask(account, environ, shared)
        for line in of_account(account.name, answered, now):
            yield line
        if answered.health == "ok":
            for found in await sells(book, account.name, environ, shared):
                yield _as_line(account.name, found)
        url = f"{settings.public_url or 'HOLDFAST_PUBLIC_URL'}/hooks/{account.name}"
        if answered.announces and (doubt := heard(account, forged.get(account.name, 0), url)):
            yield _as_line("webhooks", doubt)


async def _forged(connection: asyncpg.Connection, now: datetime) -> dict[str, int]:
    rows = (await refusals.lately(connection, now)).values()
    return {row.account: row.amount for found in rows for row in found if row.result == "forged"}


def _as_line(what: str, found: Answered) -> Line:
    return Line(what=what, health=found.health, told=found.told, todo=found.todo)


async def _redis(settings: Settings) -> Line:
    if settings.redis_url is None:
        todo = "Set HOLDFAST_REDIS_URL: web and worker do not start without."
        return Line(what="redis", health="fail", told="no address is set", todo=todo)
    redis = open_redis(settings.redis_url)
    try:
        async with asyncio.timeout(PATIENCE):
            await redis.ping()
            remark = await of_redis(redis)
            await leave_word(redis)
    except TooOld as error:
        return Line(what="redis", health="fail", told=str(error), todo="Move to a newer server.")
    except (RedisError, OSError, TimeoutError) as error:
        return without_redis(error)
    finally:
        with suppress(RedisError, OSError, TimeoutError):
            await redis.aclose(close_connection_pool=True)
    return Line(what="redis", health="warn" if remark else "ok", told=remark or "answers")


async def _address(settings: Settings) -> Line:
    if settings.public_url is None:
        todo = "Set HOLDFAST_PUBLIC_URL to what providers call, and this is asked, too."
        return Line(what="webhooks", health="warn", told="their address is not known", todo=todo)
    url = f"{settings.public_url}/healthz"
    try:
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        told = f"{url} cannot be reached from here: {type(error).__name__}"
        return Line(
            what="webhooks", health="fail", told=told, todo="Look at name, proxy and certificate."
        )
    return reached(settings.public_url, url, status)


def clock(whose: str, ahead: timedelta) -> Line:
    """How far a clock is from the database's, by which everything goes."""
    seconds = ahead.total_seconds()
    if abs(seconds) <= TOLERATED:
        return Line(what="clock", health="ok", told=f"{whose} and the database agree")
    side = "ahead of" if seconds > 0 else "behind"
    told = f"{whose} is {abs(seconds):.0f} s {side} the database"
    return Line(what="clock", health="warn", told=told, todo="Have both follow a time server.")


async def _configured(connection: asyncpg.Connection, path: Path) -> Line:
    what = "configuration"
    try:
        wanted = _wanted(path)
    except ConfigurationError as error:
        return Line(what=what, health="fail", told=str(error))
    if wanted is None:
        return Line(what=what, health="ok", told=f"no {path} here; what was applied counts")
    try:
        plan = await configuration_apply.plan(connection, wanted)
    except PlanRefused as refused:
        return Line(what=what, health="fail", told=f"{path} cannot be applied: {refused}")
    if plan:
        told = f"{path} has {counted(len(plan.changes), 'change')} that are not applied"
        return Line(what=what, health="warn", told=told, todo="Run `holdfast apply`.")
    return Line(what=what, health="ok", told=f"{path} is applied")


def _wanted(path: Path) -> Configuration | None:
    return configuration.read(path, discover()) if path.exists() else None


def sold(book: Book) -> Iterator[Line]:
    """Listings that sell nothing we know of, and units that nobody sells."""
    empty = sorted(listing.name for listing in book.listings.values() if not listing.unit_ids)
    if empty:
        told = f"without units: {', '.join(empty)}"
        yield Line(
            what="listings", health="fail", told=told, todo="Name their units in holdfast.toml."
        )
    else:
        yield Line(what="listings", health="ok", told=f"{len(book.listings)}, each with its units")
    for doubt in configuration_doubts.of_book(book):
        yield Line(what="units", health="warn", told=doubt)


def workers(beat: datetime | None, now: datetime) -> Line:
    """Whether any works, by its newest heartbeat."""
    todo = "Start `holdfast worker`: nothing is read or sent without."
    if beat is None:
        return Line(what="workers", health="fail", told="none was ever heard of", todo=todo)
    if lost(beat, now):
        told = f"none heard of for {lasting(abs(now - beat))}"
        return Line(what="workers", health="fail", told=told, todo=todo)
    return Line(what="workers", health="ok", told=f"one was heard of {lasting(now - beat)} ago")


async def _journals(connection: asyncpg.Connection, book: Book) -> Line:
    broken = {
        venue.name: at
        for venue in book.venues.values()
        if (at := await journal.tail_broken_at(connection, venue.id, NEWEST)) is not None
    }
    if broken:
        told = ", ".join(f"{name} from entry {at}" for name, at in sorted(broken.items()))
        todo = (
            "Somebody changed the database by hand, or it is damaged: keep a copy, then look there."
        )
        return Line(what="journal", health="fail", told=f"the chain breaks: {told}", todo=todo)
    told = f"the newest entries of {counted(len(book.venues), 'venue')} hold together"
    return Line(what="journal", health="ok", told=told)


def of_account(name: str, answered: Answered, now: datetime) -> Iterable[Line]:
    """One read with its credentials, and its provider's clock."""
    found = [_as_line(name, answered)]
    if answered.date is not None and answered.at is not None:
        # a Date header tells whole seconds
        ahead = answered.date - answered.at
        if abs(ahead) > timedelta(seconds=TOLERATED + 1):
            found.append(clock(f"{name}'s provider", ahead))
    return found
