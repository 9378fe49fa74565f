"""What the commands do, once the command line is parsed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import click

from holdfast import configuration, configuration_apply, rehearsal
from holdfast.complaints import Unusable
from holdfast.configuration_plan import Plan
from holdfast.kind import discover
from holdfast.recorded import put_on_record
from holdfast.settings import Settings, database_of
from holdfast.store import ahead, bookings, schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether to ask before a plan is applied, or only to show it. `given`: nothing need be asked."""

    ask: bool
    dry_run: bool
    given: bool = False


async def apply(environ: Mapping[str, str], config: Path | None, consent: Consent) -> None:
    """Show the plan and make it so."""
    settings = Settings.from_environ(environ)
    wanted = configuration.read(config or settings.config, discover())
    connection = await asyncpg.connect(database_of(settings))
    try:
        plan = await configuration_apply.plan(connection, wanted)
        click.echo(str(plan) or "Nothing to change.")
        now = await schedule.database_now(connection)
        going = await _going_out(connection, plan, now)
        if not plan or consent.dry_run:
            return
        if not agreed(consent, going):
            click.echo("Nothing was changed.")
            return
        async with put_on_record(connection, "apply", "configuration", ""):
            done = await configuration_apply.apply(connection, wanted, now)
        click.echo(f"Applied {len(done.changes)} changes.")
    finally:
        await connection.close()


async def _going_out(connection: asyncpg.Connection, plan: Plan, now: datetime) -> int:
    """Show what the accounts that turn live would send at once; returns how much that is."""
    names = [change.thing.name for change in plan.changes if change.goes_live]
    if not names:
        return 0
    lines = rehearsal.rehearse(await ahead.calls(connection, names), now)
    click.echo(f"Going live: {', '.join(names)}. {rehearsal.summary(lines)}.")
    for line in rehearsal.first_of(lines):
        click.echo(f"    {line}")
    if lines:
        click.echo("They are derived anew from what is booked by then.")
    return len(rehearsal.at_once(lines))


def agreed(consent: Consent, going: int) -> bool:
    """To send calls, their number must be typed: nobody says that by habit. Raises Unusable."""
    if consent.given:
        return True
    if going and not consent.ask:
        raise Unusable(
            f"this would send {going} calls at once: say so on a terminal, or with --yes"
        )
    if going:
        typed: str = click.prompt("Type their number to go live", default="", show_default=False)
        return typed.strip() == str(going)
    return not consent.ask or click.confirm("Apply this?")


async def plan(environ: Mapping[str, str], accounts: Sequence[str], as_json: bool) -> None:
    """Show what accounts in shadow, or paused, or those named, would send now. Raises Unusable."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        modes = await ahead.modes(connection, accounts)
        now = await schedule.database_now(connection)
        lines = rehearsal.rehearse(await ahead.calls(connection, accounts), now)
    finally:
        await connection.close()
    if unknown := sorted(set(accounts) - modes.keys()):
        raise Unusable(f"there is no account {', '.join(unknown)}")
    for line in _as_json(lines) if as_json else rehearsal.told(modes, lines):
        click.echo(line)


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
