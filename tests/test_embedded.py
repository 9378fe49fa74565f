"""The embedded servers: quiet, durable, one owner per folder, and nobody left behind."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from holdfast.embedded import (
    EmbeddedError,
    Servers,
    embedded_postgres,
    embedded_redis,
    embedded_servers,
)

OWNER = """
import asyncio, pathlib, signal, sys
from holdfast.embedded import {context}

async def main():
    for sign in (signal.SIGTERM, signal.SIGINT):  # a shell starts what is in its background deaf to SIGINT
        asyncio.get_running_loop().add_signal_handler(sign, asyncio.current_task().cancel)
    async with {context}(pathlib.Path(sys.argv[1])):
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An owner that is killed leaves its socket's folder; not in the machine's, please."""
    with tempfile.TemporaryDirectory(prefix="hf") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield


@asynccontextmanager
async def an_owner(
    folder: Path, context: str = "embedded_servers", **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process whose servers in `folder` are ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", OWNER.format(context=context), str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    try:
        assert process.stdout
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def server_pids(folder: Path) -> list[int]:
    return [int((folder / name).read_text()) for name in ("postgres.pid", "redis.pid")]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text() if sys.platform == "linux" else ""
    except (ProcessLookupError, FileNotFoundError):
        return False
    return ") Z " not in state  # ended, but not yet reaped by the machine's first process


def closed_to_others(path: str | Path) -> bool:
    return os.stat(path).st_mode & 0o077 == 0


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def remember(servers: Servers, word: str) -> None:
    connection = await asyncpg.connect(servers.database_url)
    await connection.execute("create table words (word text)")
    await connection.execute("insert into words values ($1)", word)
    await connection.close()
    async with Redis.from_url(servers.redis_url) as redis:
        await redis.set("word", word)


async def remembered(servers: Servers) -> tuple[str | None, str | None]:
    connection = await asyncpg.connect(servers.database_url)
    word = None
    if await connection.fetchval("select to_regclass('words') is not null"):
        word = await connection.fetchval("select word from words")
    await connection.close()
    async with Redis.from_url(servers.redis_url, decode_responses=True) as redis:
        return word, await redis.get("word")


async def test_starting_and_stopping_writes_nothing_on_our_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with embedded_servers(tmp_path):
        pass
    assert capfd.readouterr() == ("", "")
    assert "ready to accept connections" in (tmp_path / "postgres.log").read_text()
    assert "Ready to accept connections" in (tmp_path / "redis.log").read_text()


async def test_what_was_written_is_there_at_the_next_start_at_the_same_address(
    tmp_path: Path,
) -> None:
    async with embedded_servers(tmp_path) as first:
        await remember(first, "oyster")
    async with embedded_servers(tmp_path) as second:
        assert second == first
        assert await remembered(second) == ("oyster", "oyster")


async def test_a_fresh_start_finds_nothing(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as first:
        await remember(first, "oyster")
    async with embedded_servers(tmp_path, fresh=True) as second:
        assert await remembered(second) == (None, None)


async def test_a_start_promises_durability_unless_told_otherwise(tmp_path: Path) -> None:
    settings = "select current_setting('fsync'), current_setting('synchronous_commit')"
    for durable, expected in ((True, "on"), (False, "off")):
        async with embedded_servers(tmp_path, durable=durable) as servers:
            connection = await asyncpg.connect(servers.database_url)
            assert tuple(await connection.fetchrow(settings)) == (expected, expected)
            await connection.close()
            async with Redis.from_url(servers.redis_url, decode_responses=True) as redis:
                wanted = {"appendonly": "yes" if durable else "no"}
                assert await redis.config_get("appendonly") == wanted


async def test_redis_refuses_writes_rather_than_forget_keys(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as url, Redis.from_url(url, decode_responses=True) as redis:
        assert await redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


async def test_other_users_of_the_machine_get_into_neither_server(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as servers:
        address = urlsplit(servers.redis_url)
        async with Redis(host=str(address.hostname), port=address.port or 0) as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()
        assert closed_to_others(parse_qs(urlsplit(servers.database_url).query)["host"][0])
        assert closed_to_others(tmp_path / "redis.url")


async def test_postgres_never_runs_as_root(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path, durable=False):
        assert (tmp_path / "postgres" / "postmaster.pid").stat().st_uid != 0


async def test_a_folder_may_be_deeper_than_a_socket_path_can_say(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path / ("deep" * 40), durable=False) as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select 1") == 1
        await connection.close()


@pytest.mark.parametrize("name", ['Käse, Brot & "Wein"', "deep" * 30])
async def test_a_folder_for_sockets_may_be_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A fault of text put into a list, an address or a length that it does not fit: TMPDIR is the user's own."""
    os.mkdir(tmp_path / name)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    async with embedded_postgres(tmp_path / "data", durable=False) as url:
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("select 1") == 1
        await connection.close()


async def test_a_second_user_of_a_folder_is_told_who_has_it(tmp_path: Path) -> None:
    async with an_owner(tmp_path) as owner:
        with pytest.raises(EmbeddedError, match=rf"{tmp_path} is in use by process {owner.pid}\b"):
            await embedded_servers(tmp_path).__aenter__()


async def test_two_parts_of_one_process_cannot_share_a_folder(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path):
        with pytest.raises(EmbeddedError, match=f"in use by process {os.getpid()}"):
            await embedded_redis(tmp_path).__aenter__()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=lambda sign: sign.name)
async def test_an_owner_that_is_told_to_stop_has_stopped_its_servers_when_it_ends(
    tmp_path: Path, sign: signal.Signals
) -> None:
    async with an_owner(tmp_path) as owner:
        pids = server_pids(tmp_path)
        assert all(alive(pid) for pid in pids)
        owner.send_signal(sign)
        await owner.wait()
        assert not any(alive(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start cleans up")
async def test_servers_end_with_an_owner_that_is_killed(tmp_path: Path) -> None:
    async with an_owner(tmp_path) as owner:
        pids = server_pids(tmp_path)
        owner.kill()
        await eventually(lambda: not any(alive(pid) for pid in pids))


async def test_a_folder_whose_owner_was_killed_starts_at_once_with_its_data(tmp_path: Path) -> None:
    async with embedded_servers(tmp_path) as servers:
        await remember(servers, "oyster")
    async with an_owner(tmp_path) as owner:
        owner.kill()
        await owner.wait()
        async with embedded_servers(tmp_path) as servers:
            assert await remembered(servers) == ("oyster", "oyster")


async def test_a_server_that_outlived_its_owner_is_stopped_by_the_next_one(tmp_path: Path) -> None:
    # Without a PATH the owner finds no setpriv, so that nothing ends the server with it.
    async with an_owner(tmp_path, "embedded_redis", PATH="") as owner:
        owner.kill()
        await owner.wait()
        orphan = int((tmp_path / "redis.pid").read_text())
        assert alive(orphan)
        async with embedded_redis(tmp_path) as url, Redis.from_url(url) as redis:
            assert await redis.ping()
            assert not alive(orphan)


async def test_a_stranger_with_the_number_of_a_former_server_is_left_alone(tmp_path: Path) -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    (tmp_path / "redis.pid").write_text(str(stranger.pid))
    async with embedded_redis(tmp_path):
        assert stranger.returncode is None
        assert alive(stranger.pid)
    stranger.kill()
    await stranger.wait()


async def test_postgres_interrupted_while_it_made_its_folder_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with embedded_postgres(tmp_path, durable=False) as url:
        assert "host=" in url


async def test_a_port_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    async with embedded_redis(tmp_path) as url:
        port = urlsplit(url).port
    with socket.create_server(("127.0.0.1", port or 0)):
        async with embedded_redis(tmp_path) as url:
            assert urlsplit(url).port != port


async def test_a_server_that_cannot_start_says_why_and_where_its_log_is(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedError) as caught:
        await embedded_postgres(tmp_path).__aenter__()
    assert "postgres ended at once: " in str(caught.value)
    assert str(tmp_path / "postgres.log") in str(caught.value)
    assert (tmp_path / "postgres.log").read_text().splitlines()[-1] in str(caught.value)


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match=str(tmp_path / "file" / "below")):
        await embedded_redis(tmp_path / "file" / "below").__aenter__()
