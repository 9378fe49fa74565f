"""Who is let in, and what every answer carries."""

import base64
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from tests.web.conftest import Client

from holdfast.address import is_loopback
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts

PRIVATE = ["/", "/bookings", "/metrics", "/openapi.json", "/api/v1/bookings", "/docs/runbooks"]
OPEN = ["/healthz", "/readyz", "/static/live.js"]


def basic(password: str) -> dict[str, str]:
    pair = base64.b64encode(f"anyone:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", PRIVATE)
async def test_without_tokens_this_machine_may_read_everything(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 200


@pytest.mark.parametrize("path", PRIVATE)
async def test_without_tokens_nobody_else_may_read_anything_and_is_told_what_to_set(
    parts: WebParts, tmp_path: Path, path: str
) -> None:
    runner = web.AppRunner(build_web(parts))
    await runner.setup()
    socket = str(tmp_path / "web.sock")
    await web.UnixSite(runner, socket).start()  # a peer without a loopback address
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket)) as session:
        answer = await session.get(f"http://localhost{path}")
        assert answer.status == 403
        assert "HOLDFAST_API_TOKENS" in await answer.text()
        opened = [await session.get(f"http://localhost{each}") for each in OPEN]
        assert [answer.status for answer in opened] == [200] * len(OPEN)
    await runner.cleanup()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Real-IP": "203.0.113.9"},
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example:8080"},
        {"Host": "[broken"},
    ],
)
async def test_a_forwarded_request_or_a_foreign_host_name_is_not_from_this_machine(
    client: Client, headers: dict[str, str]
) -> None:
    assert (await client.get("/", headers=headers)).status in (400, 403)


@pytest.mark.parametrize(
    ("name", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("localhost.attacker.example", False),
        ("", False),
        (None, False),
    ],
)
def test_loopback_is_told_from_everything_else(name: str | None, loopback: bool) -> None:
    assert is_loopback(name) is loopback


@pytest.mark.parametrize("path", PRIVATE)
async def test_with_tokens_even_this_machine_must_show_one(guarded: Client, path: str) -> None:
    answer = await guarded.get(path)
    assert answer.status == 401
    scheme = "Basic" if path in ("/", "/bookings", "/docs/runbooks") else "Bearer"
    assert answer.headers["WWW-Authenticate"].startswith(scheme)


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("token", ["first-token", "second-token"])
async def test_each_token_opens_everything(guarded: Client, path: str, token: str) -> None:
    assert (await guarded.get(path, headers=bearer(token))).status == 200


@pytest.mark.parametrize("token", ["", "first", "first-token2", "FIRST-TOKEN", "é"])
async def test_no_other_token_opens_anything(guarded: Client, token: str) -> None:
    for headers in (bearer(token), basic(token)):
        assert (await guarded.get("/", headers=headers)).status == 401
        assert (await guarded.get("/api/v1/bookings", headers=headers)).status == 401


async def test_a_browser_signs_in_to_the_dashboard_but_programs_must_use_bearer(
    guarded: Client,
) -> None:
    assert (await guarded.get("/", headers=basic("second-token"))).status == 200
    assert (await guarded.get("/api/v1/bookings", headers=basic("second-token"))).status == 401


async def test_an_unreadable_authorization_is_no_token(guarded: Client) -> None:
    for value in ("Basic %%%", "Basic /w==", "Basic", "Digest x", "Bearer"):
        assert (await guarded.get("/", headers={"Authorization": value})).status == 401


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://elsewhere.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://{host}"}, False),
        ({"Origin": "http://{host}"}, True),
    ],
)
async def test_a_page_from_elsewhere_cannot_act_through_a_browser(
    client: Client, headers: dict[str, str], allowed: bool
) -> None:
    host = f"{client.host}:{client.port}"
    sent = {name: value.format(host=host) for name, value in headers.items()}
    answer = await client.post("/api/v1/bookings/1/cancel", json={"reason": "x"}, headers=sent)
    assert answer.status == (200 if allowed else 403)


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/bookings", "/nothing", "/healthz", "/static/live.js"]
)
async def test_every_answer_forbids_foreign_content_and_framing(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == ("no-cache" if "static" in path else "no-store")
    assert "Strict-Transport-Security" not in headers


async def test_behind_https_browsers_are_told_to_stay_there(guarded: Client) -> None:
    answer = await guarded.get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
