"""When something is due again, asked about a few accounts."""

from datetime import datetime

import asyncpg
from tests.web.rows import NOW

from holdfast.store import agenda


async def next_due(connection: asyncpg.Connection, *accounts: int) -> datetime | None:
    scope = agenda.Scope(live=accounts, accounts=accounts, venues=[])
    return await agenda.next_due(connection, NOW, scope)
