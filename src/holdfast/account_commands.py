"""What `holdfast accounts` does. It writes to the database only, and needs no secret of a channel."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime

import asyncpg
import click

from holdfast import closing, reckoning
from holdfast.complaints import Unusable
from holdfast.inventory.freshness import Judged
from holdfast.recorded import put_on_record
from holdfast.store import configuration, reading, schedule
from holdfast.store.closing import closings
from holdfast.store.freshness import Knowledge, knowledge
from holdfast.store.reading import AccountRow
from holdfast.sync.steer import NotSteered, SteerAct, SteerWish, steer
from holdfast.terminal import as_line, pool_of, table, tell
from holdfast.web.words import counted, exact

HEADINGS = (
    "ACCOUNT",
    "CHANNEL",
    "MODE",
    "FRESHNESS",
    "PAUSED",
    "UNANSWERED",
    "LAST WEBHOOK",
    "LAST POLL",
    "WAITING",
    "CLOSING",
)

ASKED: Mapping[SteerAct, str] = {
    "pause_intake": "Webhooks are kept, and wait with {events}; nothing is read. Pause it?",
    "resume_intake": "{events} worked off at once, then it is read. Let it go on?",
    "pause_pushes": "{pushes} and all that follow wait; what is taken elsewhere stays on sale. Pause it?",
    "resume_pushes": "{pushes} go out, closing before opening. Let it go on?",
    "read_bookings": "Its bookings are read now. Do it?",
    "read_offers": "Its offers are read now. Do it?",
    "audit": "Everything is read and compared, and what differs is repaired. Do it?",
}


async def ls(environ: Mapping[str, str], as_json: bool) -> None:
    """One line each, by channel."""
    async with pool_of(environ) as pool:
        found, now = await _all(pool)
        known = await knowledge(pool, now)
        under_way = await _closing(pool)
    if as_json:
        tell(
            as_line(asdict(row) | _judged(known, row.name) | {"closing": under_way[row.name]})
            for row in found
        )
        return
    lines = [
        (*_line(row, known.states.get(row.name)), _short(under_way[row.name])) for row in found
    ]
    tell(table([HEADINGS, *lines]) if found else ["No account yet."])
    tell(_not_trusted(known))


def _judged(known: Knowledge, name: str) -> dict[str, object]:
    state = known.states.get(name)
    refs = [one.ref for one in known.unreadable_of(name)]
    told = (state.state, state.reason) if state else (None, None)
    return {"freshness": told[0], "freshness_reason": told[1], "unreadable": refs}


def _not_trusted(known: Knowledge) -> Iterator[str]:
    """Below the table: why what is known of an account may not be how things are."""
    for name, state in known.states.items():
        if state.reason:
            todo = f"; {state.todo}" if state.todo else ""
            yield f"{name} is {state.state}: {state.reason}{todo}"
    yield from (one.text for one in known.unreadable)


async def show(environ: Mapping[str, str], name: str) -> None:
    """What its settings need and what there is, and how far it is with what it closes. Raises Unusable."""
    async with pool_of(environ) as pool:
        found, now = await _all(pool)
        row = next((row for row in found if row.name == name), None)
        if row is None:
            raise Unusable(f"there is no account {name} in use")
        needs = (await reckoning.of_book(pool, await configuration.load(pool), now)).get(name)
        under_way = (await _closing(pool))[name]
    tell([f"{row.name} ({row.channel}, {row.mode})"])
    tell([f"last complete: {exact(row.polled_at) if row.polled_at else 'never'}"])
    tell(needs.lines if needs else ())
    tell(f"warning: {doubt}" for doubt in (needs.doubts if needs else ()))
    tell([under_way] if under_way else [f"{counted(row.waiting, 'push', 'pushes')} waiting"])


async def _closing(pool: asyncpg.Pool) -> Mapping[str, str]:
    """By account; empty: nothing takes long."""
    found = await closings(pool, await schedule.database_now(pool))
    return defaultdict(str, {name: closing.told(row) for name, row in found.items()})


def _short(under_way: str) -> str:
    """What a table has room for: `1,240 of 5,000, about 9 h`."""
    return under_way.removeprefix("closing ").partition(" at ")[0] or "-"


async def steered(environ: Mapping[str, str], wish: SteerWish, ask: bool, as_json: bool) -> None:
    """Show what it means, and do it. Raises Unusable where it cannot be done."""
    async with pool_of(environ) as pool:
        if ask and not click.confirm(await _asked(pool, wish)):
            click.echo("Nothing was changed.")
            return
        async with put_on_record(pool, wish.act, f"account {wish.account}", wish.reason):
            now = await _do(pool, wish)
    done = {"account": wish.account, "act": wish.act, "at": now}
    tell([as_line(done) if as_json else f"{wish.account}: {wish.act.replace('_', ' ')}: done."])


async def _do(pool: asyncpg.Pool, wish: SteerWish) -> datetime:
    """Gives when it was done, by the database's clock."""
    async with pool.acquire() as connection:
        now = await schedule.database_now(connection)
        try:
            await steer(connection, wish, now)
        except NotSteered as error:
            raise Unusable(str(error)) from error
    return now


async def _all(pool: asyncpg.Pool) -> tuple[list[AccountRow], datetime]:
    """With the moment of which that is, on the database's clock."""
    async with pool.acquire() as connection:
        now = await schedule.database_now(connection)
    return await reading.accounts(pool, now), now


async def _asked(pool: asyncpg.Pool, wish: SteerWish) -> str:
    found, _ = await _all(pool)
    row = next((row for row in found if row.name == wish.account), None)
    events = counted(row.unprocessed if row else 0, "event")
    pushes = counted(row.waiting if row else 0, "push", "pushes")
    return f"{wish.account}: {ASKED[wish.act].format(events=events, pushes=pushes)}"


def _paused(row: AccountRow) -> Iterator[str]:
    if row.intake_paused_by is not None:
        yield f"intake by {row.intake_paused_by}"
    if row.pushes_paused_by is not None:
        yield f"pushes by {row.pushes_paused_by}"


def _unanswered(row: AccountRow) -> Iterator[str]:
    for what, since in (("reads", row.in_open_at), ("writes", row.out_open_at)):
        if since is not None:
            yield f"{what} since {exact(since)}"


def _line(row: AccountRow, state: Judged | None) -> tuple[str, ...]:
    return (
        row.name,
        row.channel,
        row.mode,
        state.state if state else "-",
        ", ".join(_paused(row)) or "-",
        ", ".join(_unanswered(row)) or "-",
        exact(row.last_webhook_at) if row.last_webhook_at else "-",
        exact(row.polled_at) if row.polled_at else "-",
        f"{counted(row.waiting, 'push', 'pushes')}, {counted(row.unprocessed, 'event')}",
    )
