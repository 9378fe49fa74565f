"""Makes the database say what the configuration says: load, compare, save, in one transaction."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

import asyncpg

from holdfast.configuration_identity import in_place, moved, refuse_second_names
from holdfast.configuration_model import Configuration
from holdfast.configuration_plan import NOUNS, Change, Plan, PlanRefused, compare
from holdfast.configuration_renames import renamed
from holdfast.kind import discover
from holdfast.store import configuration as store
from holdfast.store import departures, schedule

MOST_DEADLOCKS = 5
"""Workers lock what they decide on in an order of their own: some meet it, and one of them must give way."""

CHANGED_MEANWHILE = (
    "the configuration was changed by another command meanwhile: look at the plan again"
)


async def plan(connection: asyncpg.Connection, configuration: Configuration) -> Plan:
    """What `apply` would change. Raises PlanRefused."""
    kinds = discover()
    called = renamed(await store.load_retired_too(connection), configuration)
    found = compare(called.book, configuration)
    called.refuse_slips(found)
    refuse_second_names(called.book, configuration, kinds)
    await _refuse_moved(connection, moved(called.book, configuration, kinds), called.changes)
    return Plan(changes=(*called.changes, *found.changes))


async def _refuse_moved(
    connection: asyncpg.Connection, names: Sequence[str], renames: Sequence[Change]
) -> None:
    """Bookings and blocks stay where they are at the provider. Raises PlanRefused."""
    if not names:
        return
    old = {c.thing.name: str(c.record["old"]) for c in renames if c.thing.noun == "listing"}
    now = await schedule.database_now(connection)
    asked = [("listing", old.get(name, name), None) for name in names]
    alive = await departures.alive(connection, asked, now)
    stuck = [name for name, found in zip(names, alive, strict=True) if found.anything]
    if stuck:
        raise PlanRefused(in_place(stuck))


async def apply(
    connection: asyncpg.Connection,
    configuration: Configuration,
    now: datetime,
    shown: Plan | None = None,
) -> Plan:
    """Change the database and return what was changed; new and changed accounts are due to be read at `now`.

    Safe to run at once from several processes. `shown` is what was agreed to: what another process did meanwhile
    need not be done again, but nothing else is done. Where Postgres ends it because it and others waited for each
    other, it begins anew. Raises PlanRefused, and then nothing was changed.
    """
    for _ in range(MOST_DEADLOCKS):
        with suppress(asyncpg.DeadlockDetectedError):
            return await _applied(connection, configuration, now, shown)
    return await _applied(connection, configuration, now, shown)


async def _applied(
    connection: asyncpg.Connection, configuration: Configuration, now: datetime, shown: Plan | None
) -> Plan:
    async with connection.transaction():
        await store.lock(connection)
        found = await plan(connection, configuration)
        if shown is not None and any(change not in shown.changes for change in found.changes):
            raise PlanRefused(CHANGED_MEANWHILE)
        await _put(connection, found, now)
        await _retire(connection, found)
        await _remember(connection, found, now)
        await departures.depart(connection, now)  # what nothing is left of need not leave in steps
    return found


async def _remember(connection: asyncpg.Connection, found: Plan, now: datetime) -> None:
    """The policy of a venue that changed does nothing until all of it was read anew."""
    accounts = {c.thing.name for c in found.changes if c.thing.noun == "account"}
    venues = {c.thing.name for c in found.changes if c.thing.noun == "venue"}
    venues |= {str(c.record["venue"]) for c in found.changes if "venue" in c.record}
    await store.configured(connection, sorted(venues), sorted(accounts), now)


async def _put(connection: asyncpg.Connection, found: Plan, now: datetime) -> None:
    for noun in NOUNS:
        if records := found.records(noun, "renamed"):
            await store.rename(connection, noun, records)
    for noun in NOUNS:
        if records := found.records(noun, "added", "changed"):
            await store.put(connection, noun, records)
    accounts = {str(record["name"]) for record in found.records("account", "added", "changed")}
    accounts |= {str(record["account"]) for record in found.records("listing", "added", "changed")}
    await store.read_soon(connection, sorted(accounts), now)


async def _retire(connection: asyncpg.Connection, found: Plan) -> None:
    for noun in NOUNS:
        if records := found.records(noun, "removed"):
            await store.retire(connection, noun, records)
