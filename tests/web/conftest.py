"""The web process on a real socket with a real Postgres; only what it hands work to is a recorder."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, cast

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from tests.web.house import House
from tests.web.rows import NOW, Rows

from holdfast.clock import ManualClock
from holdfast.metrics import Metrics
from holdfast.serving import put_first
from holdfast.store.once import Once
from holdfast.sync.operate import DirectBooking
from holdfast.sync.remedy import Settling, Wish
from holdfast.sync.replay import Preview, Reread, Rereading
from holdfast.sync.revive import Handled, PushWish
from holdfast.sync.steer import NotSteered, SteerWish
from holdfast.web.app import build_web
from holdfast.web.hooks import first
from holdfast.web.intake import Limits
from holdfast.web.parts import WebParts

OthersReady: TypeAlias = Callable[[], Awaitable[Mapping[str, bool]]]
Client: TypeAlias = TestClient[web.Request, web.Application]


class StartClient(Protocol):
    """Starts the web process, with tokens if any are given."""

    async def __call__(
        self,
        *tokens: str,
        pool: asyncpg.Pool | None = None,
        others_ready: OthersReady | None = None,
        limits: Limits | None = None,
        straight: bool = True,
    ) -> Client: ...


@dataclass
class RecordingReceiver:
    """Keeps what comes in, or raises what it is told to."""

    accepted: list[tuple[str, bytes]] = field(default_factory=list)
    failure: BaseException | None = None
    meanwhile: Callable[[], Awaitable[object]] | None = None
    """What happens while it stores."""

    async def accept(self, account: str, headers: Mapping[str, str], body: bytes) -> None:
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.failure is not None:
            raise self.failure
        self.accepted.append((account, body))


@dataclass
class RecordingOperator:
    """Makes the booking that was wished, so that it can be read back; or raises."""

    rows: Rows
    venue: int = 0
    wishes: list[DirectBooking] = field(default_factory=list)
    cancelled: list[tuple[int, str]] = field(default_factory=list)
    actors: list[str] = field(default_factory=list)
    done: bool = True
    failure: Exception | None = None

    async def book(
        self, wish: DirectBooking, actor: str = "operator", once: Once | None = None
    ) -> int:
        if self.failure is not None:
            raise self.failure
        self.actors.append(actor)
        self.wishes.append(wish)
        return await self.rows.booking(self.venue, start=wish.start, end=wish.end)

    async def cancel(self, booking_id: int, reason: str, actor: str = "operator") -> bool:
        if self.failure is not None:
            raise self.failure
        self.actors.append(actor)
        self.cancelled.append((booking_id, reason))
        return self.done


@dataclass
class RecordingArbiter:
    """Keeps what was decided, or raises what it is told to."""

    wishes: list[tuple[int, Wish]] = field(default_factory=list)
    failure: Exception | None = None

    async def __call__(self, conflict_id: int, wish: Wish) -> Settling:
        if self.failure is not None:
            raise self.failure
        self.wishes.append((conflict_id, wish))
        return Settling(conflict_id=conflict_id, act="keep_a", state="under_way")


@dataclass
class RecordingDesk:
    """Keeps what was wanted of events and calls, and says that it was done."""

    rereads: list[Reread] = field(default_factory=list)
    wishes: list[PushWish] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    steered: list[SteerWish] = field(default_factory=list)
    steering_fails: NotSteered | None = None
    looked_at: list[int] = field(default_factory=list)
    previewed: Preview = field(default_factory=lambda: Preview(verdict="nothing"))

    async def read_sides(self, conflict_id: int) -> None:
        self.looked_at.append(conflict_id)

    async def read_again(self, wish: Reread) -> Rereading:
        self.rereads.append(wish)
        asked = {each: 1000 + each for each in wish.event_ids if each not in self.refused}
        return Rereading(asked=asked, refused=self.refused)

    async def preview(self, event_id: int) -> Preview:
        return self.previewed

    async def steer(self, wish: SteerWish) -> None:
        if self.steering_fails is not None:
            raise self.steering_fails
        self.steered.append(wish)

    async def handle(self, wish: PushWish) -> Handled:
        self.wishes.append(wish)
        done = {each: 1000 + each for each in wish.push_ids if each not in self.refused}
        return Handled(done=done, refused=self.refused)


@pytest.fixture
def desk() -> RecordingDesk:
    return RecordingDesk()


@pytest.fixture
def house(pool: asyncpg.Pool) -> House:
    return House(pool)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
def rows(pool: asyncpg.Pool) -> Rows:
    return Rows(pool)


@pytest.fixture
def receiver() -> RecordingReceiver:
    return RecordingReceiver()


@pytest.fixture
def operator(rows: Rows) -> RecordingOperator:
    return RecordingOperator(rows)


@pytest.fixture
def arbiter() -> RecordingArbiter:
    return RecordingArbiter()


@pytest.fixture
def parts(
    pool: asyncpg.Pool,
    receiver: RecordingReceiver,
    operator: RecordingOperator,
    arbiter: RecordingArbiter,
    desk: RecordingDesk,
    house: House,
) -> WebParts:
    return WebParts(
        pool=pool,
        receiver=receiver,
        operator=operator,
        settle=arbiter,
        read_sides=desk.read_sides,
        read_again=desk.read_again,
        preview=desk.preview,
        handle=desk.handle,
        steer=desk.steer,
        rehearse=house.rehearse,
        arrange=house.arrange,
        clock=ManualClock(NOW),
        metrics=Metrics(["rooms", "tables"]),
        channels={"rooms-main": "rooms", "tables-main": "tables"},
        proofs={"rooms": "signature", "tables": "token"},
    )


@pytest.fixture
async def start(parts: WebParts) -> AsyncIterator[StartClient]:
    """Starts the web process with some parts changed; gives a client of it."""
    clients: list[Client] = []

    async def started(
        *tokens: str,
        pool: asyncpg.Pool | None = None,
        others_ready: OthersReady | None = None,
        limits: Limits | None = None,
        straight: bool = True,
    ) -> Client:
        changed = replace(
            parts,
            api_tokens=tuple(SecretStr(token) for token in tokens),
            pool=pool or parts.pool,
            others_ready=others_ready,
            limits=limits or parts.limits,
        )
        client = TestClient(TestServer(build_web(changed)))
        clients.append(client)
        await client.start_server()
        if straight:
            put_first(cast(web.AppRunner, client.server.runner), first)
        return client

    yield started
    for client in clients:
        await client.close()


@pytest.fixture
async def client(start: StartClient) -> Client:
    """For whoever is on this machine; no tokens are set."""
    return await start()


@pytest.fixture
async def guarded(start: StartClient) -> Client:
    """With two tokens set."""
    return await start("first-token", "second-token")
