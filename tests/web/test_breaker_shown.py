"""A provider that answers nothing is seen everywhere that accounts are; and so is what its reads left of the budget."""

from datetime import timedelta

import asyncpg
import pytest
from tests.web.conftest import Client
from tests.web.rows import NOW, Rows
from tests.web.test_dashboard import page
from tests.web.test_machines import gauge

from holdfast import account_commands
from holdfast.doctor_readings import unanswered
from holdfast.store import breakers, reading
from holdfast.store.reading import IN_DOUBT
from holdfast.web.parts import WebParts

SECOND = timedelta(seconds=1)


async def unanswering(rows: Rows, account: int, direction: str, **values: object) -> None:
    """For four minutes; tried again in 20 s."""
    row = {
        "failures": 9,
        "opened_at": NOW - 240 * SECOND,
        "retry_at": NOW + 20 * SECOND,
        "reason": "hold: answer 503",
    }
    row = {**row, "account_id": account, "direction": direction, **values}
    await rows.pool.execute(
        f"insert into breakers ({', '.join(row)}) values ({', '.join(f'${n}' for n in range(1, 1 + len(row)))})",
        *row.values(),
    )


async def test_the_pages_the_metric_the_doctor_and_the_list_tell_of_it(
    client: Client,
    rows: Rows,
    parts: WebParts,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rooms, _ = await rows.account(), await rows.account("tables-main", "tables")
    await unanswering(rows, rooms, "out")
    await unanswering(rows, rooms, "in", opened_at=None, retry_at=None, failures=2)
    shown = await page(client, "/ops")
    assert "! no answer to writes for 4 min (hold: answer 503): one is tried in 20 s" in shown.text
    assert "no answer to reads" not in shown.text
    told = (await page(client, "/accounts/rooms-main")).text
    assert "rooms-main has answered no writes for 4 min" in told
    assert "has answered no" not in (await page(client, "/accounts/tables-main")).text
    await parts.metrics.refresh(rows.pool, NOW)
    for channel, direction, amount in (
        ("rooms", "out", 1),
        ("rooms", "in", 0),
        ("tables", "out", 0),
    ):
        labels = {"channel": channel, "direction": direction}
        assert gauge(parts.metrics, "breakers_open", **labels) == amount
    row = next(a for a in await reading.accounts(rows.pool, NOW) if a.name == "rooms-main")
    line = unanswered(row)
    assert (line.what, line.health) == ("rooms-main", "warn")
    assert line.told == "answers no writes since 2026-11-20T10:01:30.000Z (hold: answer 503)"
    await rows.pool.execute("update breakers set retry_at = now() where opened_at is not null")
    await account_commands.ls({"HOLDFAST_DATABASE_URL": database_url}, as_json=False)
    assert "writes since 2026-11-20T10:01" in capsys.readouterr().out


async def test_where_nobody_wants_to_call_any_more_nothing_is_said(
    parts: WebParts, rows: Rows
) -> None:
    await unanswering(rows, await rows.account(), "out", retry_at=NOW)
    for later, amount in ((IN_DOUBT - SECOND, 1), (IN_DOUBT, 0)):
        await parts.metrics.refresh(rows.pool, NOW + later)
        labels = {"channel": "rooms", "direction": "out"}
        assert gauge(parts.metrics, "breakers_open", **labels) == amount


async def test_what_is_left_of_the_reads_is_shown_beside_the_writes(
    client: Client, rows: Rows, pool: asyncpg.Pool
) -> None:
    account = await rows.account()
    async with pool.acquire() as connection:
        for seconds, made in ((75, 50), (30, 9), (4, 2)):
            await breakers.add_reads(connection, {account: made}, NOW - seconds * SECOND)
    assert "about 20 of 20 writes about 49 of 60 reads" in (await page(client, "/ops")).text
    told = (await page(client, "/accounts/rooms-main")).text
    assert "about 20 of 20 writes, 49 of 60 reads" in told
