"""One token of a workspace for all processes, at a provider where each new token ends the last one.

The kind of fault: what is one thing at the provider is held by each process for itself, and each renewal ends the
others'. Rate budgets, breakers and penalties were shared already; access tokens were the one that was not. Mozrest has a
fixed key. `doctor` and `apply` look with a token of their own: what that ends, the next 401 renews.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import asyncpg
import pytest
from structlog.testing import capture_logs
from tests.patience import HANGS

from holdfast.channel import Channel, Unauthorised
from holdfast.channels.boseat import KIND
from holdfast.shared_token import KeptToken

from .desk import ENVIRON, Desk, Wire, opened

ACCOUNT = """
insert into accounts (name, channel, mode, settings, reads_per_minute, writes_per_minute, poll_seconds, offers_seconds, horizon_days)
values ('boseat-main', 'boseat', 'live', '{}', 60, 20, 60, 300, 30) returning id
"""


@dataclass
class Process:
    """As far as tokens go."""

    channel: Channel
    wire: Wire

    async def reads(self, times: int) -> None:
        await asyncio.gather(*(self.channel.fetch("b1", None) for _ in range(times)))

    @property
    def bearer(self) -> str:
        sent = [r for r in self.wire.requests if r.operation == "fetch"]
        return sent[-1].headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with opened({"live_tokens": "one"}) as desk:
        yield desk


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        yield pool


async def account(pool: asyncpg.Pool) -> int:
    number: int = await pool.fetchval(ACCOUNT)
    return number


def process(desk: Desk, shared: KeptToken | None, environ: dict[str, str] = ENVIRON) -> Process:
    wire = Wire(desk.wire.inner)
    connection = replace(desk.connection, transport=wire, shared_token=shared, environ=environ)
    return Process(KIND.connect(connection), wire)


def fleet(desk: Desk, pool: asyncpg.Pool, account_id: int) -> list[Process]:
    return [process(desk, KeptToken(pool, account_id)) for _ in range(3)]


def asked(processes: list[Process]) -> int:
    return sum(one.wire.count("token") for one in processes)


async def test_three_processes_use_one_token_and_none_is_refused(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    processes = fleet(desk, pool, await account(pool))
    await asyncio.gather(*(one.reads(20) for one in processes))
    assert asked(processes) == 1
    assert len({one.bearer for one in processes}) == 1
    assert all(reply.status != 401 for one in processes for reply in one.wire.replies)


async def test_a_token_that_runs_out_is_renewed_once_for_all(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    processes = fleet(desk, pool, await account(pool))
    for _ in range(3):
        await asyncio.gather(*(one.reads(3) for one in processes))
        desk.clock.advance(3541)
    assert asked(processes) == 3


async def test_a_token_that_a_stranger_ended_is_renewed_once_for_all(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    processes = fleet(desk, pool, await account(pool))
    await asyncio.gather(*(one.reads(3) for one in processes))
    await desk.token()
    await asyncio.gather(*(one.reads(3) for one in processes))
    assert asked(processes) == 2


async def test_what_is_kept_shows_no_token_and_opens_for_its_own_secret_only(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    number = await account(pool)
    with capture_logs() as logs:
        one = process(desk, KeptToken(pool, number))
        await one.reads(1)
        kept = await pool.fetchval("select sealed from access_tokens")
        assert (one.bearer.encode() in kept, one.bearer in str(logs)) == (False, False)
        stranger = process(
            desk, KeptToken(pool, number), {**ENVIRON, "CLIENT_SECRET": "another-secret"}
        )
        with pytest.raises(Unauthorised) as caught:
            await stranger.reads(1)
    assert "another-secret" not in f"{caught.value}{logs}"


async def test_a_process_that_died_in_its_turn_holds_the_others_up_no_longer_than_it_lasts(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    number = await account(pool)
    dead = KeptToken(pool, number, turn_seconds=0.5)
    await dead.turn().__aenter__()
    await process(desk, KeptToken(pool, number, turn_seconds=0.5)).reads(1)
    await dead.turn().__aenter__()
    late = process(desk, KeptToken(pool, number, turn_seconds=0.2))
    await late.reads(1)
    assert late.wire.count("fetch") == 1


async def test_without_a_database_each_process_has_a_token_of_its_own_again(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    """What one ends, the next call of the other renews: nobody is woken for it."""
    processes = fleet(desk, pool, await account(pool))
    await pool.execute("drop table access_tokens")
    for _ in range(3):
        for one in processes:
            await one.reads(3)
    assert asked(processes) == 9


@pytest.mark.parametrize("times", [2, 3])
async def test_a_call_that_is_refused_again_is_sent_again_after_a_pause(
    desk: Desk, times: int
) -> None:
    """Two who end each other's token in turn get out of step."""
    one = process(desk, None)
    await desk.control("POST", "faults", {"path": "/v1/.*", "status": 401, "count": times})
    call = asyncio.create_task(one.reads(1))
    async with asyncio.timeout(HANGS):
        while not call.done():
            desk.clock.advance(0.2)
            await asyncio.sleep(0.01)
    await call
    assert one.wire.count("fetch") == times + 1
