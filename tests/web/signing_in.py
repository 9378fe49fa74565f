"""People who are let in, and what their browsers and programs send."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import asyncpg
from tests.web.rows import NOW

from holdfast.passwords import hashed
from holdfast.roles import Role, Scope
from holdfast.store import people
from holdfast.store.people import New, NewToken

PASSWORD = "correct horse battery"
CHEAP = hashed(PASSWORD, b"of sixteen bytes", cost=2**4)
"""A hash carries its own cost: this one is checked at once."""


async def let_in(
    pool: asyncpg.Pool, name: str, role: Role, venues: Sequence[str] | None = None, **more: str
) -> int:
    """A person with the password; gives his id."""
    new = New(name=name, role=role, venues=venues, password=CHEAP, **more)
    assert await people.add(pool, new, NOW)
    return int(await pool.fetchval("select id from people where name = $1", name))


async def browser(pool: asyncpg.Pool, person: int, at: datetime = NOW) -> dict[str, str]:
    """What the browser of somebody who is signed in sends from one of our own pages."""
    secret = f"session of {person} at {at.isoformat()}".replace(" ", "-")
    await people.open_session(pool, person, hashlib.sha256(secret.encode()).digest(), at)
    return {"Cookie": f"holdfast={secret}", "Sec-Fetch-Site": "same-origin"}


async def visitor(
    pool: asyncpg.Pool, role: Role, venues: Sequence[str] | None = None
) -> dict[str, str]:
    """Somebody of that role, signed in."""
    return await browser(pool, await let_in(pool, f"a-{role}", role, venues))


async def program(
    pool: asyncpg.Pool, scope: Scope, venues: Sequence[str] | None = None
) -> dict[str, str]:
    """A program with a token of that scope."""
    digest = hashlib.sha256(f"hf_{scope}".encode()).digest()
    new = NewToken(name=f"a-{scope}", scope=scope, digest=digest, made_by="vera", venues=venues)
    assert await people.add_token(pool, new, NOW)
    return {"Authorization": f"Bearer hf_{scope}"}


def person_reading(headers: Mapping[str, str]) -> dict[str, str]:
    """The same, of a browser that shows pages."""
    return {**headers, "Accept": "text/html"}
