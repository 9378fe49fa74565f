"""One Postgres and one Redis for a whole test run, and what each test needs of them.

The process that began the run (under xdist the controller) starts them and stops them; workers are
told the addresses. Each test has a database and a Redis database no other test uses meanwhile,
empty and as good as new. With HOLDFAST_DATABASE_URL or HOLDFAST_REDIS_URL set, those servers are used instead.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import settings
from redis.asyncio import Redis
from tests import moments
from tests.databases import Spare, as_new, print_of

from holdfast.clock import ahead_of_machine
from holdfast.embedded import embedded_postgres, embedded_redis
from holdfast.store.elsewhen import moved, teach


class WorkerNode(Protocol):
    """What xdist, which ships no types, hands to `pytest_configure_node`."""

    config: pytest.Config
    workerinput: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The servers of a run; `run` names what it makes in them."""

    run: str
    database_url: str
    redis_url: str

    @property
    def template(self) -> str:
        return f"holdfast_{self.run}_template"


@dataclass(slots=True)
class Landlord:
    """Starts the servers when first asked, so that a run which needs none starts none."""

    # The factory keeps this loop from becoming the current one: that is pytest-asyncio's to choose.
    runner: asyncio.Runner = field(
        default_factory=lambda: asyncio.Runner(loop_factory=asyncio.new_event_loop)
    )
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    surroundings: Surroundings | None = None

    def open(self) -> Surroundings:
        if self.surroundings is None:
            self.surroundings = self.runner.run(self._start())
        return self.surroundings

    def close(self) -> None:
        if self.surroundings is not None:
            self.runner.run(self._stop(self.surroundings))
        self.runner.close()

    async def _start(self) -> Surroundings:
        folder = Path(tempfile.mkdtemp(prefix="holdfast-tests-"))
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        return Surroundings(
            run=secrets.token_hex(4),
            database_url=_yours() or await self._postgres(folder),
            redis_url=os.environ.get("HOLDFAST_REDIS_URL") or await self._redis(folder),
        )

    async def _postgres(self, folder: Path) -> str:
        return await self.stack.enter_async_context(embedded_postgres(folder, durable=False))

    async def _redis(self, folder: Path) -> str:
        return await self.stack.enter_async_context(embedded_redis(folder, durable=False))

    async def _stop(self, surroundings: Surroundings) -> None:
        """The workers are gone by now; the spare databases and the template are left."""
        async with self.stack, connected(surroundings.database_url) as connection:
            left = await connection.fetch(
                "select datname from pg_database where starts_with(datname, $1)",
                f"holdfast_{surroundings.run}_",
            )
            for row in left:
                await drop_database(connection, row["datname"])


def _yours() -> str | None:
    url, ahead = os.environ.get("HOLDFAST_DATABASE_URL"), ahead_of_machine(os.environ)
    return moved(url, ahead) if url and ahead else url


landlord_key = pytest.StashKey[Landlord]()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One more than there are cores: a good part of the tests waits, for a time-out or for a server's start."""
    return (os.cpu_count() or 1) + 1


def pytest_report_header() -> str:
    return moments.chosen()


def pytest_configure(config: pytest.Config) -> None:
    moments.go(os.environ)
    if (
        moments.CHOSEN in os.environ
    ):  # what is random was tried at this moment's own run; here only the clocks are new
        settings.register_profile("moment", max_examples=20)
        settings.load_profile("moment")
    if not hasattr(config, "workerinput"):
        config.stash[landlord_key] = Landlord()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerNode) -> None:
    node.workerinput["holdfast"] = asdict(node.config.stash[landlord_key].open())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, the rest in the order drawn: none is begun when the other core has nothing left."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_unconfigure(config: pytest.Config) -> None:
    if landlord := config.stash.get(landlord_key, None):
        landlord.close()


@pytest.fixture(scope="session")
def surroundings(pytestconfig: pytest.Config) -> Surroundings:
    if worker_input := getattr(pytestconfig, "workerinput", None):
        return Surroundings(**worker_input["holdfast"])
    return pytestconfig.stash[landlord_key].open()


@pytest.fixture
async def empty_database_url(surroundings: Surroundings) -> AsyncIterator[str]:
    """The address of a new database with nothing in it."""
    async with new_database(surroundings, template="template1") as url:
        yield url


@pytest.fixture(scope="session")
def spares() -> list[Spare]:
    """Databases that this process's tests have left as good as new."""
    return []


@pytest.fixture
async def database_url(surroundings: Surroundings, spares: list[Spare]) -> AsyncIterator[str]:
    """The address of a database with all migrations applied and no rows, as good as new."""
    database = spares.pop() if spares else await furnished(surroundings)
    yield database.url
    if await as_new(database):
        spares.append(database)
    else:
        async with connected(surroundings.database_url) as connection:
            await drop_database(connection, database.name)


@pytest.fixture
async def redis_url(surroundings: Surroundings, worker_id: str) -> str:
    """The address of an empty Redis database, used by this worker only.

    Published messages know no databases: what one test publishes, all subscribers of the run hear.
    """
    number = 0 if worker_id == "master" else 1 + int(worker_id.removeprefix("gw"))
    url = with_path(surroundings.redis_url, str(number))
    async with Redis.from_url(url) as redis:
        await redis.flushdb()
    return url


async def furnished(surroundings: Surroundings) -> Spare:
    """A new database with all migrations applied."""
    name = new_name(surroundings)
    async with connected(surroundings.database_url) as connection:
        await ensure_template(connection, surroundings)
        await connection.execute(
            f"create database {name} template {surroundings.template} strategy file_copy"
        )
    url = with_path(surroundings.database_url, name)
    return Spare(name, url, await print_of(url))


def new_name(surroundings: Surroundings) -> str:
    return f"holdfast_{surroundings.run}_{secrets.token_hex(6)}"


@asynccontextmanager
async def new_database(surroundings: Surroundings, *, template: str) -> AsyncIterator[str]:
    name = new_name(surroundings)
    async with connected(surroundings.database_url) as connection:
        await connection.execute(f"create database {name} template {template} strategy file_copy")
        url = with_path(surroundings.database_url, name)
        try:
            if ahead_of_machine(os.environ):
                await teach(url)
            yield url
        finally:
            await drop_database(connection, name)


async def ensure_template(connection: asyncpg.Connection, surroundings: Surroundings) -> None:
    """Whoever comes first makes the template; the others wait for it."""
    name = surroundings.template
    exists = "select exists (select from pg_database where datname = $1)"
    if await connection.fetchval(exists, name):
        return
    await connection.execute("select pg_advisory_lock(hashtext($1))", name)
    if not await connection.fetchval(exists, name):
        await make_template(connection, surroundings)
    await connection.execute("select pg_advisory_unlock(hashtext($1))", name)


async def make_template(connection: asyncpg.Connection, surroundings: Surroundings) -> None:
    # Imported late: tests that need no schema run while the migrations are broken.
    from holdfast.store.migrate import migrate

    unfinished = f"{surroundings.template}_unfinished"
    await drop_database(connection, unfinished)
    await connection.execute(f"create database {unfinished}")
    # First the clock, or a column's default would not follow it.
    await teach(with_path(surroundings.database_url, unfinished))
    await migrate(with_path(surroundings.database_url, unfinished))
    # No connections, or autovacuum would sit in it just when a test wants its copy.
    await connection.execute(f"alter database {unfinished} allow_connections false")
    await connection.execute(f"alter database {unfinished} rename to {surroundings.template}")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def drop_database(connection: asyncpg.Connection, name: str) -> None:
    await connection.execute(f"drop database if exists {name} with (force)")


def with_path(url: str, path: str) -> str:
    return urlsplit(url)._replace(path=f"/{path}").geturl()
