"""A process that does not live by Redis says when it is away and when it is back, each once.

The kind of fault: the worker said so and web, with the same server, said nothing.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.closed_redis import TAKES_NOTHING, Told

from holdfast.herald import open_redis
from holdfast.processes import in_background
from holdfast.redis_watch import watched
from holdfast.soak.program import (
    HERE,
    REDIS_READY,
    Program,
    finished,
    free_port,
    holdfast,
    redis_server,
    started,
    until,
)

QUICK = 0.05


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Program, int]]:
    port = free_port()
    program = redis_server(tmp_path, port)
    async with started(program):
        await program.says(REDIS_READY)
        yield program, port


async def test_redis_that_goes_and_comes_is_told_of_twice(server: tuple[Program, int]) -> None:
    program, port = server
    redis = open_redis(f"redis://{HERE}:{port}/0")
    with capture_logs() as told:

        async def says(event: str) -> None:
            async def said() -> bool:
                return [one["event"] for one in told][-1:] == [event]

            await until(said, event)

        async with in_background(watched(redis, QUICK), "redis"):
            await asyncio.sleep(5 * QUICK)
            assert told == []
            await program.kill()
            await says("redis_away")
            await asyncio.sleep(5 * QUICK)
            await program.start()
            await says("redis_back")
    assert [one["event"] for one in told] == ["redis_away", "redis_back"]
    await redis.aclose(close_connection_pool=True)


@TAKES_NOTHING
async def test_redis_that_takes_nothing_in_is_told_of_and_the_doctor_says_it(
    server: tuple[Program, int],
    tmp_path: Path,
    database_url: str,
    refuse: Told,
    again: Told,
) -> None:
    """The kind of fault: it answers a ping, and nothing is shared. All said that it is well: the log of web, its readiness,
    and `doctor`."""
    port = server[1]
    redis = open_redis(f"redis://{HERE}:{port}/0")
    urls = {
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": f"redis://{HERE}:{port}/0",
    }

    async def doctor() -> str:
        done = await finished(tmp_path, "doctor", **urls)
        return next(line for line in done.out.splitlines() if " redis " in line)

    with capture_logs() as told:

        async def says(event: str) -> None:
            async def said() -> bool:
                return [one["event"] for one in told][-1:] == [event]

            await until(said, event)

        async with in_background(watched(redis, QUICK), "redis"):
            await refuse(redis)
            await says("redis_away")
            assert re.match("warn .*takes nothing in", await doctor())
            await again(redis)
            await says("redis_back")
            assert re.match("ok .*answers", await doctor())
    await redis.aclose(close_connection_pool=True)


async def test_redis_that_was_never_there_is_told_of_at_once() -> None:
    redis = open_redis(f"redis://{HERE}:{free_port()}/0")
    with capture_logs() as told:
        async with in_background(watched(redis, QUICK), "redis"):

            async def said() -> bool:
                return bool(told)

            await until(said, "redis_away")
    assert (told[0]["event"], told[0]["log_level"]) == ("redis_away", "warning")
    await redis.aclose(close_connection_pool=True)


async def test_web_that_is_started_without_redis_says_so_once(
    tmp_path: Path, database_url: str
) -> None:
    settings = {
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": f"redis://{HERE}:{free_port()}/0",
        "HOLDFAST_PORT": str(free_port()),
    }
    web = holdfast(tmp_path, "web", **settings)
    async with started(web):
        await web.says('"redis_away"')
        await web.says('"web_ready"')
        assert web.said().count('"redis_away"') == 1
