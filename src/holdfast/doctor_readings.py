"""What `holdfast doctor` says of reading: how far each account can be trusted, and what its settings need."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import asyncpg

from holdfast import reckoning
from holdfast.doctor_servers import Health, Line
from holdfast.inventory.freshness import Judged
from holdfast.inventory.sums import Sum
from holdfast.store import freshness, reading
from holdfast.store.configuration import Book
from holdfast.store.freshness import Unreadable
from holdfast.store.reading import AccountRow
from holdfast.web.words import exact


async def trusted(connection: asyncpg.Connection, book: Book, now: datetime) -> AsyncIterator[Line]:
    """Of every account in service."""
    known = await freshness.knowledge(connection, now)
    for row in await reading.accounts(connection, now):
        if row.name in known.states:
            yield fresh(row.name, known.states[row.name])
        if row.in_open_at or row.out_open_at:
            yield unanswered(row)
    for one in known.unreadable:
        yield unreadable(one)
    for name, needs in (await reckoning.of_book(connection, book, now)).items():
        for line in sums(name, needs):
            yield line


def fresh(name: str, state: Judged) -> Line:
    """How far what is known of an account can be trusted, by the rule of pages and alerts."""
    if state.fresh:
        return Line(what=name, health="ok", told="fresh: was read in time")
    mild = state.state in ("late", "paused") or state.cause == "first"
    todo = f"{state.todo[:1].upper()}{state.todo[1:]}." if state.todo else ""
    health: Health = "warn" if mild else "fail"
    return Line(what=name, health=health, told=f"{state.state}: {state.reason}", todo=todo)


def unreadable(one: Unreadable) -> Line:
    """A booking whose time closes nothing elsewhere."""
    todo = "Look at it at its provider, and close its time by hand; its lists are not complete until it is read."
    return Line(what=one.account, health="fail", told=one.text, todo=todo)


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
