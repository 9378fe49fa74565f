"""Each fault of a server that a soak strikes with is what it says: seen from a client, and over afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from tests.conftest import connected

from holdfast.budget import Kind, LocalBudget, Pace
from holdfast.clock import SystemClock
from holdfast.limits import KeptRecords, Penalties
from holdfast.processes import Surroundings
from holdfast.shared_budget import SharedBudget
from holdfast.soak.faults import Fault
from holdfast.soak.lost import less_known
from holdfast.soak.program import HERE, REDIS_READY, free_port, redis_server, started, until
from holdfast.soak.rig import Postgres, Rig
from holdfast.soak.strikes import Strikes
from holdfast.soak.strikes_servers import WAYS, prepare
from holdfast.store import inbox, lineage
from holdfast.store.inbox import Incoming
from holdfast.store.migrate import migrate
from holdfast.store.trouble import DATABASE_TROUBLE

CLOCK = SystemClock()
PACES: dict[Kind, Pace] = {"read": Pace(per_minute=60), "write": Pace(per_minute=60)}


ACCOUNT = """
insert into accounts (name, channel, mode, settings, reads_per_minute, writes_per_minute, poll_seconds,
                      offers_seconds, horizon_days, created_at)
values ('main', 'rooms', 'paused', '{}', 60, 20, 60, 300, 30, $1) returning id
"""


def fault(kind: str, *, seconds: float = 1.0, dice: float = 0.3) -> Fault:
    return Fault(at=0, kind=kind, target=kind.split()[0], seconds=seconds, dice=dice)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Both servers, and nothing else."""
    postgres, port = Postgres(folder=tmp_path), free_port()
    redis = redis_server(tmp_path, port)
    async with started(redis):
        await redis.says(REDIS_READY)
        await postgres.start()
        try:
            await migrate(postgres.url)
            yield Rig(
                folder=tmp_path,
                postgres=postgres,
                programs={},
                links={},
                sides={},
                redis_port=port,
                settings={},
                webs=[],
            )
        finally:
            await postgres.stop()


@asynccontextmanager
async def redis_of(rig: Rig) -> AsyncIterator[Redis]:
    async with Redis.from_url(f"redis://{HERE}:{rig.redis_port}/0") as redis:
        yield redis


async def test_whatever_redis_lies_calls_go_within_a_minute(rig: Rig) -> None:
    """Acts at once, or after an interval; nothing is left that keeps the processes from counting together."""
    async with redis_of(rig) as redis, asyncpg.create_pool(rig.postgres.url, min_size=1) as pool:
        for number in range(12):
            for name in ("boseat-main", "mozrest-main"):
                records = KeptRecords(pool, name)
                penalties = Penalties(records, name, CLOCK)
                local = LocalBudget(CLOCK, PACES, 3)
                budget = SharedBudget(redis, name, PACES, local, CLOCK, penalties)
                await budget.take("write")
                await WAYS["redis lies"](rig, fault("redis lies", dice=number / 12))
                assert await budget.take("write") <= PACES["write"].interval
                assert await redis.type(f"{{holdfast:budget:{name}}}:write") == b"string"


async def test_a_redis_that_goes_back_has_what_it_had_and_it_does_not_end(rig: Rig) -> None:
    async with redis_of(rig) as redis:
        await redis.set("holdfast:lineage:x", "7", px=60_000)
        strike = asyncio.create_task(WAYS["redis goes back"](rig, fault("redis goes back")))
        await asyncio.sleep(0.5)
        await redis.set("holdfast:lineage:x", "9")
        await redis.set("later", "1")
        await strike
        assert await redis.get("holdfast:lineage:x") == b"7"
        assert await redis.pttl("holdfast:lineage:x") == -1
        assert await redis.get("later") is None


@pytest.mark.parametrize("dice", [0.3, 0.8], ids=["full", "a replica"])
async def test_a_redis_that_takes_nothing_in_answers_all_the_same(rig: Rig, dice: float) -> None:
    kind = "redis takes nothing in"
    async with redis_of(rig) as redis:
        strike = asyncio.create_task(WAYS[kind](rig, fault(kind, dice=dice)))
        await asyncio.sleep(0.5)
        assert await redis.ping()
        with pytest.raises(RedisError):
            await redis.set("a", "1")
        await strike
        await redis.set("a", "1")


@pytest.mark.parametrize("dice", [0.3, 0.8], ids=["full", "half full"])
async def test_a_full_disk_takes_no_row_and_lets_all_be_read(rig: Rig, dice: float) -> None:
    await prepare(rig)
    async with connected(rig.postgres.url) as connection:
        written = "insert into workers values ('w', '0', now(), now()) on conflict do nothing"
        await connection.execute(written)
        kind = "postgres full"
        strike = asyncio.create_task(WAYS[kind](rig, fault(kind, dice=dice)))
        await asyncio.sleep(0.5)
        failed = 0
        for _ in range(40):
            try:
                await connection.execute(written)
            except asyncpg.DiskFullError:
                failed += 1
        assert failed == 40 if dice < 0.5 else 0 < failed < 40
        assert await connection.fetchval("select count(*) from workers") == 1
        await strike
        await connection.execute(written)


async def test_strangers_leave_no_connection_until_they_are_gone(rig: Rig) -> None:
    ours = await asyncpg.connect(rig.postgres.url, server_settings={"application_name": "holdfast"})
    kind = "postgres crowded"
    strike = asyncio.create_task(WAYS[kind](rig, fault(kind, seconds=2)))

    async def ended() -> bool:
        return bool(ours.is_closed())

    await until(ended, "our connection is ended")
    await asyncio.sleep(0.5)
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await asyncpg.connect(rig.postgres.url)
    await strike

    async def room() -> bool:
        with suppress(asyncpg.TooManyConnectionsError):
            await (await asyncpg.connect(rig.postgres.url)).close()
            return True
        return False

    await until(room, "there is room again")


@dataclass(kw_only=True)
class Intake:
    """A process that takes webhooks in, with what it stands on."""

    rig: Rig
    pool: asyncpg.Pool
    account_id: int = 0

    async def take_in(self, body: bytes) -> None:
        row = Incoming(
            account_id=self.account_id,
            via="webhook",
            ref=body.decode(),
            raw_type="created",
            received_at=CLOCK.now(),
            body=body,
        )
        async with self.pool.acquire() as connection:
            await inbox.add(connection, [row])

    async def tried(self) -> bool:
        """It takes one in that will be lost: the copy is made, and the database is there again."""
        if not (self.rig.folder / "older" / "postgres" / "PG_VERSION").exists():
            return False
        with suppress(*DATABASE_TROUBLE):
            await self.take_in(b"lost")
            return True
        return False


@asynccontextmanager
async def taking_in(rig: Rig) -> AsyncIterator[Intake]:
    """It watches whether its store goes back, as every process of ours."""
    around = Surroundings(
        database_url=rig.postgres.url,
        redis_url=f"redis://{HERE}:{rig.redis_port}/0",
        clock=CLOCK,
        environ={},
    )
    async with around.wiring() as (wiring, _redis, _clock):
        intake = Intake(rig=rig, pool=wiring.parts.pool)
        async with intake.pool.acquire() as connection:
            intake.account_id = await connection.fetchval(ACCOUNT, CLOCK.now())
        yield intake


async def test_a_database_that_goes_back_is_noticed_and_what_it_knew_is_kept_as_evidence(
    rig: Rig,
) -> None:
    """What was taken in before the copy is there again, what came later is known to be lost."""
    past = Strikes(rig=rig).past
    async with taking_in(rig) as intake:
        await intake.take_in(b"before")
        strike = asyncio.create_task(past.strike(fault("postgres goes back", seconds=4)))
        await until(intake.tried, "one is taken in that will be lost")
        await strike
        await intake.take_in(b"after")
    (lost,) = past.lost
    assert rig.postgres.age == 1
    async with connected(rig.postgres.url) as connection:
        bodies = {row["body"] for row in await connection.fetch("select body from inbox")}
        state = await lineage.state(connection)
        gone = await less_known(connection, lost)
    assert bodies == {b"before", b"after"}
    assert state is not None
    assert state.went_back_at is not None
    assert (len(lost.inbox), len(gone.inbox)) == (2, 1)
