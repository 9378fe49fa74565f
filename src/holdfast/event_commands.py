"""What `holdfast events` does: list, show, read again. It writes to the database only; the worker reads."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import click

from holdfast.complaints import Unusable
from holdfast.progress import steps
from holdfast.recorded import put_on_record
from holdfast.store import events, schedule
from holdfast.store.events import Effect, EventDetail, EventRow
from holdfast.store.journal import words
from holdfast.sync.replay import EventUnknown, Preview, Reread, preview, read_again
from holdfast.terminal import as_line, parts_of, pool_of, table, tell
from holdfast.web.problems import Problem
from holdfast.web.redaction import headers_shown, payload_shown
from holdfast.web.screens.events import wanted
from holdfast.web.words import exact, handled

MOST_LISTED = 200
HEADINGS = ("ID", "RECEIVED", "ACCOUNT", "VIA", "KIND", "ABOUT", "BOOKING", "STATE", "TRIED")


async def ls(
    environ: Mapping[str, str], asked: Mapping[str, str], only_ids: bool, as_json: bool
) -> None:
    """One line each, newest first. Raises Unusable for a filter that makes no sense."""
    async with pool_of(environ) as pool:
        try:
            which = wanted(asked, await schedule.database_now(pool))
        except Problem as error:
            raise Unusable(error.detail) from error
        found = await events.page(pool, which, None, MOST_LISTED + 1)
    rows = found[:MOST_LISTED]
    if only_ids:
        tell(str(row.id) for row in rows)
    elif as_json:
        tell(as_line(asdict(row)) for row in rows)
    else:
        tell(table([HEADINGS, *map(_line, rows)]) if rows else ["No event is like that."])
    if len(found) > MOST_LISTED:
        click.echo(f"Only the newest {MOST_LISTED} are shown.", err=True)


async def show(environ: Mapping[str, str], event_id: int, as_json: bool) -> None:
    """What it told and what it changed. Raises Unusable where there is none."""
    async with pool_of(environ) as pool:
        event = await events.one(pool, event_id)
        if event is None:
            raise Unusable(f"there is no event {event_id}")
        effects = await events.effects(pool, event_id)
    payload = payload_shown(event.body)
    if as_json:
        told = asdict(event) | {"body": payload, "headers": headers_shown(event.headers)}
        tell([as_line(told | {"effects": [asdict(effect) for effect in effects]})])
        return
    tell([*_heading(event), *map(_effect, effects), *([payload] if payload else [])])


async def look(environ: Mapping[str, str], ids: Sequence[int], as_json: bool) -> None:
    """What reading them now would change; nothing is. Raises Unusable where there is no such event."""
    async with parts_of(environ) as parts:
        with steps(len(ids), "Reading") as step:
            for event_id in ids:
                try:
                    found = await preview(parts, event_id)
                except EventUnknown as error:
                    raise Unusable(f"there is no event {event_id}") from error
                step(_foreseen(event_id, found, as_json))


async def replay(environ: Mapping[str, str], wish: Reread, ask: bool, as_json: bool) -> None:
    """Ask for the reads. Raises Unusable where some are refused; the others are done."""
    if ask and not click.confirm(f"Read again what {len(wish.event_ids)} events were about?"):
        click.echo("Nothing was done.")
        return
    async with parts_of(environ) as parts:
        about = f"events {','.join(map(str, wish.event_ids))}"
        async with put_on_record(parts.pool, "replay", about, wish.reason):
            done = await read_again(parts, wish)
    unknown = set(wish.event_ids) - set(done.asked) - set(done.refused)
    refused = done.refused | dict.fromkeys(unknown, "there is no such event")
    if as_json:
        tell(as_line({"event": old, "again": new}) for old, new in done.asked.items())
    else:
        tell(f"Event {old}: read again as event {new}." for old, new in done.asked.items())
    if refused:
        raise Unusable("; ".join(f"event {number}: {why}" for number, why in refused.items()))


def _line(row: EventRow) -> tuple[str, ...]:
    return (
        str(row.id),
        exact(row.received_at),
        row.account or "-",
        row.via,
        row.raw_type or "-",
        row.ref or "-",
        str(row.booking_id or "-"),
        _state(row),
        str(row.attempts),
    )


def _state(row: EventRow) -> str:
    return handled(row.outcome, row.error, row.attempts, leased=False).word


def _heading(event: EventDetail) -> list[str]:
    about = f"about {event.ref}" if event.ref else "about nothing"
    booking = f", booking {event.booking_id}" if event.booking_id else ""
    return [
        f"Event {event.id}: {event.raw_type or 'no kind told'} by {event.via} of {event.account or 'no account'}",
        f"  {about}{booking}; received {exact(event.received_at)}; {_state(event)}",
        *([f"  {event.error}"] if event.error else []),
    ]


def _effect(effect: Effect) -> str:
    return f"  {exact(effect.at)}  {effect.venue} {effect.seq}  {effect.kind}  {words(effect.data)}"


def _foreseen(event_id: int, found: Preview, as_json: bool) -> list[str]:
    kinds = [{"kind": entry.kind, "data": dict(entry.data)} for entry in found.entries]
    if as_json:
        told = {"event": event_id, "verdict": found.verdict, "why": found.failed or None}
        return [as_line(told | {"would_note": kinds})]
    verdict = {
        "changes": "a read now would change this:",
        "nothing": "a read now would change nothing.",
    }.get(found.verdict, f"it cannot be said what a read now would change: {found.failed}")
    return [
        f"Event {event_id}: {verdict}",
        *(f"  {each['kind']}  {each['data']}" for each in kinds),
    ]
