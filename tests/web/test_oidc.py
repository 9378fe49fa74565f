"""Signing in at an OpenID provider: only an account that belongs to somebody here comes in, and only by its own way."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import jwt
import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr
from tests.web.conftest import Client
from tests.web.oidc_provider import CLIENT, SECRET, SmallProvider
from tests.web.rows import NOW
from tests.web.signing_in import let_in
from yarl import URL

from holdfast.clock import ManualClock
from holdfast.web.app import build_web
from holdfast.web.oidc import CALLBACK, OidcSettings
from holdfast.web.parts import WebParts


@dataclass
class Rig:
    client: Client
    provider: SmallProvider
    pool: asyncpg.Pool

    async def there(self, following: str = "/bookings?status=held") -> dict[str, str]:
        """Off to the provider; what it is asked."""
        link = URL("/login/oidc").with_query(next=following)
        answer = await self.client.get(link, allow_redirects=False)
        assert answer.status == 303, await answer.text()
        to = URL(answer.headers["Location"])
        assert str(to).startswith(f"{self.provider.issuer}/authorize?tenant=7&")
        return dict(to.query)

    async def back(self, **query: str) -> tuple[int, str]:
        """Status, and where to or what is told."""
        answer = await self.client.get(
            URL(CALLBACK).with_query(query), allow_redirects=False, headers={"Accept": "text/html"}
        )
        return answer.status, answer.headers.get("Location") or await answer.text()

    async def sign_in(self, **claims: Any) -> tuple[int, str]:
        self.provider.claims = claims
        query = await self.there()
        return await self.back(code=self.provider.sign_in(query), state=query["state"])

    async def sessions(self) -> int:
        return int(await self.pool.fetchval("select count(*) from sessions"))


@pytest.fixture
async def rig(parts: WebParts, pool: asyncpg.Pool) -> AsyncIterator[Rig]:
    provider = SmallProvider(NOW)
    async with TestServer(provider.app()) as server:
        provider.issuer = f"http://127.0.0.1:{server.port}"
        settings = OidcSettings(
            issuer=provider.issuer,
            client_id=CLIENT,
            client_secret=SecretStr(SECRET),
            public_url="https://holdfast.example",
        )
        async with TestClient(TestServer(build_web(replace(parts, oidc=settings)))) as client:
            yield Rig(client, provider, pool)


async def test_whose_subject_is_listed_comes_in_and_goes_on_to_where_he_wanted(rig: Rig) -> None:
    await let_in(rig.pool, "vera", "viewer", subject="sub-of-vera")
    page = await (await rig.client.get("/login?next=/bookings")).text()
    assert 'href="/login/oidc?next=/bookings"' in page
    query = await rig.there()
    assert query["redirect_uri"] == f"https://holdfast.example{CALLBACK}"
    assert query["scope"] == "openid email"
    code = rig.provider.sign_in(query)
    assert await rig.back(code=code, state=query["state"]) == (303, "/bookings?status=held")
    shown = await (await rig.client.get("/bookings")).text()
    assert "vera <small>viewer</small>" in shown
    assert await rig.sessions() == 1
    assert await rig.back(code=code, state=query["state"]) != (303, "/bookings?status=held")
    assert rig.provider.asked == ["metadata", "keys"]
    assert await rig.sign_in(sub="sub-of-vera") == (303, "/bookings?status=held")
    assert await rig.sessions() == 1
    assert rig.provider.asked == ["metadata", "keys"]


async def test_an_address_counts_only_whole_and_verified_and_then_binds_its_subject(
    rig: Rig,
) -> None:
    await let_in(rig.pool, "vera", "viewer", email="vera@example.test")
    mine = {"email": "Vera@example.test", "email_verified": True}
    for wrong in (
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "vera@example.test.evil.example"},
        {"email": "xvera@example.test"},
        {"email": None},
        {"email": ["vera@example.test"]},
    ):
        status, told = await rig.sign_in(sub="s-1", **{**mine, **wrong})
        assert (status, "belongs to nobody" in told) == (403, True), wrong
    assert await rig.sessions() == 0
    assert await rig.sign_in(sub="s-1", **mine) == (303, "/bookings?status=held")
    # the same address in other hands later is not the same person
    status, _ = await rig.sign_in(sub="s-2", **mine)
    assert status == 403
    assert (await rig.sign_in(sub="s-1"))[0] == 303
    await rig.pool.execute("update people set disabled_at = now()")
    assert (await rig.sign_in(sub="s-1"))[0] == 403


@contextmanager
def signed_by_another(provider: SmallProvider) -> Iterator[None]:
    provider.shown_key = ec.generate_private_key(ec.SECP256R1())
    yield
    provider.shown_key = None


MADE = int(NOW.timestamp())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"]},
        {"iss": "https://elsewhere.example"},
        {"nonce": "of another round"},
        {"nonce": None},
        {"exp": MADE - 61},
        {"exp": None},
        {"iat": MADE - 601},
        {"iat": MADE + 61},
        {"iat": "now"},
        {"iat": True},
        {"sub": None},
    ],
)
async def test_a_token_that_was_not_made_for_this_sign_in_opens_nothing(
    rig: Rig, claims: dict[str, Any]
) -> None:
    await let_in(rig.pool, "vera", "viewer", subject="sub-of-vera")
    status, told = await rig.sign_in(**{"sub": "sub-of-vera", **claims})
    assert (status, "cannot be believed" in told) == (401, True)
    assert await rig.sessions() == 0


async def test_only_the_providers_own_keys_sign_and_a_new_one_is_read_once_a_minute(
    rig: Rig, parts: WebParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await let_in(rig.pool, "vera", "viewer", subject="sub-of-vera")
    mine = {"sub": "sub-of-vera"}
    with signed_by_another(rig.provider):
        assert (await rig.sign_in(**mine))[0] == 401
    rig.provider.kid = "key-2"
    assert (await rig.sign_in(**mine))[0] == 401
    assert rig.provider.asked.count("keys") == 1
    assert isinstance(parts.clock, ManualClock)
    parts.clock.advance(61)
    assert (await rig.sign_in(**mine))[0] == 303
    assert rig.provider.asked.count("keys") == 2
    unsigned = jwt.encode({"sub": "sub-of-vera"}, "", algorithm="none")
    monkeypatch.setattr(rig.provider, "token", lambda _nonce: unsigned)
    assert (await rig.sign_in(**mine))[0] == 401


async def test_a_code_is_good_only_in_the_browser_that_was_sent(rig: Rig) -> None:
    await let_in(rig.pool, "vera", "viewer", subject="sub-of-vera")
    query = await rig.there()
    code = rig.provider.sign_in(query)
    assert (await rig.back(code=code, state="of somebody else"))[0] == 401
    assert (await rig.back(code=code))[0] == 401
    assert (await rig.back(error="access_denied", state=query["state"]))[0] == 401
    later = await rig.there("//elsewhere.example/")
    assert (await rig.back(code=code, state=query["state"]))[0] == 401
    # the code of the first round does not fit the second one's verifier
    assert (await rig.back(code=code, state=later["state"]))[0] == 401
    rig.client.session.cookie_jar.clear()
    assert (await rig.back(code=code, state=later["state"]))[0] == 401
    assert await rig.sessions() == 0
    fresh = await rig.there("//elsewhere.example/")
    assert await rig.back(code=rig.provider.sign_in(fresh), state=fresh["state"]) == (303, "/")


async def test_a_provider_that_is_away_or_another_lets_nobody_in(rig: Rig, client: Client) -> None:
    issuer, rig.provider.issuer = rig.provider.issuer, "https://elsewhere.example"
    answer = await rig.client.get("/login/oidc")
    assert answer.status == 401
    assert "calls itself otherwise" in (await answer.json())["detail"]
    rig.provider.issuer = issuer
    assert (await rig.there())["client_id"] == CLIENT
    assert (await client.get("/login/oidc")).status == 404
    assert (await client.get(CALLBACK)).status == 404
