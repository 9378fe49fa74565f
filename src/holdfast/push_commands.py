"""What `holdfast pushes` does: list, show, revive, drop. It writes to the database only; the worker calls."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from zoneinfo import ZoneInfo

import click

from holdfast.complaints import Unusable
from holdfast.recorded import put_on_record
from holdfast.store import calls, schedule
from holdfast.store.calls import CallDetail, CallRow
from holdfast.store.journal import words
from holdfast.store.stories import Try
from holdfast.sync.revive import PushWish, handle
from holdfast.terminal import as_line, parts_of, pool_of, table, tell
from holdfast.web.problems import Problem
from holdfast.web.screens.pushes import wanted
from holdfast.web.words import day_and_time, exact, pushed

MOST_LISTED = 200
HEADINGS = ("ID", "CALL", "TO", "ABOUT", "STATE", "WANTED", "TRIED", "ERROR")


async def ls(
    environ: Mapping[str, str], asked: Mapping[str, str], only_ids: bool, as_json: bool
) -> None:
    """One line each. Raises Unusable for a filter that makes no sense."""
    async with pool_of(environ) as pool:
        try:
            which = wanted(asked, await schedule.database_now(pool))
        except Problem as error:
            raise Unusable(error.detail) from error
        found = await calls.page(pool, which, None, MOST_LISTED + 1)
    rows = found[:MOST_LISTED]
    if only_ids:
        tell(str(row.id) for row in rows)
    elif as_json:
        tell(as_line(asdict(row)) for row in rows)
    else:
        tell(table([HEADINGS, *map(_line, rows)]) if rows else ["No call is like that."])
    if len(found) > MOST_LISTED:
        click.echo(f"Only the first {MOST_LISTED} are shown.", err=True)


async def show(environ: Mapping[str, str], push_id: int, as_json: bool) -> None:
    """What it is about, and every try of it. Raises Unusable where there is none."""
    async with pool_of(environ) as pool:
        push = await calls.one(pool, push_id)
        if push is None:
            raise Unusable(f"there is no push {push_id}")
        tries = await calls.tries(pool, push_id)
        effects = await calls.effects(pool, push_id)
    if as_json:
        more = {"tries": [asdict(one) for one in tries], "effects": [asdict(e) for e in effects]}
        tell([as_line(asdict(push) | more)])
        return
    told = [f"  {exact(e.at)}  {e.venue} {e.seq}  {e.kind}  {words(e.data)}" for e in effects]
    tell([*_heading(push), *map(_try, tries), *told])


async def handle_all(environ: Mapping[str, str], wish: PushWish, ask: bool, as_json: bool) -> None:
    """Revive or drop them. Raises Unusable where some are refused; the others are done."""
    if ask and not click.confirm(f"{wish.act.capitalize()} {len(wish.push_ids)} dead calls?"):
        click.echo("Nothing was done.")
        return
    async with parts_of(environ) as parts:
        about = f"pushes {','.join(map(str, wish.push_ids))}"
        async with put_on_record(parts.pool, wish.act, about, wish.reason):
            done = await handle(parts, wish)
    if as_json:
        tell(as_line({"push": old, "act": wish.act, "as": new}) for old, new in done.done.items())
    else:
        tell(_done(wish, old, new) for old, new in done.done.items())
    if done.refused:
        raise Unusable("; ".join(f"push {number}: {why}" for number, why in done.refused.items()))


def _done(wish: PushWish, old: int, new: int) -> str:
    return f"Push {old}: made once more as push {new}." if old != new else f"Push {old}: dropped."


def _line(row: CallRow) -> tuple[str, ...]:
    return (
        str(row.id),
        row.call,
        row.listing or row.account,
        day_and_time(row.starts_at, ZoneInfo(row.timezone)),
        pushed(row.state, row.outcome).word,
        exact(row.wished_at),
        str(row.attempts),
        row.error or "-",
    )


def _heading(push: CallDetail) -> list[str]:
    because: Sequence[int] = push.because
    newer = [f"  the same was asked again since: push {push.newer}"] if push.newer else []
    return [
        f"Push {push.id}: {push.call} on {push.listing or push.account}, {pushed(push.state, push.outcome).word}",
        f"  {day_and_time(push.starts_at, ZoneInfo(push.timezone))} {push.venue};"
        f" because of bookings {', '.join(map(str, because)) or '-'}",
        *newer,
    ]


def _try(one: Try) -> str:
    answer = " ".join(str(each) for each in (one.status, one.failure, one.detail) if each)
    return f"  {exact(one.sent_at)}  try {one.number}  {one.outcome or 'no answer yet'}  {answer}".rstrip()
