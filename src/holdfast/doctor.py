"""The command `doctor`: one line for each thing that must be so, and what to do where it is not. It changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import aiohttp
import asyncpg
import click
from redis.exceptions import RedisError

from holdfast import configuration, configuration_apply, reckoning
from holdfast.agreement import TOLERATED
from holdfast.complaints import Unusable
from holdfast.configuration_model import Configuration
from holdfast.configuration_problem import ConfigurationError
from holdfast.doctor_accounts import Answered, ask
from holdfast.herald import open_redis
from holdfast.inventory.sums import Sum
from holdfast.kind import discover
from holdfast.settings import Settings, SettingsError, database_of
from holdfast.store import configuration as stored
from holdfast.store import journal, reading
from holdfast.store import migrate as migrations
from holdfast.store.configuration import Book
from holdfast.store.reading import AccountRow
from holdfast.terminal import as_line, clock_of, tell
from holdfast.web.verdict import SILENT
from holdfast.web.words import counted, exact, lasting

PATIENCE = 5.0
NEWEST = 200
"""Entries of each venue's journal whose chain is looked at."""

Health = Literal["ok", "warn", "fail"]
COLOURS: Mapping[Health, str] = {"ok": "green", "warn": "yellow", "fail": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was looked at and what was found; `todo` is empty where nothing is to be done."""

    what: str
    health: Health
    told: str
    todo: str = ""


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
        missing = await migrations.pending(url)
        connection = await asyncpg.connect(url, timeout=PATIENCE)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        todo = "Is it running, and is HOLDFAST_DATABASE_URL its address?"
        yield Line(
            what="database", health="fail", told=str(error) or type(error).__name__, todo=todo
        )
        return
    try:
        yield migrated(missing)
        if not missing:
            async for line in _of_database(connection, settings, environ):
                yield line
    finally:
        await connection.close()


async def _of_database(
    connection: asyncpg.Connection, settings: Settings, environ: Mapping[str, str]
) -> AsyncIterator[Line]:
    shared = await clock_of(database_of(settings))
    now = shared.now()
    yield clock("this machine", timedelta(seconds=shared.ahead))
    yield await _configured(connection, settings.config)
    book = await stored.load(connection)
    for line in sold(book):
        yield line
    yield workers(await reading.last_beat(connection), now)
    yield await _journals(connection, book)
    for row in await reading.accounts(connection, now):
        if row.in_open_at or row.out_open_at:
            yield unanswered(row)
    for name, needs in (await reckoning.of_book(connection, book, now)).items():
        for line in sums(name, needs):
            yield line
    for account in book.accounts.values():
        for line in of_account(account.name, await ask(account, environ, shared), now):
            yield line


async def _redis(settings: Settings) -> Line:
    if settings.redis_url is None:
        todo = "Set HOLDFAST_REDIS_URL: web and worker do not start without."
        return Line(what="redis", health="fail", told="no address is set", todo=todo)
    redis = open_redis(settings.redis_url)
    try:
        async with asyncio.timeout(PATIENCE):
            await redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        told = f"does not answer: {type(error).__name__}"
        todo = "Nothing is lost without it, but workers wake more slowly and rate budgets are not shared."
        return Line(what="redis", health="warn", told=told, todo=todo)
    finally:
        with suppress(RedisError, OSError, TimeoutError):
            await redis.aclose(close_connection_pool=True)
    return Line(what="redis", health="ok", told="answers")


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
    health: Health = "ok" if status == 200 else "fail"
    return Line(what="webhooks", health=health, told=f"{url} answers {status}")


def migrated(missing: list[str]) -> Line:
    """The schema, by what is not applied yet."""
    if missing:
        told = f"reached; missing: {', '.join(missing)}"
        return Line(what="database", health="fail", told=told, todo="Run `holdfast migrate`.")
    return Line(what="database", health="ok", told="reached, all migrations applied")


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
    if plan := await configuration_apply.plan(connection, wanted):
        told = f"{path} has {counted(len(plan.changes), 'change')} that are not applied"
        return Line(what=what, health="warn", told=told, todo="Run `holdfast apply`.")
    return Line(what=what, health="ok", told=f"{path} is applied")


def _wanted(path: Path) -> Configuration | None:
    return configuration.read(path, discover()) if path.exists() else None


def sold(book: Book) -> Iterator[Line]:
    """Listings that sell nothing we know of, and units that nobody sells."""
    empty = sorted(listing.name for listing in book.listings.values() if not listing.unit_ids)
    known = {unit for listing in book.listings.values() for unit in listing.unit_ids}
    alone = sorted(unit.name for unit in book.units.values() if unit.id not in known)
    if empty:
        told = f"without units: {', '.join(empty)}"
        yield Line(
            what="listings", health="fail", told=told, todo="Name their units in holdfast.toml."
        )
    else:
        yield Line(what="listings", health="ok", told=f"{len(book.listings)}, each with its units")
    if alone:
        yield Line(what="units", health="warn", told=f"sold by no listing: {', '.join(alone)}")


def workers(beat: datetime | None, now: datetime) -> Line:
    """Whether any works, by its newest heartbeat."""
    todo = "Start `holdfast worker`: nothing is read or sent without."
    if beat is None:
        return Line(what="workers", health="fail", told="none was ever heard of", todo=todo)
    if now - beat > SILENT:
        told = f"none heard of for {lasting(now - beat)}"
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


def sums(name: str, needs: Sum) -> Iterator[Line]:
    """What an account's settings need and what there is, and what of it cannot be kept."""
    if needs.lines:
        yield Line(what=name, health="ok", told="; ".join(line.rstrip(".") for line in needs.lines))
    for doubt in needs.doubts:
        told, _, todo = doubt.partition(". ")
        yield Line(what=name, health="warn", told=told, todo=todo)


def unanswered(row: AccountRow) -> Line:
    """An account whose breaker is open."""
    both = (("reads", row.in_open_at, row.in_failure), ("writes", row.out_open_at, row.out_failure))
    told = [f"no {what} since {exact(at)} ({why})" for what, at, why in both if at is not None]
    todo = f"It is tried every minute; `holdfast accounts poll {row.name}` tries now. Is the provider up?"
    return Line(what=row.name, health="warn", told=f"answers {', '.join(told)}", todo=todo)


def of_account(name: str, answered: Answered, now: datetime) -> Iterable[Line]:
    """One read with its credentials, and its provider's clock."""
    found = [Line(what=name, health=answered.health, told=answered.told, todo=answered.todo)]
    if answered.date is not None and answered.at is not None:
        # a Date header tells whole seconds
        ahead = answered.date - answered.at
        if abs(ahead) > timedelta(seconds=TOLERATED + 1):
            found.append(clock(f"{name}'s provider", ahead))
    return found
