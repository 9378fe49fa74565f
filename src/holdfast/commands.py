"""What the commands do, once the command line is parsed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import click

from holdfast import (
    configuration,
    configuration_apply,
    configuration_doubts,
    going_live,
    rehearsal,
)
from holdfast.complaints import NotAgreed, Unusable
from holdfast.consent import Consent, Step
from holdfast.kind import discover
from holdfast.recorded import put_on_record
from holdfast.settings import Settings, database_of
from holdfast.store import ahead, bookings, departures, schedule
from holdfast.store import configuration as stored
from holdfast.terminal import clock_of
from holdfast.web.words import counted, is_leaving


async def apply(environ: Mapping[str, str], config: Path | None, consent: Consent) -> None:
    """Show the plan and make it so. Raises NotAgreed."""
    settings = Settings.from_environ(environ)
    wanted = configuration.read(config or settings.config, discover())
    connection = await asyncpg.connect(database_of(settings))
    try:
        plan = await configuration_apply.plan(connection, wanted)
        click.echo(str(plan) or "Nothing to change.")
        _doubted(configuration_doubts.of_file(wanted, environ))
        if not plan:
            return
        step = Step(
            connection=connection,
            plan=plan,
            wanted=wanted,
            consent=consent,
            environ=environ,
            clock=await clock_of(database_of(settings)),
        )
        if not await step.agreed():
            click.echo("Nothing was changed.")
        elif not consent.dry_run:
            await _applied(step)
    finally:
        await connection.close()


async def _applied(step: Step) -> None:
    async with put_on_record(step.connection, "apply", "configuration", ""):
        now = await schedule.database_now(step.connection)
        done = await configuration_apply.apply(step.connection, step.wanted, now, step.plan)
    click.echo(f"Applied {counted(len(done.changes), 'change')}.")
    for thing in await departures.leaving(step.connection, now):
        click.echo(f"{is_leaving(thing)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Whose calls are shown, and how."""

    accounts: Sequence[str]
    each_call: bool = False
    as_json: bool = False
    incomplete: bool = False


async def plan(environ: Mapping[str, str], wanted: Preview) -> None:
    """Show what accounts in shadow, or paused, or those named, would send now. Raises Unusable, NotAgreed."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        doubts = list(configuration_doubts.of_book(await stored.load(connection)))
        modes = await ahead.modes(connection, wanted.accounts)
        now = await schedule.database_now(connection)
        found = await going_live.look(connection, list(modes), now)
    finally:
        await connection.close()
    if unknown := sorted(set(wanted.accounts) - modes.keys()):
        raise Unusable(f"there is no account {', '.join(unknown)}")
    _doubted(doubts, aside=wanted.as_json)
    for line in _as_json(found.lines) if wanted.as_json else found.told(each_call=wanted.each_call):
        click.echo(line)
    if found.hindrances and not wanted.incomplete:
        raise NotAgreed(going_live.refusal(found.hindrances))


def _doubted(doubts: Iterable[str], *, aside: bool = False) -> None:
    """Warn; `aside` where a program reads the output."""
    for doubt in doubts:
        click.echo(f"warning: {doubt}", err=aside)


def _as_json(lines: Sequence[rehearsal.Line]) -> list[str]:
    return [json.dumps(line.as_json()) for line in lines]


async def forget(environ: Mapping[str, str], booking_id: int) -> None:
    """Erase a guest. Raises Unusable when there is no such booking."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        if await bookings.row_by_id(connection, booking_id) is None:
            raise Unusable(f"there is no booking {booking_id}")
        now = await schedule.database_now(connection)
        async with put_on_record(connection, "forget", f"booking {booking_id}", ""):
            await bookings.erase_guest(connection, booking_id, now)
        click.echo(f"Whoever made booking {booking_id} is forgotten.")
    finally:
        await connection.close()
