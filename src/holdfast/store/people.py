"""Who may sign in, his sessions, and the tokens of programs. What they show is kept as a digest only."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from holdfast.roles import Role, Scope
from holdfast.store.queries import load
from holdfast.store.typed import fetched, fetched_value

_SQL = load("people")

IDLE = timedelta(hours=12)
"""A session ends when it was not used for so long."""
LASTS = timedelta(days=7)
"""And after so long whatever happens."""
SEEN_EVERY = timedelta(minutes=1)
"""So exactly is known when a session or token was last used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One person as he is listed."""

    id: int
    name: str
    has_password: bool
    subject: str | None
    email: str | None
    role: Role
    venues: Sequence[str] | None
    created_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """One person as he signs in; `password` is the hash."""

    id: int
    name: str
    password: str | None = field(repr=False)
    subject: str | None
    email: str | None
    role: Role
    venues: Sequence[str] | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Somebody who shall be able to sign in."""

    name: str
    role: Role
    venues: Sequence[str] | None = None
    password: str | None = field(default=None, repr=False)
    subject: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Whose a session is; `id` is the person's."""

    id: int
    session: int
    seen_at: datetime
    name: str
    role: Role
    venues: Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session, without what opens it."""

    id: int
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """One token, without what opens it."""

    id: int
    name: str
    scope: Scope
    venues: Sequence[str] | None
    made_by: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token that shall hold; `digest` is the SHA-256 of what the program shows."""

    name: str
    scope: Scope
    digest: bytes = field(repr=False)
    made_by: str
    venues: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a token that was shown may."""

    id: int
    name: str
    scope: Scope
    venues: Sequence[str] | None
    used_at: datetime | None


async def known(pool: asyncpg.Pool) -> bool:
    """Whether anybody was ever let in, by name or by token."""
    return bool(await fetched_value(pool, _SQL["known"]))


async def can_sign_in(pool: asyncpg.Pool) -> bool:
    """Whether there is anybody whom the sign-in page could let in."""
    return bool(await fetched_value(pool, _SQL["can_sign_in"]))


async def people(pool: asyncpg.Pool) -> list[Listed]:
    """All of them, by name."""
    return await fetched(pool, Listed, _SQL["people"])


async def by_name(pool: asyncpg.Pool, name: str) -> Entrant | None:
    """One, for signing in."""
    found = await fetched(pool, Entrant, _SQL["by_name"], name)
    return found[0] if found else None


async def by_identity(pool: asyncpg.Pool, subject: str, email: str | None) -> Entrant | None:
    """Whom a provider's account belongs to; `email` only if the provider has verified it."""
    found = await fetched(pool, Entrant, _SQL["by_identity"], subject, email)
    return found[0] if found else None


async def bind(pool: asyncpg.Pool, person_id: int, subject: str) -> None:
    """From now on this subject and no other."""
    await pool.execute(_SQL["bind"], person_id, subject)


class NoAdminLeft(Exception):
    """No admin could sign in any more; the change that would have led to it is taken back."""


@asynccontextmanager
async def leaving_an_admin(
    pool: asyncpg.Pool, *, first: bool = False, provider: bool = True
) -> AsyncIterator[asyncpg.Connection]:
    """What is done on the connection is kept if an admin can sign in afterwards. Raises NoAdminLeft.

    `first`: even if none could before. `provider`: whether people can sign in at one.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SQL["one_by_one"])
        had = await connection.fetchval(_SQL["has_admin"], provider)
        yield connection
        if (had or first) and not await connection.fetchval(_SQL["has_admin"], provider):
            raise NoAdminLeft


async def add(pool: asyncpg.Pool | asyncpg.Connection, new: New, now: datetime) -> bool:
    """False: the name, the subject or the address is taken."""
    whom = (new.name, new.password, new.subject, new.email, new.role, new.venues)
    return await pool.fetchval(_SQL["add"], *whom, now) is not None


async def set_role(
    pool: asyncpg.Pool | asyncpg.Connection, name: str, role: Role, venues: Sequence[str] | None
) -> bool:
    """From the next request on. False: there is nobody of this name."""
    return await pool.fetchval(_SQL["set_role"], name, role, venues) is not None


async def set_password(pool: asyncpg.Pool, name: str, password: str) -> bool:
    """Another hash; whoever is signed in so is signed out. False: there is nobody of this name."""
    async with pool.acquire() as connection, connection.transaction():
        return await _changed(connection, "set_password", name, password)


async def set_disabled(connection: asyncpg.Connection, name: str, since: datetime | None) -> bool:
    """Signed out and not let in any more; None: let in again. False: there is nobody of this name."""
    return await _changed(connection, "set_disabled", name, since)


async def _changed(connection: asyncpg.Connection, query: str, name: str, value: object) -> bool:
    person_id = await connection.fetchval(_SQL[query], name, value)
    await connection.execute(_SQL["end_others"], person_id, None)
    return person_id is not None


async def unknown_venues(pool: asyncpg.Pool, names: Sequence[str]) -> list[str]:
    """Those that are not in service."""
    return [row["name"] for row in await pool.fetch(_SQL["unknown_venues"], list(names))]


async def open_session(pool: asyncpg.Pool, person_id: int, digest: bytes, now: datetime) -> int:
    """For one who has just shown who he is; those that hold no more are swept out."""
    await pool.execute(_SQL["sweep"], now, now - IDLE)
    opened: int = await pool.fetchval(_SQL["open_session"], digest, person_id, now, now + LASTS)
    return opened


async def session(pool: asyncpg.Pool, digest: bytes, now: datetime) -> SignedIn | None:
    """Whose it is, if it still holds; it is noted as used."""
    found = await fetched(pool, SignedIn, _SQL["session"], digest, now, now - IDLE)
    if not found:
        return None
    if found[0].seen_at < now - SEEN_EVERY:
        await pool.execute(_SQL["seen"], found[0].session, now)
    return found[0]


async def sessions_of(pool: asyncpg.Pool, person_id: int, now: datetime) -> list[SessionRow]:
    """Those that still hold, newest first."""
    return await fetched(pool, SessionRow, _SQL["sessions_of"], person_id, now, now - IDLE)


async def end_session(pool: asyncpg.Pool, session_id: int, person_id: int) -> bool:
    """False: there is none of this id, or it is somebody else's."""
    return await pool.fetchval(_SQL["end_session"], session_id, person_id) is not None


async def end_others(pool: asyncpg.Pool, person_id: int, but: int | None) -> None:
    """All of his but one."""
    await pool.execute(_SQL["end_others"], person_id, but)


async def tokens(pool: asyncpg.Pool) -> list[TokenRow]:
    """All of them, newest first."""
    return await fetched(pool, TokenRow, _SQL["tokens"])


async def add_token(pool: asyncpg.Pool, new: NewToken, now: datetime) -> bool:
    """False: the name is taken."""
    what = (new.name, new.digest, new.scope, new.venues, new.made_by)
    return await pool.fetchval(_SQL["add_token"], *what, now) is not None


async def token(pool: asyncpg.Pool, digest: bytes, now: datetime) -> Shown | None:
    """What a program that shows it may; it is noted as used."""
    found = await fetched(pool, Shown, _SQL["token"], digest)
    if not found:
        return None
    if found[0].used_at is None or found[0].used_at < now - SEEN_EVERY:
        await pool.execute(_SQL["used"], found[0].id, now)
    return found[0]


async def revoke(pool: asyncpg.Pool, name: str, now: datetime) -> bool:
    """False: there is none of this name, or it is revoked already."""
    return await pool.fetchval(_SQL["revoke"], name, now) is not None
