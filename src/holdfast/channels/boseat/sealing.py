"""An access token as it may lie where others can read: sealed with a key that only the workspace's secret gives. No I/O."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token is asked for with."""

    token_url: str
    client_id: SecretStr
    client_secret: SecretStr
    scope: str


@dataclass(frozen=True, slots=True)
class Held:
    """A token, and when the next is asked for."""

    token: SecretStr
    renew_at: datetime


class Seal:
    """Made for one grant: what was asked for with another secret, scope or address cannot be opened."""

    def __init__(self, grant: Grant) -> None:
        asked = [grant.token_url, grant.client_id.get_secret_value(), grant.scope]
        info = b"holdfast boseat access token " + json.dumps(asked).encode()
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=info)
        key = derive.derive(grant.client_secret.get_secret_value().encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def close(self, held: Held) -> bytes:
        """Sealed."""
        plain = [held.token.get_secret_value(), held.renew_at.isoformat()]
        return self._fernet.encrypt(json.dumps(plain).encode())

    def open(self, sealed: bytes | None) -> Held | None:
        """None: there is nothing, or it was not sealed for this grant."""
        try:
            token, renew_at = json.loads(self._fernet.decrypt(sealed or b""))
            return Held(SecretStr(token), datetime.fromisoformat(renew_at))
        except (InvalidToken, ValueError, TypeError):
            return None
