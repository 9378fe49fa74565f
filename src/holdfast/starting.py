"""What a process looks at before it starts: its settings, its logs, the database's schema."""

import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

import structlog
from redis.exceptions import RedisError

from holdfast.clock import SystemClock
from holdfast.complaints import Unusable
from holdfast.herald import open_redis
from holdfast.logs import set_up_logs
from holdfast.processes import Surroundings
from holdfast.settings import Settings, SettingsError, database_of
from holdfast.store import migrate as migrations
from holdfast.supported import of_postgres, of_redis

log = structlog.get_logger()


def surroundings(settings: Settings, environ: Mapping[str, str]) -> Surroundings:
    clock = SystemClock()
    set_up_logs(sys.stderr, clock)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if settings.redis_url is None:
        raise SettingsError(["HOLDFAST_REDIS_URL: expected the address of a Redis server"])
    return Surroundings(
        database_url=database_of(settings),
        redis_url=settings.redis_url,
        clock=clock,
        environ=environ,
    )


async def ensure_servers(around: Surroundings) -> None:
    """Refuse a server that is too old, and a database that is older than this program. Raises Unusable.

    Redis may be away; then it is not looked at.
    """
    redis = open_redis(around.redis_url)
    try:
        remarks = [await of_postgres(around.database_url), await of_redis(redis)]
    finally:
        with suppress(RedisError, OSError, TimeoutError):
            await redis.aclose(close_connection_pool=True)
    for remark in filter(None, remarks):
        log.warning("server_newer_than_known", remark=remark)
    await ensure_schema(around.database_url)


async def ensure_schema(url: str) -> None:
    """Refuse a database that is older than this program; a newer one is made so that we can go on with it.

    What is named `post` is applied when the release before is gone, and may still be missing.
    """
    missing = [name for name in await migrations.pending(url) if "_post_" not in name]
    if missing:
        raise Unusable(
            f"the database is too old, missing: {', '.join(missing)}. Run `holdfast migrate`"
        )
