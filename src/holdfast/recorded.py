"""What commands do is put on record like everything else: by whoever is at the machine."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from holdfast.complaints import Unusable
from holdfast.enrolment import NotSo
from holdfast.store import actions, schedule
from holdfast.store.actions import Deed, Outcome


def whoever_types() -> str:
    """The user of this machine's system; without a name there, nobody."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "nobody"


@asynccontextmanager
async def put_on_record(
    pool: asyncpg.Pool | asyncpg.Connection, what: str, about: str, reason: str
) -> AsyncIterator[None]:
    """The block does it; what it raises says how that ended, and goes on."""
    deed = Deed(who=whoever_types(), via="command", what=what, object=about, reason=reason)
    number = await actions.begin(pool, deed, await schedule.database_now(pool))
    outcome: Outcome = "failed"
    try:
        yield
        outcome = "ok"
    except (Unusable, NotSo):
        outcome = "refused"
        raise
    finally:
        await actions.end(pool, number, outcome)
