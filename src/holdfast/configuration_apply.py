"""Makes the database say what the configuration says: load, compare, save, in one transaction."""

from datetime import datetime

import asyncpg

from holdfast.configuration_model import Configuration
from holdfast.configuration_plan import NOUNS, Plan, PlanRefused, compare
from holdfast.store import configuration as store

CHANGED_MEANWHILE = (
    "the configuration was changed by another command meanwhile: look at the plan again"
)


async def plan(connection: asyncpg.Connection, configuration: Configuration) -> Plan:
    """What `apply` would change. Raises PlanRefused."""
    return compare(await store.load_retired_too(connection), configuration)


async def apply(
    connection: asyncpg.Connection,
    configuration: Configuration,
    now: datetime,
    shown: Plan | None = None,
) -> Plan:
    """Change the database and return what was changed; new and changed accounts are due to be read at `now`.

    Safe to run at once from several processes. `shown` is what was agreed to: what another process did meanwhile
    need not be done again, but nothing else is done. Raises PlanRefused, and then nothing was changed.
    """
    async with connection.transaction():
        await store.lock(connection)
        found = await plan(connection, configuration)
        if shown is not None and any(change not in shown.changes for change in found.changes):
            raise PlanRefused(CHANGED_MEANWHILE)
        await _put(connection, found, now)
        await _retire(connection, found)
        await _remember(connection, found, now)
    return found


async def _remember(connection: asyncpg.Connection, found: Plan, now: datetime) -> None:
    """The policy of a venue that changed does nothing until all of it was read anew."""
    accounts = {c.thing.name for c in found.changes if c.thing.noun == "account"}
    venues = {c.thing.name for c in found.changes if c.thing.noun == "venue"}
    venues |= {str(c.record["venue"]) for c in found.changes if "venue" in c.record}
    await store.configured(connection, sorted(venues), sorted(accounts), now)


async def _put(connection: asyncpg.Connection, found: Plan, now: datetime) -> None:
    for noun in NOUNS:
        if records := found.records(noun, "added", "changed"):
            await store.put(connection, noun, records)
    accounts = [str(record["name"]) for record in found.records("account", "added", "changed")]
    await store.read_soon(connection, accounts, now)


async def _retire(connection: asyncpg.Connection, found: Plan) -> None:
    for noun in NOUNS:
        if records := found.records(noun, "removed"):
            await store.retire(connection, noun, records)
