"""Talks to the OpenID provider: what it is, its keys, and a code for a token."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import aiohttp
from aiohttp import web

from holdfast.clock import Clock
from holdfast.web.oidc import (
    Identity,
    KeyUnknown,
    NotBelieved,
    OidcSettings,
    Round,
    believed,
)
from holdfast.web.parts import PARTS

FRESH = timedelta(hours=1)
"""So long what the provider says of itself is not asked again."""
KEYS_AGAIN = timedelta(minutes=1)
"""A key that is not known is looked for so often, or anybody could have us ask."""

Told = Mapping[str, Any]


@dataclass(slots=True)
class Provider:
    """One provider, and what it said last."""

    settings: OidcSettings
    session: aiohttp.ClientSession
    clock: Clock
    _metadata: tuple[datetime, Told] | None = None
    _keys: tuple[datetime, Told] | None = None

    async def leads_to(self, going: Round) -> str:
        """Where the browser is sent. Raises NotBelieved."""
        metadata = await self._known()
        return str(going.leads_to(_address(metadata, "authorization_endpoint"), self.settings))

    async def redeem(self, code: str, going: Round) -> Identity:
        """Who has signed in there. Raises NotBelieved."""
        metadata = await self._known()
        told = await self._ask(
            "POST",
            _address(metadata, "token_endpoint"),
            headers={"Authorization": f"Basic {_credentials(self.settings)}"},
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.settings.redirect,
                "code_verifier": going.verifier,
            },
        )
        token, now = str(told.get("id_token", "")), self.clock.now()
        keys = await self._keys_read(metadata, FRESH)
        try:
            return believed(token, keys, self.settings, going.nonce, now)
        except KeyUnknown:
            keys = await self._keys_read(metadata, KEYS_AGAIN)
            return believed(token, keys, self.settings, going.nonce, now)

    async def _known(self) -> Told:
        now = self.clock.now()
        if self._metadata is None or self._metadata[0] < now - FRESH:
            issuer = self.settings.issuer
            told = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if told.get("issuer") != issuer:
                raise NotBelieved("it calls itself otherwise than HOLDFAST_OIDC_ISSUER does")
            self._metadata = now, told
        return self._metadata[1]

    async def _keys_read(self, metadata: Told, at_most: timedelta) -> Told:
        now = self.clock.now()
        if self._keys is None or self._keys[0] < now - at_most:
            self._keys = now, await self._ask("GET", _address(metadata, "jwks_uri"))
        return self._keys[1]

    async def _ask(self, method: str, address: str, **more: Any) -> Told:
        try:
            async with self.session.request(
                method, address, allow_redirects=False, **more
            ) as answer:
                told = json.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NotBelieved(f"it does not answer as expected: {type(error).__name__}") from error
        if answer.status != 200 or not isinstance(told, dict):
            raise NotBelieved(f"it answers {answer.status}")
        return told


def _address(metadata: Told, name: str) -> str:
    found = metadata.get(name)
    if not isinstance(found, str) or not found.startswith(("https://", "http://")):
        raise NotBelieved(f"it tells no {name}")
    return found


def _credentials(settings: OidcSettings) -> str:
    """As RFC 6749 has them: each half encoded like a form first."""
    secret = settings.client_secret.get_secret_value()
    return base64.b64encode(
        f"{quote_plus(settings.client_id)}:{quote_plus(secret)}".encode()
    ).decode()


PROVIDER = web.AppKey("provider", Provider)


async def provided(app: web.Application) -> AsyncIterator[None]:
    """The provider, if one is set, for as long as the application runs."""
    parts = app[PARTS]
    if parts.oidc is None:
        yield
        return
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=10), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        app[PROVIDER] = Provider(parts.oidc, session, parts.clock)
        yield
