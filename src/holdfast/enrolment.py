"""Who is let in, and as what: the same for the commands and the pages. Secrets are made here and kept as digests."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from holdfast import passwords
from holdfast.roles import A_NAME, LIMITED, ROLES, SCOPES, Role, Scope, usable
from holdfast.store import people
from holdfast.store.people import New, NewToken

TOKEN_PREFIX = "hf_"  # noqa: S105 - says what it is to whoever finds one, and is no secret

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_SUBJECT = re.compile(r"[!-~]{1,255}", re.ASCII)


class NotSo(Exception):
    """What was wanted cannot be: `field` says where, `expected` what would do."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field = field
        self.expected = expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Somebody to be let in. Without a password he signs in at the OpenID provider. No `venues`: all of them."""

    name: str
    role: str
    venues: Sequence[str] = ()
    password: str = field(default="", repr=False)
    email: str = ""
    subject: str = ""


FIRST = (
    "admin for the first person: without an admin who can sign in, nobody can add or change people"
)
LAST = "another admin who can sign in first: {name} is the last one"


async def add(pool: asyncpg.Pool, who: Applicant, now: datetime, *, provider: bool = True) -> None:
    """Let the person in; the first one is an admin. `provider`: people can sign in at one. Raises NotSo."""
    _check(usable(who.name), "name", A_NAME)
    role = role_of(who.role)
    _check(not who.email or _EMAIL.fullmatch(who.email), "email", "a whole address")
    _check(not who.subject or _SUBJECT.fullmatch(who.subject), "subject", "visible ASCII")
    _check(who.password or who.email or who.subject, "password", "one, or an e-mail or subject")
    new = New(
        name=who.name,
        role=role,
        venues=await _venues(pool, who.venues, limits=role in LIMITED),
        password=await _hashed(who.password) if who.password else None,
        subject=who.subject or None,
        email=who.email.lower() or None,
    )
    try:
        async with people.leaving_an_admin(pool, first=True, provider=provider) as connection:
            added = await people.add(connection, new, now)
    except people.NoAdminLeft as error:
        raise NotSo("role", FIRST) from error
    _check(added, "name", "a name, e-mail and subject not taken yet")


async def set_role(
    pool: asyncpg.Pool, name: str, role: str, venues: Sequence[str], *, provider: bool = True
) -> None:
    """From the next request on; the last admin stays one. Raises NotSo."""
    found = role_of(role)
    within = await _venues(pool, venues, limits=found in LIMITED)
    async with _an_admin_stays(pool, name, provider) as connection:
        known = await people.set_role(connection, name, found, within)
    _known(known, name)


async def set_password(pool: asyncpg.Pool, name: str, password: str) -> None:
    """He is signed out everywhere. Raises NotSo."""
    _known(await people.set_password(pool, name, await _hashed(password)), name)


async def set_disabled(
    pool: asyncpg.Pool, name: str, since: datetime | None, *, provider: bool = True
) -> None:
    """The person is signed out everywhere and let in no more, unless that is the last admin; None: let in again.

    Raises NotSo.
    """
    async with _an_admin_stays(pool, name, provider) as connection:
        known = await people.set_disabled(connection, name, since)
    _known(known, name)


@asynccontextmanager
async def _an_admin_stays(
    pool: asyncpg.Pool, name: str, provider: bool
) -> AsyncIterator[asyncpg.Connection]:
    try:
        async with people.leaving_an_admin(pool, provider=provider) as connection:
            yield connection
    except people.NoAdminLeft as error:
        raise NotSo("name", LAST.format(name=name)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedToken:
    """A token for a program. No `venues`: all of them."""

    name: str
    scope: str
    made_by: str
    venues: Sequence[str] = ()


async def add_token(pool: asyncpg.Pool, wanted: WantedToken, now: datetime) -> str:
    """What the program has to show; it is not kept and cannot be told again. Raises NotSo."""
    _check(usable(wanted.name), "name", A_NAME)
    known: Mapping[str, Scope] = {scope: scope for scope in SCOPES}
    _check(wanted.scope in known, "scope", f"one of {', '.join(SCOPES)}")
    scope, shown = known[wanted.scope], TOKEN_PREFIX + secrets.token_urlsafe(32)
    new = NewToken(
        name=wanted.name,
        scope=scope,
        digest=passwords.digest_of(shown),
        made_by=wanted.made_by,
        venues=await _venues(pool, wanted.venues, limits=SCOPES[scope] in LIMITED),
    )
    _check(await people.add_token(pool, new, now), "name", "a name not taken yet")
    return shown


async def revoke(pool: asyncpg.Pool, name: str, now: datetime) -> None:
    """It opens nothing any more. Raises NotSo."""
    found = await people.revoke(pool, name, now)
    _check(found, "name", f"a token that is not revoked yet, there is no such {name}")


def role_of(text: str) -> Role:
    """Raises NotSo."""
    known: Mapping[str, Role] = {role: role for role in ROLES}
    _check(text in known, "role", f"one of {', '.join(ROLES)}")
    return known[text]


async def _hashed(password: str) -> str:
    _check(passwords.usable(password), "password", passwords.A_PASSWORD)
    return await asyncio.to_thread(passwords.hashed, password, secrets.token_bytes(16))


async def _venues(
    pool: asyncpg.Pool, names: Sequence[str], *, limits: bool
) -> Sequence[str] | None:
    if not names:
        return None
    _check(limits, "venues", f"none: only {' and '.join(LIMITED)} (read, book) can be limited")
    unknown = await people.unknown_venues(pool, names)
    _check(not unknown, "venues", f"venues in service, {', '.join(unknown)} is none")
    return sorted(set(names))


def _known(found: bool, name: str) -> None:
    _check(found, "name", f"somebody who is known, {name} is not")


def _check(right: object, field: str, expected: str) -> None:
    if not right:
        raise NotSo(field, expected)
