"""What `holdfast conflicts` does: list, show, decide. It writes to the database only; the worker sends."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import click

from holdfast.complaints import Unusable
from holdfast.inventory.remedy import MOST, Action, Call, best, remedies
from holdfast.recorded import put_on_record
from holdfast.store import reading, schedule
from holdfast.store.cases import cases
from holdfast.store.reading import BookingRow, ConflictDetailRow, ConflictRow
from holdfast.sync.operate import WishRefused
from holdfast.sync.remedy import ConflictUnknown, Settling, Stale, Wish, act, choose
from holdfast.terminal import Consent, as_line, parts_of, pool_of, table, tell
from holdfast.web.settling import refs_of

MOST_LISTED = 200
HEADINGS = ("ID", "KIND", "VENUE", "UNITS", "STARTS", "OPENED", "STATE", "BEST")


@dataclass(frozen=True, slots=True)
class Which:
    """A conflict by its number; with `expect_ref` only if a booking of this reference is in it."""

    id: int
    expect_ref: str | None = None


async def ls(environ: Mapping[str, str], settled: bool, as_json: bool) -> None:
    """One line each, newest first."""
    async with pool_of(environ) as pool:
        found = await reading.conflicts_page(pool, None, settled, None, MOST_LISTED + 1)
        rows = found[:MOST_LISTED]
        best = await _best(pool, rows)
        now = await schedule.database_now(pool)
    if as_json:
        tell(as_line(asdict(row) | {"best": best.get(row.id)}) for row in rows)
        return
    if not rows:
        click.echo("No open conflict." if not settled else "No conflict.")
        return
    lines = [_line(row, best.get(row.id, ""), now) for row in rows]
    tell(table([HEADINGS, *lines]))
    if len(found) > MOST_LISTED:
        click.echo(f"Only the newest {MOST_LISTED} are shown.")


async def show(environ: Mapping[str, str], conflict_id: int, as_json: bool) -> None:
    """How it arose, and what can be done with which calls. Raises Unusable where there is none."""
    async with pool_of(environ) as pool:
        row = await reading.conflict(pool, conflict_id)
        if row is None:
            raise _unknown(conflict_id)
        case = (await cases(pool, [conflict_id]))[conflict_id]
        now = await schedule.database_now(pool)
        ids = [number for number in (*row.against_ids, row.booking_id) if number]
        bookings = await reading.bookings_by_id(pool, ids)
    undecided = row.closed_at is None and row.decided is None
    actions = remedies(case)[:MOST] if undecided else []
    if as_json:
        told = asdict(row) | {"evidence": json.loads(row.evidence)}
        tell([as_line(told | {"actions": [asdict(action) for action in actions]})])
        return
    sides = [bookings[number] for number in ids if number in bookings]
    ways = _ways_out(actions, order_known=case.order_known)
    tell([*_heading(row, now), *_sides(row, sides), *_story(row), *ways])


async def resolve(
    environ: Mapping[str, str], which: Which, wish: Wish, consent: Consent, as_json: bool
) -> None:
    """Show the calls, ask, decide. Raises Unusable where that cannot be."""
    async with pool_of(environ) as pool:
        shown = await _about(pool, which)
        with _understood(which.id):
            action = await choose(pool, which.id, wish.act)
    if not as_json:
        tell([f"{action.text}:", *_calls(action.calls)])
    if consent.dry_run:
        if as_json:
            tell([as_line({"conflict": which.id, "state": None, **asdict(action)})])
        return
    if consent.ask and not click.confirm("Do this?"):
        click.echo("Nothing was done.")
        return
    _told(await _act(environ, which, wish, shown), as_json)


async def snooze(environ: Mapping[str, str], which: Which, wish: Wish, as_json: bool) -> None:
    """Let it rest; a policy does nothing by itself any more. Raises Unusable where that cannot be."""
    async with pool_of(environ) as pool:
        shown = await _about(pool, which)
    _told(await _act(environ, which, wish, shown), as_json)


async def _about(pool: asyncpg.Pool, which: Which) -> list[str]:
    """What the number stands for. Raises Unusable where that is not what is expected."""
    row = await reading.conflict(pool, which.id)
    if row is None:
        raise _unknown(which.id)
    refs = await refs_of(pool, row)
    if which.expect_ref is not None and which.expect_ref not in refs:
        raise Unusable(
            f"conflict {which.id} is not about {which.expect_ref}: see `holdfast conflicts ls`"
        )
    return [row.kind, *refs]


async def _act(
    environ: Mapping[str, str], which: Which, wish: Wish, shown: Sequence[str]
) -> Settling:
    async with parts_of(environ) as parts:
        if await _about(parts.pool, which) != shown:  # the store may have gone back meanwhile
            raise Unusable(f"conflict {which.id} is not about what was shown any more: look again")
        async with put_on_record(parts.pool, wish.act, f"conflict {which.id}", wish.reason):
            with _understood(which.id):
                return await act(parts, which.id, wish)


@contextmanager
def _understood(conflict_id: int) -> Iterator[None]:
    """What an operator can mend becomes Unusable."""
    try:
        yield
    except ConflictUnknown as error:
        raise _unknown(conflict_id) from error
    except (WishRefused, Stale) as error:
        raise Unusable(f"conflict {conflict_id}: {error}") from error


def _unknown(conflict_id: int) -> Unusable:
    return Unusable(f"there is no conflict {conflict_id}")


async def _best(pool: asyncpg.Pool, rows: Sequence[ConflictRow]) -> dict[int, str]:
    undecided = [row.id for row in rows if row.closed_at is None and row.decided is None]
    found = await cases(pool, undecided)
    proposed = {number: best(case) for number, case in found.items()}
    return {number: action.act for number, action in proposed.items() if action is not None}


def _line(row: ConflictRow, best: str, now: datetime) -> tuple[str, ...]:
    return (
        str(row.id),
        row.kind,
        row.venue or "-",
        ", ".join(row.units) or "-",
        _at(row.starts_at, row) if row.starts_at else "-",
        _at(row.opened_at, row),
        _state(row, now),
        best or "-",
    )


def _state(row: ConflictRow, now: datetime) -> str:
    if row.closed_at is not None:
        return f"settled: {row.resolution}"
    if row.decided is not None:
        return f"{row.decided} by {row.decided_by}, under way"
    if row.auto_at is not None:
        return f"open, policy acts {_at(row.auto_at, row)}"
    if row.snoozed_until is not None and row.snoozed_until > now:
        return f"snoozed until {_at(row.snoozed_until, row)}"
    return "open"


def _at(moment: datetime, row: ConflictRow) -> str:
    return moment.astimezone(ZoneInfo(row.timezone or "UTC")).strftime("%Y-%m-%d %H:%M:%S %Z")


def _heading(row: ConflictDetailRow, now: datetime) -> list[str]:
    where = ", ".join([row.venue or "no venue", *row.units])
    return [
        f"Conflict {row.id}: {row.kind}, {where}",
        f"  opened {_at(row.opened_at, row)}; {_state(row, now)}",
    ]


def _sides(row: ConflictDetailRow, bookings: Sequence[BookingRow]) -> list[str]:
    return [
        f"  {'B' if b.id == row.booking_id else 'A'}  #{b.id} {b.account or b.channel} {b.external_id}:"
        f" {b.status}, first heard of {_at(b.first_seen_at, row)}"
        for b in bookings
    ]


def _story(row: ConflictDetailRow) -> list[str]:
    told: dict[str, Any] = json.loads(row.evidence)
    why = told.pop("why", None)
    again = [f"Opened again {each['at']}: {each['why']}" for each in told.pop("reopened", [])]
    if isinstance(why, dict):
        return [f"How it happened: {why['text']}", *again]
    facts = [f"  {name.replace('_', ' ')}: {text}" for name, text in _facts(told)]
    heading = f"How it happened: {why}" if why else "What is known:"
    return [heading, *facts, *again]


def _facts(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What can be said in a line each."""
    for name, value in told.items():
        if isinstance(value, dict):
            yield name, ", ".join(f"{key} {text}" for key, text in _facts(value))
        elif value is not None and not isinstance(value, list):
            yield name, {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _ways_out(actions: Sequence[Action], *, order_known: bool) -> list[str]:
    heading = "What can be done, best first:"
    if not order_known:
        heading = "We cannot tell who booked first. What can be done:"
    lines = [heading] if actions else []
    for action in actions:
        lines += [f"  {action.act}: {action.text}", *_calls(action.calls)]
    return lines


def _calls(calls: Sequence[Call]) -> list[str]:
    told = [f"      {call.call} {call.ref or call.listing} on {call.account}" for call in calls]
    return told or ["      no call to any channel"]


def _told(done: Settling, as_json: bool) -> None:
    if as_json:
        tell([as_line({"conflict": done.conflict_id, **asdict(done)})])
        return
    what = {
        "under_way": "decided; it is settled once the channels confirm it, and opens again if they do not",
        "settled": "settled",
        "snoozed": "snoozed",
    }[done.state]
    click.echo(f"Conflict {done.conflict_id}: {what}.")
