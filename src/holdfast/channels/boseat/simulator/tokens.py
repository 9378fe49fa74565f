"""The token endpoint: form-encoded client credentials, no refresh tokens."""

from aiohttp import web

from holdfast.channels.boseat.simulator.records import ApiError
from holdfast.channels.boseat.simulator.tenancy import Tenancy


class TokenEndpoint:
    """https://docs.boseat.com/getting-started/authentication"""

    def __init__(self, tenancy: Tenancy) -> None:
        self._tenancy = tenancy

    def routes(self) -> list[web.RouteDef]:
        """Its own URL, apart from the API."""
        return [web.post("/oauth/token", self._grant)]

    async def _grant(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise ApiError(400, "invalid_request", "the form must be URL-encoded")
        form = {key: str(value) for key, value in (await request.post()).items()}
        if form.get("grant_type") != "client_credentials":
            raise ApiError(400, "unsupported_grant_type", "only client credentials are granted")
        token, grant = self._tenancy.grant(
            form.get("client_id", ""), form.get("client_secret", ""), form.get("scope", "")
        )
        return web.json_response(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": int(grant.seconds),
                "scope": " ".join(sorted(grant.scopes)),
            }
        )
