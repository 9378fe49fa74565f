"""What `holdfast user` and `holdfast token` do. Passwords come from a terminal, a file or standard input, never as an argument."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import asyncpg
import click

from holdfast import enrolment
from holdfast.complaints import Unusable
from holdfast.enrolment import Applicant, NotSo, WantedToken
from holdfast.recorded import put_on_record, whoever_types
from holdfast.store import people, schedule
from holdfast.store.people import Listed, TokenRow
from holdfast.terminal import as_line, pool_of, table, tell

PEOPLE = ("NAME", "ROLE", "VENUES", "SIGNS IN BY", "LAST HERE", "STATE")
TOKENS = ("NAME", "SCOPE", "VENUES", "MADE BY", "MADE", "LAST USED", "STATE")

Named = tuple[str, str]
"""Whom or what it is about, and why."""


def password_from(path: str | None) -> str:
    """Of a file, `-` for standard input; None: asked for on a terminal, else standard input. Raises UsageError."""
    if path is None and sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    try:
        text = sys.stdin.readline() if path in (None, "-") else Path(path or "").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "expected UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise click.UsageError(f"--password-file: cannot be read: {why}") from None
    password = text.rstrip("\r\n")
    if not password:
        raise click.UsageError("--password-file: there is no password in it")
    return password


async def add(environ: Mapping[str, str], who: Applicant) -> None:
    """Let him in. Raises Unusable."""
    async with _doing(environ, "add", ("user", who.name, "")) as (pool, now):
        await enrolment.add(pool, who, now)
    click.echo(f"{who.name} may sign in, as {who.role}{_at(who.venues)}.")


async def ls(environ: Mapping[str, str], as_json: bool) -> None:
    """One line each, by name."""
    async with pool_of(environ) as pool:
        rows = await people.people(pool)
    if as_json:
        tell(as_line(asdict(row)) for row in rows)
    else:
        tell(table([PEOPLE, *map(_person, rows)]) if rows else ["Nobody yet."])


async def set_role(
    environ: Mapping[str, str], about: Named, role: str, venues: Sequence[str]
) -> None:
    """From the next request on. Raises Unusable."""
    async with _doing(environ, "role", ("user", *about)) as (pool, _):
        await enrolment.set_role(pool, about[0], role, venues)
    click.echo(f"{about[0]} is {role}{_at(venues)} now.")


async def set_password(environ: Mapping[str, str], name: str, password: str) -> None:
    """He is signed out everywhere. Raises Unusable."""
    async with _doing(environ, "password", ("user", name, "")) as (pool, _):
        await enrolment.set_password(pool, name, password)
    click.echo(f"{name} has another password, and is signed out everywhere.")


async def set_disabled(environ: Mapping[str, str], about: Named, *, disabled: bool) -> None:
    """Let in no more, or again. Raises Unusable."""
    what = "disable" if disabled else "enable"
    async with _doing(environ, what, ("user", *about)) as (pool, now):
        await enrolment.set_disabled(pool, about[0], now if disabled else None)
    click.echo(f"{about[0]} is {'signed out, and let in no more' if disabled else 'let in again'}.")


async def add_token(
    environ: Mapping[str, str], name: str, scope: str, venues: Sequence[str]
) -> None:
    """Print it. Raises Unusable."""
    wanted = WantedToken(name=name, scope=scope, venues=venues, made_by=whoever_types())
    async with _doing(environ, "add", ("token", name, "")) as (pool, now):
        shown = await enrolment.add_token(pool, wanted, now)
    click.echo("This is shown only now, keep it:", err=True)
    click.echo(shown)


async def ls_tokens(environ: Mapping[str, str], as_json: bool) -> None:
    """One line each, newest first."""
    async with pool_of(environ) as pool:
        rows = await people.tokens(pool)
    if as_json:
        tell(as_line(asdict(row)) for row in rows)
    else:
        tell(table([TOKENS, *map(_token, rows)]) if rows else ["No token yet."])


async def revoke(environ: Mapping[str, str], about: Named) -> None:
    """It opens nothing any more. Raises Unusable."""
    async with _doing(environ, "revoke", ("token", *about)) as (pool, now):
        await enrolment.revoke(pool, about[0], now)
    click.echo(f"{about[0]} is revoked.")


@asynccontextmanager
async def _doing(
    environ: Mapping[str, str], what: str, about: tuple[str, str, str]
) -> AsyncIterator[tuple[asyncpg.Pool, datetime]]:
    """What is done in the block is put on record; what cannot be is Unusable."""
    kind, name, reason = about
    async with pool_of(environ) as pool:
        now = await schedule.database_now(pool)
        try:
            async with put_on_record(pool, what, f"{kind} {name}", reason):
                yield pool, now
        except NotSo as error:
            raise Unusable(str(error)) from error


def _at(venues: Sequence[str]) -> str:
    return f" of {', '.join(venues)}" if venues else ""


def _person(row: Listed) -> tuple[str, ...]:
    ways = (row.has_password and "password", (row.subject or row.email) and "provider")
    return (
        row.name,
        row.role,
        _venues(row.venues),
        ", ".join(way for way in ways if way) or "-",
        _when(row.seen_at),
        "disabled" if row.disabled_at else "let in",
    )


def _token(row: TokenRow) -> tuple[str, ...]:
    return (
        row.name,
        row.scope,
        _venues(row.venues),
        row.made_by,
        _when(row.created_at),
        _when(row.used_at),
        "revoked" if row.revoked_at else "holds",
    )


def _venues(names: Sequence[str] | None) -> str:
    return "all" if names is None else ",".join(names)


def _when(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ") if at else "-"
