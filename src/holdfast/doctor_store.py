"""What `holdfast doctor` says of the store: whether it is the one that its processes knew, or an older state of it."""

from contextlib import suppress
from datetime import datetime, timedelta

import asyncpg
from redis.exceptions import RedisError

from holdfast.doctor_servers import Line
from holdfast.herald import open_redis
from holdfast.lineage import remembered
from holdfast.settings import Settings
from holdfast.store import lineage
from holdfast.store.lineage import Lineage
from holdfast.web.words import exact

NEWS = timedelta(days=1)
"""`doctor` reminds people of what was lost for this time."""

SAY_SO = "Start `holdfast worker`, which takes back what the older state was about to do."
AGAIN = "Make bookings and closures again that venues made themselves in the time that is lost."


async def same_store(connection: asyncpg.Connection, settings: Settings, now: datetime) -> Line:
    """By what other processes saw, and by what was noticed."""
    first = await lineage.state(connection)
    known = await _seen_by_others(settings, first.installation) if first else None
    found = await lineage.state(connection)
    return (
        Line(what="store", health="ok", told="new") if found is None else judged(found, known, now)
    )


async def _seen_by_others(settings: Settings, installation: str) -> int | None:
    if settings.redis_url is None:
        return None
    redis = open_redis(settings.redis_url)
    try:
        return await remembered(redis, installation)
    finally:
        with suppress(RedisError, OSError, TimeoutError):
            await redis.aclose(close_connection_pool=True)


def judged(found: Lineage, known: int | None, now: datetime) -> Line:
    """`known`: the highest number of a look that any process saw."""
    if known is not None and known > found.looks:
        told = "is an older state than the one that its processes saw last"
        return Line(what="store", health="fail", told=told, todo=SAY_SO)
    if found.went_back_at is None:
        return Line(what="store", health="ok", told="is the one that its processes knew")
    to = exact(found.went_back_to) if found.went_back_to else "an unknown moment"
    told = f"went back to its state of {to}, noticed at {exact(found.went_back_at)}"
    return _since(found, f"{told}; ", now - found.went_back_at)


def _since(found: Lineage, told: str, age: timedelta) -> Line:
    if found.doubt_due:
        told += "what it was about to do then is not taken back yet, and nothing is sent"
        return Line(what="store", health="fail", told=told, todo=SAY_SO)
    if found.unread:
        told += f"nothing is cancelled or released at venues of {', '.join(found.unread)}, not read completely since"
        return Line(what="store", health="warn", told=told, todo=AGAIN)
    told += "all was read since"
    fresh = age < NEWS
    return Line(
        what="store", health="warn" if fresh else "ok", told=told, todo=AGAIN if fresh else ""
    )
