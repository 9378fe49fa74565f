"""A direct booking that is asked for twice with one key is one booking.

The kind of fault: an answer that is lost makes the asker ask again, and each question is one more fact. Calls of ours
to channels have their keys, decisions are one however often they come, a cancel of what is cancelled is refused: making
a booking was the one act that was done again.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from tests.web.conftest import Client
from tests.web.house import House
from tests.web.rows import NOW, Rows
from tests.web.test_api_bookings import WISH
from tests.web.test_calendar import sold

from holdfast.store import once
from holdfast.sync.operate import Operator
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts

KEY = "Idempotency-Key"
DAY = timedelta(hours=24)


@pytest.fixture
async def venue(rows: Rows) -> None:
    await sold(rows)
    await rows.unit(await rows.venue("elsewhere"), "salon")


@pytest.fixture
async def asker(parts: WebParts, house: House, venue: None) -> AsyncIterator[Client]:
    """Of a web process that really books."""
    changed = replace(parts, operator=Operator(await house.parts()))
    async with TestClient(TestServer(build_web(changed))) as client:
        yield client


async def ask(client: Client, key: str | None = None, **more: object) -> tuple[int, Any]:
    headers = {} if key is None else {KEY: key}
    answer = await client.post("/api/v1/bookings", json=WISH | more, headers=headers)
    return answer.status, await answer.json()


async def made(rows: Rows) -> int:
    number: int = await rows.pool.fetchval("select count(*) from bookings")
    return number


async def test_asked_again_with_its_key_it_is_the_same_booking(asker: Client, rows: Rows) -> None:
    first = await ask(asker, "k-1")
    assert (first[0], await ask(asker, "k-1"), await made(rows)) == (201, first, 1)
    assert (await ask(asker, "k-2"))[1]["id"] != first[1]["id"]
    assert (await ask(asker))[0] == 201
    assert await made(rows) == 3
    assert (
        await rows.pool.fetchval("select count(*) from journal where kind = 'booking.created'") == 3
    )


@pytest.mark.parametrize("other", [{"party_size": 4}, {"venue": "elsewhere"}])
async def test_a_key_that_was_used_for_another_booking_is_refused(
    asker: Client, rows: Rows, other: dict[str, object]
) -> None:
    await ask(asker, "k-1")
    status, told = await ask(asker, "k-1", **other)
    assert (status, told["errors"][0]["field"], await made(rows)) == (422, KEY, 1)


async def test_of_many_who_ask_at_once_one_makes_it(asker: Client, rows: Rows) -> None:
    answers = await asyncio.gather(*(ask(asker, "k-1") for _ in range(8)))
    assert ({status for status, _ in answers}, await made(rows)) == ({201}, 1)
    assert len({told["id"] for _, told in answers}) == 1
    both = await asyncio.gather(
        *(ask(asker, "k-2", venue=each) for each in ("glasshouse", "elsewhere") * 3)
    )
    assert ({status for status, _ in both}, await made(rows)) == ({201, 422}, 2)


async def test_a_key_is_kept_for_a_day(asker: Client, rows: Rows) -> None:
    await ask(asker, "k-1")
    await rows.pool.execute("update once set at = $1", NOW - DAY + timedelta(seconds=1))
    await ask(asker, "k-1")
    assert await made(rows) == 1
    await rows.pool.execute("update once set at = $1", NOW - DAY)
    await ask(asker, "k-1", party_size=4)
    assert await made(rows) == 2
    async with rows.pool.acquire() as connection:
        await once.forget(connection, NOW)
        assert await connection.fetchval("select count(*) from once") == 1
        await once.forget(connection, NOW + DAY)
        assert await connection.fetchval("select count(*) from once") == 0


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_that_is_none_is_refused(asker: Client, rows: Rows, key: str) -> None:
    status, told = await ask(asker, key)
    assert (status, told["errors"][0]["field"], await made(rows)) == (422, KEY, 0)


@pytest.mark.parametrize("name", [KEY, "key"])
async def test_a_key_comes_in_its_header_only(asker: Client, rows: Rows, name: str) -> None:
    answer = await asker.post("/api/v1/bookings", json={**WISH, name: "k-1"})
    told = await answer.json()
    assert (answer.status, told["errors"][0]["field"], await made(rows)) == (422, name, 0)


async def test_the_document_names_the_header(asker: Client) -> None:
    told = await (await asker.get("/openapi.json")).json()
    operation = told["paths"]["/api/v1/bookings"]["post"]
    assert [(each["name"], each["in"]) for each in operation["parameters"]] == [(KEY, "header")]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert KEY not in body["properties"]
