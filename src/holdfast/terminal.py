"""What commands about rows share: the pool, the connected parts, tables and JSON Lines."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
import click
from redis.asyncio import Redis

from holdfast.agreement import agreed
from holdfast.clock import AgreedClock, SystemClock
from holdfast.settings import Settings, database_of
from holdfast.sync.parts import Parts, wake_nobody
from holdfast.wiring import Base, wired


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Whether to ask before acting, or only to show what would be done."""

    ask: bool
    dry_run: bool


@asynccontextmanager
async def pool_of(environ: Mapping[str, str]) -> AsyncIterator[asyncpg.Pool]:
    """For reading, and for what needs no channel."""
    url = database_of(Settings.from_environ(environ))
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        yield pool


async def clock_of(database_url: str) -> AgreedClock:
    """The one that commands go by: the database's, as all processes do."""
    return await agreed(SystemClock(), database_url)


@asynccontextmanager
async def parts_of(environ: Mapping[str, str]) -> AsyncIterator[Parts]:
    """For deciding; needs the same secrets as the worker, which makes the calls."""
    settings = Settings.from_environ(environ)
    url = database_of(settings)
    async with AsyncExitStack() as stack:
        redis = Redis.from_url(settings.redis_url) if settings.redis_url else None
        if (
            redis is not None
        ):  # it knows what the workers saw: an act by number must not go by an older store
            await stack.enter_async_context(redis)
        base = Base(database_url=url, redis=redis, clock=await clock_of(url), environ=environ)
        wiring = await stack.enter_async_context(wired(base, wake_nobody))
        yield wiring.parts


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as they must be."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def as_line(record: Mapping[str, object]) -> str:
    """One line of JSON Lines."""
    return json.dumps(record, default=lambda value: value.isoformat())


def tell(lines: Iterable[str]) -> None:
    """One after the other."""
    for line in lines:
        click.echo(line)
