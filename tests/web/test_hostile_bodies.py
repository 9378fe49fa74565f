"""Bodies that are meant to cost us something: refused with a word why, counted, and forgotten."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from tests.web.conftest import Client, RecordingReceiver, StartClient
from tests.web.test_webhooks import counted, requests

from holdfast.serving import listening
from holdfast.web.app import build_web
from holdfast.web.intake import Limits
from holdfast.web.parts import WebParts

HEAD = b"POST /hooks/rooms-main HTTP/1.1\r\nHost: localhost\r\n"
SHORT = 0.3
"""Seconds that a body may take in these tests."""


async def said(port: int, *parts: bytes) -> bytes:
    """What is answered to these bytes until the connection is closed; nothing more is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-\xe9"])
async def test_what_is_compressed_is_refused_unread_with_the_way_to_send_it(
    parts: WebParts, receiver: RecordingReceiver, encoding: str
) -> None:
    bomb = gzip.compress(bytes(2**25)) if encoding.startswith("g") else zlib.compress(bytes(2**25))
    async with (
        listening(build_web(parts), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{port}/hooks/rooms-main",
            data=bomb,
            headers={"Content-Encoding": encoding},
        ) as answer,
    ):
        assert (answer.status, answer.content_type) == (415, "application/problem+json")
        assert answer.headers["Accept-Encoding"] == "identity"
    assert receiver.accepted == []
    assert counted(parts, requests("rooms", "encoded")) == 1


async def test_an_encoding_that_is_none_is_taken(
    client: Client, receiver: RecordingReceiver
) -> None:
    headers = {"Content-Encoding": "Identity"}
    assert (await client.post("/hooks/rooms-main", data=b"{}", headers=headers)).status == 200
    assert receiver.accepted == [("rooms-main", b"{}")]


async def test_a_body_that_is_too_slow_is_given_up_and_the_honest_are_served_meanwhile(
    start: StartClient, receiver: RecordingReceiver, parts: WebParts
) -> None:
    client = await start(limits=Limits(body_seconds=SHORT))

    async def dribble() -> AsyncIterator[bytes]:
        while True:
            yield b"{"
            await asyncio.sleep(SHORT / 10)

    slow = asyncio.create_task(client.post("/hooks/rooms-main", data=dribble()))
    assert (await client.post("/hooks/tables-main", data=b"{}")).status == 200
    answer = await slow
    assert (answer.status, answer.content_type) == (408, "application/problem+json")
    assert "0.3 seconds" in (await answer.json())["detail"]
    assert counted(parts, requests("rooms", "too_slow")) == 1
    assert receiver.accepted == [("tables-main", b"{}")]


async def test_the_api_gives_up_slow_bodies_as_well(start: StartClient) -> None:
    client = await start(limits=Limits(body_seconds=SHORT))

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    json = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/bookings", data=never(), headers=json)
    assert answer.status == 408


async def test_the_size_is_a_setting(start: StartClient, receiver: RecordingReceiver) -> None:
    client = await start(limits=Limits(body_bytes=10))
    assert (await client.post("/hooks/rooms-main", data=b"x" * 11)).status == 413
    assert (await client.post("/hooks/rooms-main", data=b"x" * 10)).status == 200


async def test_all_that_is_being_stored_together_is_bounded_and_freed_again(
    start: StartClient, receiver: RecordingReceiver, parts: WebParts
) -> None:
    client = await start(limits=Limits(held_bytes=100))
    answers: list[aiohttp.ClientResponse] = []

    async def another() -> None:
        receiver.meanwhile = None
        answers.append(await client.post("/hooks/tables-main", data=b"y" * 60))

    receiver.meanwhile = another
    assert (await client.post("/hooks/rooms-main", data=b"x" * 60)).status == 200
    assert [answer.status for answer in answers] == [503]
    assert answers[0].headers["Retry-After"] == "1"
    assert counted(parts, requests("tables", "overloaded")) == 1
    for _ in range(3):
        assert (await client.post("/hooks/tables-main", data=b"y" * 60)).status == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"P",
        HEAD,
        HEAD + b"X-Slow: " + b"a" * 100,
    ],
    ids=["nothing", "a letter", "half a head", "half a header"],
)
async def test_whoever_does_not_come_to_the_end_of_the_head_is_hung_up_on(
    parts: WebParts, sent: bytes
) -> None:
    async with listening(build_web(parts), "127.0.0.1", 0, idle_seconds=SHORT) as port:
        assert await said(port, sent) == b""


async def test_a_connection_may_rest_between_requests_but_not_for_ever(parts: WebParts) -> None:
    asking = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    async with listening(build_web(parts), "127.0.0.1", 0, idle_seconds=SHORT) as port:
        answer = await said(port, asking, b"GET /hea")
        assert answer.count(b"HTTP/1.1 200") == 1


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        CHUNKED + b"\r\nzz\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"\r\n-1\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        HEAD + b"Content-Length: -2\r\n\r\n{}",
        HEAD + b"Content-Length: 9999999999999999999999\r\n\r\n{}",
        HEAD + b"X-A: " + b"a" * 9000 + b"\r\n\r\n",
        HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(500)) + b"\r\n",
        HEAD + b"X-A: a\x00b\r\n\r\n",
        HEAD + b"X-A : a\r\n\r\n",
        b"POST /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_no_http_gets_a_client_error_and_the_next_is_served(
    parts: WebParts, receiver: RecordingReceiver, sent: bytes
) -> None:
    async with listening(build_web(parts), "127.0.0.1", 0, idle_seconds=SHORT) as port:
        answer = await said(port, sent)
        assert answer.split(b" ")[1] == b"400", answer
        assert b"Traceback" not in answer
        assert receiver.accepted == []
        honest = await said(port, HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        assert honest.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("depth", [1_000, 200_000])
async def test_json_nested_beyond_reason_is_refused_by_the_api(client: Client, depth: int) -> None:
    body = b'{"venue":' + b"[" * depth + b"]" * depth + b"}"
    json = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/bookings", data=body, headers=json)
    assert answer.status in {400, 422}
    assert answer.content_type == "application/problem+json"
