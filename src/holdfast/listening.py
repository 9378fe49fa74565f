"""The command `listen`: what comes in, what is decided and what goes out, as it happens, read from Postgres by id."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg
import click

from holdfast.complaints import Unusable
from holdfast.store import schedule, tail
from holdfast.store.tail import Heard, Noted, Place, Row, Sent
from holdfast.store.trouble import DATABASE_TROUBLE
from holdfast.terminal import as_line, pool_of
from holdfast.web.problems import Problem
from holdfast.web.screens import filters
from holdfast.web.words import counted, day_and_time

LOOK_SECONDS = 0.3
SOURCES: Mapping[type[Row], str] = {Heard: "event", Sent: "call", Noted: "journal"}
ALARMING = ("conflict.opened", "push.dead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to listen to; None: all. `since` empty: from now on."""

    account: str | None = None
    venue: str | None = None
    since: str = ""
    as_json: bool = False

    def hears(self, row: Row) -> bool:
        """Whether a row is to be told."""
        return self.account in (None, row.account) and self.venue in (None, row.venue)


async def listen(environ: Mapping[str, str], wish: Wish) -> None:
    """For ever. Raises Unusable for a time that makes no sense; a database that goes away is waited for."""
    async with pool_of(environ) as pool:
        place = await _begin(pool, wish)
        away: float | None = None
        while True:
            now = time.monotonic()
            try:
                rows = await tail.following(pool, place, now)
            except DATABASE_TROUBLE as error:
                if away is None:
                    away = now
                    click.echo(
                        f"! The database is away ({type(error).__name__}); waiting.", err=True
                    )
                rows = []
            else:
                if away is not None:
                    _back(now - away, len(rows))
                    away = None
            for row in filter(wish.hears, rows):
                click.echo(_json(row) if wish.as_json else line(row))
            await asyncio.sleep(0 if len(rows) >= tail.MOST else LOOK_SECONDS)


async def _begin(pool: asyncpg.Pool, wish: Wish) -> Place:
    now = await schedule.database_now(pool)
    try:
        since = filters.instant({"since": wish.since}, "since", now) or now
    except Problem as error:
        raise Unusable(error.detail) from error
    place = await tail.place_at(pool, since)
    until = f"what happened since {wish.since}, then live" if wish.since else "live"
    click.echo(f"Listening: {until}. Ctrl-C to stop.", err=True)
    return place


def _back(seconds: float, missed: int) -> None:
    told = (
        f"{counted(missed, 'line')} of that time follow" if missed else "nothing happened meanwhile"
    )
    click.echo(f"! The database is back after {seconds:.0f} s; {told}.", err=True)


def _json(row: Row) -> str:
    told = asdict(row)
    if isinstance(row, Noted):
        told["data"] = json.loads(row.data)
    return as_line({"source": SOURCES[type(row)]} | told)


def line(row: Row) -> str:
    """The clock is this machine's; bookings are told on their venue's own."""
    if isinstance(row, Heard):
        return _line(row.at, "<-", row.account or "us", f"{row.via} {row.raw_type}", _heard(row))
    if isinstance(row, Sent):
        return _line(row.at, "->", row.account, f"{row.call} {row.listing or ''}", _sent(row))
    symbol = "!!" if row.kind in ALARMING else "  "
    return _line(row.at, symbol, row.venue, row.kind, _noted(row))


def _line(at: datetime, symbol: str, who: str, what: str, rest: str) -> str:
    clock = at.astimezone().strftime("%H:%M:%S.%f")[:-3]
    colour = {"<-": "cyan", "->": "green", "!!": "red"}.get(symbol)
    return f"{clock} {click.style(symbol, fg=colour)} {who:<14} {what.strip():<32} {rest}".rstrip()


def _heard(row: Heard) -> str:
    about = [
        f"event {row.id}",
        row.ref or "",
        f"booking {row.booking_id}" if row.booking_id else "",
    ]
    return "  ".join(filter(None, about))


def _sent(row: Sent) -> str:
    came = " ".join(str(each) for each in (row.outcome, row.status, row.failure) if each)
    when = day_and_time(row.starts_at, ZoneInfo(row.timezone))
    tried = f" try {row.number}" if row.number > 1 else ""
    return f"{when}  push {row.push_id}{tried}  {came}  {row.seconds * 1000:.0f} ms"


def _noted(row: Noted) -> str:
    data = json.loads(row.data)
    numbers = (("booking", row.booking_id), ("block", row.block_id), ("push", row.push_id))
    about = [f"{name} {number}" for name, number in numbers if number]
    why = [
        str(data[key]) for key in ("listing", "status", "failure", "why", "reason") if data.get(key)
    ]
    return "  ".join([*about, *why, f"by {row.actor}"])
