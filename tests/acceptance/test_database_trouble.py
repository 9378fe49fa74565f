"""Postgres full, read-only, closed, frozen, killed or cut off at the commit, while webhooks come in all the time."""

import asyncio
import hashlib
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import pytest_asyncio

from holdfast.example import WEBHOOK_SECRETS
from holdfast.soak.house import SECRETS, address, set_up, simulator, write_configuration
from holdfast.soak.program import (
    HERE,
    Program,
    free_port,
    holdfast,
    started,
    until,
)
from holdfast.soak.rig import Postgres
from holdfast.soak.side import Side, met
from holdfast.soak.traits import traits

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="freezes processes by /proc"),
]

SENDERS = 40
"""Far more at once than may each wait for a query of their own."""

ENOUGH = 60
PROVIDERS_PATIENCE = 10.0
"""Seconds after which a provider takes silence for a refusal."""

ROLE = "ours"
REFUSE = """
create function full_disk() returns trigger language plpgsql as
$$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
"""
AT_ONCE = "create trigger full_disk before insert on inbox execute function full_disk()"
AT_COMMIT = (
    "create constraint trigger full_disk after insert on inbox deferrable initially deferred"
    " for each row execute function full_disk()"
)

TAKES_IN = b"\0\0\0\x07webhook"
"""What only the statement that takes webhooks in sends: how they came, as a value. It is a commit of its own."""


@dataclass(kw_only=True)
class Severing:
    """Between our web and Postgres. `armed`: the next commit of a webhook is carried out, its answer never arrives."""

    path: str
    armed: bool = False
    severed: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_unix_connection(self.path)
            commits = asyncio.Event()
            ways = [
                asyncio.create_task(self._ask(reader, back, commits)),
                asyncio.create_task(self._answer(there, writer, commits)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.close()
        writer.close()

    async def _ask(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, commits: asyncio.Event
    ) -> None:
        while data := await reader.read(2**16):
            if self.armed and TAKES_IN in data:
                self.armed = False
                commits.set()
            back.write(data)

    async def _answer(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, commits: asyncio.Event
    ) -> None:
        while data := await there.read(2**16):
            if commits.is_set():
                self.severed += 1
                return
            writer.write(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    body: bytes
    status: int
    retry_after: str | None
    seconds: float

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(kw_only=True)
class Scene:
    """One web, one worker, both providers, a Postgres of its own; and somebody who sends webhooks."""

    postgres: Postgres
    url: str
    """Of our database, as its superuser, past the proxy."""
    web: Program
    worker: Program
    web_url: str
    severing: Severing
    sides: Mapping[str, Side]
    session: aiohttp.ClientSession
    numbers: "count[int]" = field(default_factory=count)
    answers: list[Answer] = field(default_factory=list)

    async def execute(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def value(self, query: str, *values: object) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(query, *values)
        finally:
            await connection.close()

    async def send(self, body: bytes) -> Answer:
        headers = {"Authorization": f"Bearer {SECRETS[WEBHOOK_SECRETS['mozrest']]}"}
        began = time.monotonic()
        async with self.session.post(
            f"{self.web_url}/hooks/mozrest-main", data=body, headers=headers
        ) as answer:
            await answer.read()
            told = answer.headers.get("Retry-After")
        seconds = time.monotonic() - began
        return Answer(body=body, status=answer.status, retry_after=told, seconds=seconds)

    async def go_on_sending(self) -> None:
        """For ever, each webhook once, as providers do who know nothing of our trouble."""
        while True:
            event = {"entity": "booking", "entity_id": f"n-{next(self.numbers)}"}
            body = json.dumps({**event, "action": "update"}).encode()
            self.answers.append(await self.send(body))
            await asyncio.sleep(0.02)

    async def many(self, status: int) -> None:
        """Wait until so many more were answered so."""
        before = len(self.answers)

        async def enough() -> bool:
            return sum(a.status == status for a in self.answers[before:]) >= ENOUGH

        await until(enough, f"{ENOUGH} answers {status}")

    async def kept(self) -> set[str]:
        query = "select array_agg(encode(sha256(body), 'hex')) from inbox where via = 'webhook'"
        return set(await self.value(query))

    async def idle(self) -> bool:
        return not await self.value("select count(*) from inbox where done_at is null")


@asynccontextmanager
async def _sending(scene: Scene) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(scene.go_on_sending()) for _ in range(SENDERS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [end for end in ends if not isinstance(end, asyncio.CancelledError)]


@asynccontextmanager
async def full(scene: Scene) -> AsyncIterator[None]:
    """No space left when a row is written."""
    await scene.execute(REFUSE, AT_ONCE)
    yield
    await scene.execute("drop function full_disk cascade")


@asynccontextmanager
async def full_at_commit(scene: Scene) -> AsyncIterator[None]:
    """All goes well until the very end."""
    await scene.execute(REFUSE, AT_COMMIT)
    yield
    await scene.execute("drop function full_disk cascade")


@asynccontextmanager
async def read_only(scene: Scene) -> AsyncIterator[None]:
    """As after a failover to a server that may not write."""
    await scene.execute(
        "alter system set default_transaction_read_only = on", "select pg_reload_conf()"
    )
    yield
    await scene.execute(
        "alter system reset default_transaction_read_only", "select pg_reload_conf()"
    )


@asynccontextmanager
async def without_connections(scene: Scene) -> AsyncIterator[None]:
    """Others took them all, and ours were ended."""
    end = f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{ROLE}'"
    await scene.execute(f"alter role {ROLE} connection limit 0", end)
    yield
    await scene.execute(f"alter role {ROLE} connection limit -1")


@asynccontextmanager
async def frozen(scene: Scene) -> AsyncIterator[None]:
    """It takes connections, and never says a word."""
    for number in _family(scene.postgres.number):
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in reversed(_family(scene.postgres.number)):
            os.kill(number, signal.SIGCONT)


def _family(number: int) -> list[int]:
    """A process and its children; the father first, so that he bears no more."""
    stats = (path for path in Path("/proc").glob("[0-9]*/stat"))
    return [number, *(int(path.parent.name) for path in stats if _parent(path) == number)]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0  # it ended meanwhile


@asynccontextmanager
async def killed(scene: Scene) -> AsyncIterator[None]:
    """Gone for a while."""
    scene.postgres.kill()
    yield
    await scene.postgres.start()


Trouble = Callable[[Scene], AbstractAsyncContextManager[None]]


@pytest.mark.parametrize(
    "trouble",
    [full, full_at_commit, read_only, without_connections, frozen, killed],
    ids=lambda trouble: trouble.__name__,
)
async def test_while_postgres_is_in_trouble_webhooks_are_refused_in_time_and_none_falsely_accepted(
    scene: Scene, trouble: Trouble
) -> None:
    scene.answers.clear()
    async with _sending(scene):
        await scene.many(200)
        async with trouble(scene):
            await scene.many(503)
        await scene.many(200)
    refused = [answer for answer in scene.answers if answer.status != 200]
    assert {(answer.status, answer.retry_after is not None) for answer in refused} == {(503, True)}
    slowest = max(answer.seconds for answer in scene.answers)
    assert slowest < PROVIDERS_PATIENCE, f"an answer took {slowest:.1f} s"
    again = await asyncio.gather(*(scene.send(answer.body) for answer in refused))
    assert {answer.status for answer in again} == {200}
    assert {answer.digest for answer in scene.answers} <= await scene.kept()
    await until(scene.idle, "the worker went on by itself")
    assert not scene.web.ended
    assert not scene.worker.ended


async def test_a_commit_whose_answer_is_lost_is_refused_and_sent_again_neither_lost_nor_doubled(
    scene: Scene,
) -> None:
    """The row may stand: the provider sends it again, and both rows together are one read."""
    side = scene.sides["boseat"]
    offer = (await side.offers("salon"))[0]
    before = scene.severing.severed
    scene.severing.armed = True
    ref = await side.book(offer)

    async def done() -> bool:
        deliveries = await side.ask("GET", "/webhooks")
        return bool(deliveries) and all(d["accepted"] for d in deliveries)

    await until(done, "the provider's webhook was taken in the end")
    deliveries = await side.ask("GET", "/webhooks")
    assert scene.severing.severed == before + 1
    assert max(d["attempts"] for d in deliveries) == 2
    await until(scene.idle, "the worker read it")
    told = "select count(*) from inbox where ref = $1 and via = 'webhook'"
    assert await scene.value(told, ref) == sum(d["attempts"] for d in deliveries)
    assert await scene.value("select count(*) from bookings where external_id = $1", ref) == 1
    made = (
        "select count(*) from journal j join bookings b on b.id = j.booking_id"
        " where j.kind = 'booking.created' and b.external_id = $1"
    )
    assert await scene.value(made, ref) == 1


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="scene")
async def _scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("trouble")
    async with AsyncExitStack() as stack:
        yield await _built(stack, folder)


async def _built(stack: AsyncExitStack, folder: Path) -> Scene:
    postgres = Postgres(folder=folder)
    stack.push_async_callback(postgres.stop)
    await postgres.start()
    severing = Severing(path=postgres.socket)
    proxy = await asyncio.start_server(severing.carry, HERE, 0)
    stack.callback(proxy.close)
    port = free_port()
    web_url = f"http://{HERE}:{port}"
    programs = {name: simulator(folder, name, web_url) for name in sorted(traits())}
    await stack.enter_async_context(started(*programs.values()))
    urls = {name: await address(program) for name, program in programs.items()}
    sides = {n: await stack.enter_async_context(met(n, url)) for n, url in urls.items()}
    write_configuration(folder, urls)
    inner = f"postgresql://{ROLE}@{HERE}:{proxy.sockets[0].getsockname()[1]}/{ROLE}"
    await _prepared(folder, postgres.url, inner)
    web, worker = (holdfast(folder, name, **_settings(inner, port)) for name in ("web", "worker"))
    await stack.enter_async_context(started(web, worker))
    await asyncio.gather(web.says('"web_ready"'), worker.says('"worker_ready"'))
    timeout = aiohttp.ClientTimeout(total=60)
    connector = aiohttp.TCPConnector(limit=0)
    session = aiohttp.ClientSession(timeout=timeout, connector=connector)
    return Scene(
        postgres=postgres,
        url=postgres.url.replace("/postgres?", f"/{ROLE}?"),
        web=web,
        worker=worker,
        web_url=web_url,
        severing=severing,
        sides=sides,
        session=await stack.enter_async_context(session),
    )


def _settings(database_url: str, port: int) -> dict[str, str]:
    """There is no Redis at all."""
    return {
        **SECRETS,
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": f"redis://{HERE}:{free_port()}/0",
        "HOLDFAST_PORT": str(port),
    }


async def _prepared(folder: Path, url: str, inner: str) -> None:
    """A database that belongs to an ordinary role, migrated and configured."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"create role {ROLE} login")
    await connection.execute(f"create database {ROLE} owner {ROLE}")
    await connection.close()
    await set_up(folder, _settings(inner, free_port()))
