"""What happens to an account stands in the journal of every venue where it sells."""

import asyncpg

from holdfast.store import brake, journal
from holdfast.store.journal import Entry


async def note_everywhere(connection: asyncpg.Connection, account_id: int, entry: Entry) -> None:
    """The same entry for each of them, in the order in which venues are locked."""
    for venue_id in await brake.venues_of(connection, account_id):
        head = await journal.lock_venue(connection, venue_id)
        await journal.append(connection, head, [entry])
