"""A connection on which it is another moment, for tests: functions of ours stand before Postgres's own.

`now()`, `clock_timestamp()` and their like are found by the connection's search path, so its address can say how far
ahead they are. SQL's own keywords for the time cannot be moved: no query of ours uses them.
"""

from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import asyncpg

from holdfast.store.queries import load

_SQL = load("elsewhen")

PATH = "public,elsewhen,pg_catalog"
"""What a migration makes still lands in `public`, which comes first."""


async def teach(database_url: str) -> None:
    """Make the functions in this database; they change nothing for connections that do not ask for them."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_SQL["teach"])
    finally:
        await connection.close()


def moved(database_url: str, ahead: timedelta) -> str:
    """The address of the same database, on whose connections it is so much later."""
    parts = urlsplit(database_url)
    settings = {
        **dict(parse_qsl(parts.query)),
        "search_path": PATH,
        "holdfast.ahead": f"{ahead.total_seconds():.6f} seconds",
    }
    return parts._replace(query=urlencode(settings, quote_via=quote)).geturl()
