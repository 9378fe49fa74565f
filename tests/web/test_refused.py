"""Refused webhooks are counted where every process can show them, and only for accounts that there are."""

import asyncpg
import pytest
from tests.web.conftest import Client, RecordingReceiver
from tests.web.rows import NOW, Rows
from tests.web.test_dashboard import page

from holdfast.channel import Forged, Malformed
from holdfast.clock import ManualClock
from holdfast.web.refused import REFUSED, Refused


async def test_what_a_process_refused_is_shown_by_all(
    client: Client, rows: Rows, pool: asyncpg.Pool, receiver: RecordingReceiver
) -> None:
    await rows.account()
    for failure, times in ((Forged("x"), 3), (Malformed("x"), 1)):
        receiver.failure = failure
        for _ in range(times):
            await client.post("/hooks/rooms-main", data=b"{}")
    await client.post("/hooks/nobody", data=b"{}")
    assert client.app is not None
    refused = client.app[REFUSED]
    clock = ManualClock(NOW)
    await refused.write(pool, clock)
    await refused.write(pool, clock)
    for path in ("/ops", "/accounts/rooms-main"):
        shown = (await page(client, path)).text
        assert "! 3 refused: forged ! 1 refused: malformed" in shown
    await pool.execute("update refusals set slot = slot - interval '2 hours'")
    assert "refused:" not in (await page(client, "/ops")).text
    await pool.execute("update refusals set slot = slot - interval '1 day'")
    refused.count("rooms-main", "stale")
    refused.count("no-more", "stale")
    await refused.write(pool, clock)
    kept = await pool.fetch("select result, amount from refusals")
    assert [tuple(row) for row in kept] == [("stale", 1)]


async def test_what_could_not_be_written_down_is_kept_for_the_next_time(
    rows: Rows, pool: asyncpg.Pool, database_url: str
) -> None:
    await rows.account()
    away = await asyncpg.create_pool(database_url, min_size=1, max_size=1)
    await away.close()
    refused, clock = Refused(), ManualClock(NOW)
    refused.count("rooms-main", "forged")
    with pytest.raises(asyncpg.InterfaceError):
        await refused.write(away, clock)
    refused.count("rooms-main", "forged")
    await refused.write(pool, clock)
    assert await pool.fetchval("select sum(amount) from refusals") == 2
