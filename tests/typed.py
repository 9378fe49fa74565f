"""What a command is told by its environment when it is typed in a test: the database, the secrets, the time."""

import os
from datetime import datetime

from tests.town import SECRETS, Town

from holdfast.clock import TEST_AHEAD, SystemClock, ahead_of_machine
from holdfast.store.elsewhen import moved


async def environ_of(where: str | Town) -> dict[str, str]:
    """For a database, or for a town: there it is the town's time, for the command and on its connections alike."""
    if isinstance(where, str):
        moment = {TEST_AHEAD: os.environ.get(TEST_AHEAD, "")}
        return {"HOLDFAST_DATABASE_URL": where, **moment, **SECRETS}
    now = where.clock.now()
    shown: datetime = await where.pool.fetchval("select pg_catalog.clock_timestamp()")
    machine = SystemClock().now() - ahead_of_machine(os.environ)
    return {
        "HOLDFAST_DATABASE_URL": moved(where.database_url, now - shown),
        TEST_AHEAD: str((now - machine).total_seconds()),
        **SECRETS,
    }
