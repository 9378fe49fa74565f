"""What a provider is answered, and what of it is counted."""

from io import BytesIO

import asyncpg
import pytest
from tests.web.conftest import Client, RecordingReceiver, StartClient

from holdfast.channel import Forged, Malformed, Stale
from holdfast.metrics import exposition
from holdfast.sync.receive import Overloaded, UnknownAccount
from holdfast.web.parts import WebParts

SECRET = "whsec_do_not_tell"


def counted(parts: WebParts, line: str) -> float:
    """The value of one series, as Prometheus would read it."""
    text = (exposition(parts.metrics).body or b"").decode()
    found = [each for each in text.splitlines() if each.startswith(f"{line} ")]
    assert len(found) == 1, f"{line} is there {len(found)} times"
    return float(found[0].split()[-1])


def requests(channel: str, result: str) -> str:
    return f'holdfast_webhook_requests_total{{channel="{channel}",result="{result}"}}'


async def test_a_delivery_is_handed_on_byte_for_byte_and_answered_with_an_empty_object(
    client: Client, receiver: RecordingReceiver, parts: WebParts
) -> None:
    body = b'{"id" :  "\xc3\xa9"}\n'
    answer = await client.post("/hooks/rooms-main", data=body)
    assert (answer.status, await answer.json()) == (200, {})
    assert receiver.accepted == [("rooms-main", body)]
    assert counted(parts, requests("rooms", "accepted")) == 1
    assert counted(parts, 'holdfast_webhook_ack_duration_seconds_count{channel="rooms"}') == 1


@pytest.mark.parametrize(
    ("failure", "status", "result"),
    [
        (Forged(f"expected {SECRET}"), 401, "forged"),
        (Stale(f"expected {SECRET}"), 401, "stale"),
        (Malformed(f"expected {SECRET}"), 400, "malformed"),
        (asyncpg.ConnectionDoesNotExistError(SECRET), 503, "failed"),
        (asyncpg.InterfaceError(SECRET), 503, "failed"),
        (ConnectionRefusedError(SECRET), 503, "failed"),
        (TimeoutError(SECRET), 503, "failed"),
        (RuntimeError(SECRET), 503, "failed"),
    ],
)
async def test_what_cannot_be_taken_is_refused_without_saying_what_we_know(
    client: Client,
    receiver: RecordingReceiver,
    parts: WebParts,
    failure: BaseException,
    status: int,
    result: str,
) -> None:
    receiver.failure = failure
    answer = await client.post("/hooks/rooms-main", data=b"{}")
    text = await answer.text()
    assert answer.status == status
    assert answer.content_type == "application/problem+json"
    assert SECRET not in text
    assert "Traceback" not in text
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert counted(parts, requests("rooms", result)) == 1


async def test_an_overload_says_when_to_come_again(
    client: Client, receiver: RecordingReceiver, parts: WebParts
) -> None:
    receiver.failure = Overloaded(2.4)
    answer = await client.post("/hooks/tables-main", data=b"{}")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
    assert counted(parts, requests("tables", "overloaded")) == 1


async def test_an_account_that_nobody_has_is_not_found_and_adds_one_series_only(
    client: Client, receiver: RecordingReceiver, parts: WebParts
) -> None:
    receiver.failure = UnknownAccount()
    for name in ("mallory-1", "mallory-2"):
        assert (await client.post(f"/hooks/{name}", data=b"{}")).status == 404
    assert counted(parts, requests("other", "unknown_account")) == 2
    assert "mallory" not in (exposition(parts.metrics).body or b"").decode()


async def test_a_body_over_the_limit_is_refused_and_one_at_the_limit_is_taken(
    client: Client, receiver: RecordingReceiver, parts: WebParts
) -> None:
    limit = 1024 * 1024
    assert (await client.post("/hooks/rooms-main", data=BytesIO(b"x" * (limit + 1)))).status == 413
    assert receiver.accepted == []
    assert counted(parts, requests("rooms", "too_large")) == 1
    assert (await client.post("/hooks/rooms-main", data=BytesIO(b"x" * limit))).status == 200
    assert [len(body) for _, body in receiver.accepted] == [limit]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_allowed(client: Client, method: str) -> None:
    answer = await client.request(method, "/hooks/rooms-main")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert answer.content_type == "application/problem+json"


async def test_a_provider_needs_no_token_and_may_come_from_anywhere(
    guarded: Client, start: StartClient, receiver: RecordingReceiver
) -> None:
    elsewhere = {"X-Forwarded-For": "203.0.113.9", "Origin": "https://elsewhere.example"}
    assert (await guarded.post("/hooks/rooms-main", data=b"{}", headers=elsewhere)).status == 200
    untokened = await start()
    assert (await untokened.post("/hooks/rooms-main", data=b"{}", headers=elsewhere)).status == 200
    assert len(receiver.accepted) == 2
