"""A small OpenID provider on a real socket: it lets in whoever comes, as whom the test says."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

CLIENT, SECRET = "holdfast-at-test", "a-client-secret"


@dataclass
class SmallProvider:
    """`claims` go into the next token beside what the round gives; None takes one away."""

    now: datetime
    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "sub-of-vera"})
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    shown_key: ec.EllipticCurvePrivateKey | None = None
    """Another one than it signs with."""
    kid: str = "key-1"

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        return app

    def sign_in(self, query: dict[str, str]) -> str:
        """What the provider's own page does with somebody who says yes: the code that goes back."""
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.answers)}"
        self.answers[code] = query
        return code

    async def _metadata(self, _request: web.Request) -> web.Response:
        self.asked.append("metadata")
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize?tenant=7",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        self.asked.append("keys")
        public = (self.shown_key or self.key).public_key()
        key = ECAlgorithm.to_jwk(public, as_dict=True)
        return web.json_response({"keys": [{**key, "kid": self.kid, "alg": "ES256"}]})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        query = self.answers.pop(str(form["code"]), None)
        credentials = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        text = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if (
            query is None
            or request.headers["Authorization"] != f"Basic {credentials}"
            or query["code_challenge"] != text
            or query["redirect_uri"] != form["redirect_uri"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"id_token": self.token(query["nonce"]), "token_type": "Bearer"})

    def token(self, nonce: str) -> str:
        """Signed with the key; the claims of the test come last."""
        made = int(self.now.timestamp())
        usual = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": made,
            "exp": made + 300,
            "nonce": nonce,
        }
        claims = {
            name: value for name, value in {**usual, **self.claims}.items() if value is not None
        }
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": self.kid})
