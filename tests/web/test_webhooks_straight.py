"""Webhooks of known accounts go past the router: whoever sends them must not be able to tell."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from tests.web.conftest import Client, RecordingReceiver, StartClient
from tests.web.test_hostile_bodies import HEAD, said
from tests.web.test_webhooks import counted, requests

from holdfast.channel import Forged, Malformed
from holdfast.serving import listening
from holdfast.sync.receive import Overloaded
from holdfast.web.app import build_web
from holdfast.web.hooks import first
from holdfast.web.parts import WebParts

SERVED = (
    'holdfast_http_request_duration_seconds_count{code="%s",method="POST",route="/hooks/{account}"}'
)


async def told(client: Client, **headers: str) -> tuple[int, dict[str, str], bytes]:
    answer = await client.post("/hooks/rooms-main", data=b"{}", headers=headers)
    kept = {name: value for name, value in answer.headers.items() if name != "Date"}
    assert "Date" in answer.headers
    return answer.status, kept, await answer.read()


@pytest.mark.parametrize(
    ("failure", "headers", "result", "code"),
    [
        (None, {}, "accepted", "2xx"),
        (None, {"X-Forwarded-Proto": "https"}, "accepted", "2xx"),
        (None, {"Content-Encoding": "gzip"}, "encoded", "4xx"),
        (Forged("no"), {"X-Forwarded-Proto": "https"}, "forged", "4xx"),
        (Malformed("no"), {}, "malformed", "4xx"),
        (Overloaded(2), {}, "overloaded", "5xx"),
        (ConnectionRefusedError(), {}, "failed", "5xx"),
        (RuntimeError(), {}, "failed", "5xx"),
    ],
)
async def test_both_ways_answer_and_count_alike(
    start: StartClient,
    receiver: RecordingReceiver,
    parts: WebParts,
    failure: BaseException | None,
    headers: dict[str, str],
    result: str,
    code: str,
) -> None:
    receiver.failure = failure
    straight, long = await start(), await start(straight=False)
    assert await told(straight, **headers) == await told(long, **headers)
    assert counted(parts, requests("rooms", result)) == 2
    assert counted(parts, 'holdfast_webhook_ack_duration_seconds_count{channel="rooms"}') == 2
    assert counted(parts, SERVED % code) == 2


async def test_only_what_is_plainly_a_webhook_of_ours_goes_straight(
    parts: WebParts, receiver: RecordingReceiver
) -> None:
    routed: list[str] = []

    async def note(request: web.Request, _: web.StreamResponse) -> None:
        routed.append(request.raw_path)

    async def dribble() -> AsyncIterator[bytes]:
        yield b"{"
        yield b"}"

    receiver.failure = Malformed("so that each answer is composed")
    app = build_web(parts)
    app.on_response_prepare.append(note)
    async with (
        listening(app, "127.0.0.1", 0, first=first) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        await session.post("/hooks/rooms-main", data=b"{}")
        await session.post("/hooks/rooms-main", data=dribble())
        assert routed == []
        await session.post("/hooks/rooms-main", data=b"{}", expect100=True)
        await session.post("/hooks/rooms-main?x=1", data=b"{}")
        assert (await session.post("/hooks/rooms%2Dmain/", data=b"{}")).status == 404
        await session.post("/hooks/nobody", data=b"{}")
        assert (await session.get("/hooks/rooms-main")).status == 405
        assert len(routed) == 5


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}])
async def test_the_ready_answer_is_the_one_that_would_be_composed(
    client: Client, headers: dict[str, str]
) -> None:
    status, ready, body = await told(client, **headers)
    assert "Connection" not in ready
    composed = await told(client, **headers, Connection="close")
    assert composed == (status, ready | {"Connection": "close"}, body)
    assert ("Strict-Transport-Security" in ready) == bool(headers)


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"POST /hooks/rooms-main HTTP/1.0\r\n", b"HTTP/1.0 200 OK"),
        (HEAD + b"Connection: close\r\n", b"HTTP/1.1 200 OK"),
    ],
)
async def test_a_connection_that_is_to_end_ends(
    parts: WebParts, sent: bytes, answer: bytes
) -> None:
    async with listening(build_web(parts), "127.0.0.1", 0, first=first) as port:
        all_of_it = await said(port, sent + b"Content-Length: 2\r\n\r\n{}")
        assert all_of_it.startswith(answer)
        assert all_of_it.endswith(b"\r\n\r\n{}")


async def test_what_is_sent_at_once_is_answered_one_after_another(parts: WebParts) -> None:
    one = HEAD + b"Content-Length: 2\r\n\r\n{}"
    last = HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}"
    async with listening(build_web(parts), "127.0.0.1", 0, first=first) as port:
        answers = await said(port, one * 3 + last)
        assert answers.count(b"HTTP/1.1 200 OK\r\n") == 4
        assert answers.count(b"\r\n\r\n{}") == 4


async def test_an_old_client_that_stays_is_answered_in_its_own_version(parts: WebParts) -> None:
    old, length = b"POST /hooks/rooms-main HTTP/1.0\r\n", b"Content-Length: 2\r\n\r\n{}"
    async with listening(build_web(parts), "127.0.0.1", 0, first=first) as port:
        answers = await said(port, old + b"Connection: keep-alive\r\n" + length, old + length)
        assert answers.count(b"HTTP/1.0 200 OK\r\n") == 2
