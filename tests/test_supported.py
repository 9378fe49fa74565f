"""Servers that are too old are refused in one line that names both versions; newer ones are only remarked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis
from tests.conftest import connected

from holdfast.soak.program import HERE, finished
from holdfast.supported import POSTGRES, REDIS, TooOld, of_postgres, of_redis


@asynccontextmanager
async def a_redis_that_says(version: str) -> AsyncIterator[str]:
    """All that a client asks for before it works."""
    told = f"# Server\r\nredis_version:{version}\r\n".encode()
    answers = {
        b"INFO": b"$%d\r\n%s\r\n" % (len(told), told),
        b"PING": b"+PONG\r\n",
        b"CLIENT": b"+OK\r\n",
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError):  # at the end of the test
            while line := await reader.readline():
                writer.write(answers.get(line.strip().upper(), b""))
        writer.close()

    server = await asyncio.start_server(answer, HERE, 0)
    try:
        yield f"redis://{HERE}:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()


@pytest.mark.parametrize(
    ("found", "refused"), [((14, 23), True), ((15, 0), False), ((18, 4), False)]
)
def test_a_postgres_that_is_too_old_is_refused(found: tuple[int, ...], *, refused: bool) -> None:
    if refused:
        with pytest.raises(
            TooOld, match=r"^Postgres 14\.23 is too old: expected Postgres 15 to 18$"
        ):
            POSTGRES.judge(found)
    else:
        assert POSTGRES.judge(found) == ""


@pytest.mark.parametrize("found", [(6, 2, 14), (7, 0, 15), (8, 6, 1)])
def test_a_redis_of_a_known_version_is_not_remarked(found: tuple[int, ...]) -> None:
    assert REDIS.judge(found) == ""


def test_what_is_newer_than_known_is_remarked() -> None:
    assert POSTGRES.judge((19, 1)) == (
        "Postgres 19.1 is newer than what this release was tested with: Postgres 15 to 18"
    )
    assert "Redis 9.0.1 is newer" in REDIS.judge((9, 0, 1))


async def test_a_redis_is_asked_for_its_version(redis_url: str) -> None:
    for url in (redis_url, f"redis://{HERE}:1/0"):  # the second is away
        async with Redis.from_url(url) as redis:
            assert await of_redis(redis) == ""
    async with a_redis_that_says("6.0.16") as url, Redis.from_url(url) as redis:
        with pytest.raises(TooOld, match=r"Redis 6\.0\.16 is too old: expected Redis 6\.2 to 8"):
            await of_redis(redis)


async def test_a_postgres_is_asked_for_its_version(empty_database_url: str) -> None:
    assert await of_postgres(empty_database_url) == ""
    async with connected(empty_database_url) as connection:
        told = connection.get_server_version()
    assert told.major >= 15


@pytest.mark.parametrize("command", ["web", "worker", "doctor", "up"])
async def test_every_command_that_starts_something_refuses_an_old_server(
    tmp_path: Path, database_url: str, command: str
) -> None:
    async with a_redis_that_says("5.0.7") as redis:
        servers = {"HOLDFAST_DATABASE_URL": database_url, "HOLDFAST_REDIS_URL": redis}
        told = await finished(tmp_path, command, **servers)
    assert told.code == 1
    assert "Redis 5.0.7 is too old: expected Redis 6.2 to 8" in told.out + told.err
    assert "Traceback" not in told.err
