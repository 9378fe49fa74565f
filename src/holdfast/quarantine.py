"""The commands about the brake: show what is held back, and let an account go on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg
import click

from holdfast.complaints import Unusable
from holdfast.recorded import put_on_record, whoever_types
from holdfast.settings import Settings, database_of
from holdfast.store import brake as brake_store
from holdfast.store import schedule
from holdfast.store.brake import Braked, Doomed
from holdfast.sync import brake
from holdfast.web.words import braked, counted, day_and_time, lasting


async def show(environ: Mapping[str, str], as_json: bool) -> None:
    """Every braked account, and what would end with it."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        now = await schedule.database_now(connection)
        found = [(a, await brake_store.would_go(connection, a.id)) for a in await _all(connection)]
    finally:
        await connection.close()
    if as_json:
        click.echo(json.dumps([_plain(*one) for one in found]))
        return
    for account, doomed in found:
        click.echo("\n".join(_told(account, doomed, now)))
    if not found:
        click.echo("No account is braked.")


async def release(environ: Mapping[str, str], name: str, reason: str, *, ask: bool | None) -> None:
    """Show what would go, and accept it. `ask` None: neither a terminal nor consent. Raises Unusable."""
    connection = await asyncpg.connect(database_of(Settings.from_environ(environ)))
    try:
        account = next((a for a in await _all(connection) if a.name == name), None)
        if account is None:
            raise Unusable(f"{name}: not braked; see `holdfast brake show`")
        doomed = await brake_store.would_go(connection, account.id)
        now = await schedule.database_now(connection)
        click.echo("\n".join(_told(account, doomed, now)))
        if ask is None:
            raise Unusable("nobody to ask, there is no terminal: say --yes")
        if ask and not click.confirm("Accept this?"):
            click.echo("Nothing was changed.")
            return
        async with put_on_record(connection, "release", f"account {name}", reason):
            accepted = await brake.release(connection, account, whoever_types(), reason, now)
    finally:
        await connection.close()
    if accepted is None:
        raise Unusable(f"{name}: somebody else released it meanwhile")
    click.echo(
        f"Released. {counted(accepted, 'absence')} accepted; each is read once more by its id."
    )


async def _all(connection: asyncpg.Connection) -> Sequence[Braked]:
    return await brake_store.braked(connection)


def _told(account: Braked, doomed: Sequence[Doomed], now: datetime) -> list[str]:
    why = braked(*(account.why.get(key) for key in ("reason", "gone", "live")))
    head = (
        f"{account.name} ({account.channel}) braked for {lasting(now - account.braked_at)}: {why}"
    )
    lines = [f"  - {_one(one)}" for one in doomed]
    return [head, *lines, f"{counted(len(doomed), 'absence')} held back; nothing was released."]


def _one(one: Doomed) -> str:
    what = f"booking #{one.booking_id}" if one.booking_id else "our block"
    when = day_and_time(one.starts_at, ZoneInfo(one.timezone)) if one.starts_at else "no time known"
    party = f"  party {one.party_size}" if one.party_size else ""
    return f"{what:<14} {when:<18} {one.listing or 'unmapped'}  {one.status or 'unknown'}{party}"


def _plain(account: Braked, doomed: Sequence[Doomed]) -> dict[str, object]:
    return {
        "account": account.name,
        "channel": account.channel,
        "braked_at": account.braked_at.isoformat(),
        "why": dict(account.why),
        "would_go": [
            {key: value.isoformat() if isinstance(value, datetime) else value for key, value in row}
            for row in (asdict(one).items() for one in doomed)
        ],
    }
