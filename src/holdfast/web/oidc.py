"""Signing in at an OpenID provider: code, PKCE, nonce and state, and whether what comes back is to be believed."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from yarl import URL

CALLBACK = "/login/oidc/callback"
LEEWAY = timedelta(seconds=60)
"""So far the provider's clock may be from ours."""
OLDEST = timedelta(minutes=10)
"""A token is for signing in now."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""By keys of which we need the public half only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Where people sign in, as which client, and how the outside reaches us."""

    issuer: str
    client_id: str
    client_secret: SecretStr = field(repr=False)
    public_url: str

    @property
    def redirect(self) -> str:
        """Where the provider sends the browser back to."""
        return self.public_url + CALLBACK


class NotBelieved(Exception):
    """The provider's answer is no proof of anything; the text says why, and names nobody."""


@dataclass(frozen=True, slots=True)
class Round:
    """One way there and back. All follows from one secret that only the browser has: nothing is kept here."""

    secret: str

    @property
    def state(self) -> str:
        """Comes back beside the code: it was this browser that was sent."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Comes back inside the token: it was made for this round."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Redeems the code: nobody else can who only overhears it."""
        return self._derived("verifier")

    def leads_to(self, endpoint: str, settings: OidcSettings) -> URL:
        """Where the browser is sent."""
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        return URL(endpoint).update_query(
            {
                "response_type": "code",
                "client_id": settings.client_id,
                "redirect_uri": settings.redirect,
                "scope": "openid email",
                "state": self.state,
                "nonce": self.nonce,
                "code_challenge": _text(challenge),
                "code_challenge_method": "S256",
            }
        )

    def _derived(self, what: str) -> str:
        return _text(hmac.digest(self.secret.encode(), what.encode(), "sha256"))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says it is; `email` only if it has verified that."""

    subject: str
    email: str | None


def believed(
    token: str, keys: Mapping[str, Any], settings: OidcSettings, nonce: str, now: datetime
) -> Identity:
    """Whose token it is, by the provider's public keys. Raises NotBelieved; KeyUnknown if a newer key is needed."""
    return identity(verified(token, keys, settings), nonce, now)


class KeyUnknown(NotBelieved):
    """It is signed with a key that was not among those read."""


def verified(token: str, keys: Mapping[str, Any], settings: OidcSettings) -> Mapping[str, Any]:
    """What a token claims that this provider signed for us. Raises NotBelieved, KeyUnknown."""
    import jwt  # the extra `oidc`

    try:
        kid = jwt.get_unverified_header(token).get("kid")
        usable = [key for key in jwt.PyJWKSet.from_dict(dict(keys)) if kid in (key.key_id, None)]
        if not usable:
            raise KeyUnknown("it is signed with a key that is not the provider's")
        return jwt.decode(
            token,
            usable[0],
            algorithms=ALGORITHMS,
            audience=settings.client_id,
            issuer=settings.issuer,
            options={
                "require": ["exp", "iat", "sub", "aud", "iss", "nonce"],
                # by our own clock, below
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.PyJWTError as error:
        raise NotBelieved(f"its token is not in order: {type(error).__name__}") from error


def identity(claims: Mapping[str, Any], nonce: str, now: datetime) -> Identity:
    """Whose claims they are, if they were made for this round just now. Raises NotBelieved."""
    made, ends = _instant(claims["iat"]), _instant(claims["exp"])
    if not now - OLDEST <= made <= now + LEEWAY or ends <= now - LEEWAY:
        raise NotBelieved("its token is of another time: compare the clocks")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise NotBelieved("its token was made for another sign-in")
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
        raise NotBelieved("its token was made for others too")
    email = claims.get("email")
    proven = claims.get("email_verified") is True and isinstance(email, str)
    return Identity(subject=str(claims["sub"]), email=str(email).lower() if proven else None)


def _instant(seconds: object) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise NotBelieved("its token has no times")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NotBelieved("its token has no times") from error


def is_installed() -> bool:
    """Whether the extra `oidc` is there."""
    try:
        import cryptography  # noqa: F401 - only whether it is there
        import jwt  # noqa: F401 - only whether it is there
    except ImportError:
        return False
    return True
