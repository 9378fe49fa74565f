"""A database that is slow is not down: it is told so, and `/readyz` takes no process out of service for it.

The kind of fault: who waits for another cannot tell a busy machine from a dead server by the wait alone.
"""

import asyncio

import asyncpg
import pytest
from structlog.testing import capture_logs
from tests.web.conftest import Client, StartClient

from holdfast.doctor_servers import slowly, unreachable
from holdfast.web import health
from holdfast.web.outage import SILENT_SECONDS, Outage


class Watch:
    """A clock that is set."""

    def __init__(self) -> None:
        self.shows = 0.0

    def __call__(self) -> float:
        return self.shows


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_a_busy_pool_leaves_us_ready_and_says_slow(
    start: StartClient, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres answers psql at once; only our own connections are all in use."""
    monkeypatch.setattr(health, "ANSWER_SECONDS", 0.2)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        client = await start(pool=pool)
        async with pool.acquire():
            answer = await client.get("/readyz")
            assert answer.status == 200
            told = await answer.json()
            assert (told["status"], told["postgres"]) == ("degraded", "slow")
        await asyncio.sleep(0.2)
        answer = await client.get("/readyz")
        assert (await answer.json())["postgres"] == "ok"


async def test_a_server_that_is_not_there_is_down_at_once(
    start: StartClient, database_url: str
) -> None:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    await pool.close()
    client: Client = await start(pool=pool)
    answer = await client.get("/readyz")
    assert (answer.status, (await answer.json())["postgres"]) == (503, "down")


def test_each_change_is_told_once_and_a_slow_query_does_not_say_unreachable(watch: Watch) -> None:
    outage = Outage(watch)
    with capture_logs() as told:
        for _ in range(3):
            assert outage.began(TimeoutError()) == "slow"
            assert outage.began(asyncpg.QueryCanceledError()) == "slow"
        outage.ended()
        outage.ended()
        assert outage.began(ConnectionRefusedError()) == "down"
        assert outage.began(asyncpg.ConnectionDoesNotExistError()) == "down"
        outage.ended()
    events = [one["event"] for one in told]
    assert events == [
        "database_slow",
        "database_reachable",
        "database_unreachable",
        "database_reachable",
    ]


def test_a_server_that_never_answers_is_down_in_the_end(watch: Watch) -> None:
    """A frozen server still accepts connections: its silence tells."""
    outage = Outage(watch)
    watch.shows = SILENT_SECONDS
    assert outage.began(TimeoutError()) == "slow"
    watch.shows += 0.1
    assert outage.began(TimeoutError()) == "down"
    outage.ended()
    assert outage.began(TimeoutError()) == "slow"


def test_the_doctor_tells_slow_from_down() -> None:
    assert slowly(0.2) is None
    slow = slowly(3.14)
    assert slow is not None
    assert (slow.health, "took 3.1 s" in slow.told) == ("warn", True)
    assert "no answer within 5 s" in unreachable(TimeoutError()).told
