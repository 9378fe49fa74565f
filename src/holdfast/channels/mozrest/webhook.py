"""Proves that a webhook comes from Mozrest and says what to look at. No I/O.

Mozrest signs nothing: the proof is a credential agreed on at onboarding
(https://doc.mozrest.com/bc/bc-api/webhooks).
"""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import SecretStr

from holdfast.channel import Forged, Hint, Malformed
from holdfast.channels.mozrest.settings import AccountSettings
from holdfast.channels.mozrest.wire import WebhookEvent
from holdfast.lenient import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The header that carries the credential, and every value that is valid just now."""

    header: str
    values: Sequence[SecretStr] = field(repr=False)

    @classmethod
    def bearer(cls, tokens: Sequence[SecretStr]) -> "Proof":
        values = [SecretStr(f"Bearer {token.get_secret_value()}") for token in tokens]
        return cls(header="authorization", values=values)

    @classmethod
    def basic(cls, user: str, passwords: Sequence[SecretStr]) -> "Proof":
        pairs = [f"{user}:{password.get_secret_value()}" for password in passwords]
        values = [SecretStr(f"Basic {base64.b64encode(p.encode()).decode()}") for p in pairs]
        return cls(header="authorization", values=values)

    @classmethod
    def custom(cls, header: str, tokens: Sequence[SecretStr]) -> "Proof":
        return cls(header=header.lower(), values=list(tokens))

    def verify(self, headers: Mapping[str, str]) -> None:
        """Raises Forged. Compares with every valid value, each in constant time."""
        given = [value for name, value in headers.items() if name.lower() == self.header]
        if len(given) != 1:
            raise Forged(f"a mozrest webhook with {len(given)} headers {self.header}")
        matches = [
            hmac.compare_digest(_folded(given[0]), _folded(valid.get_secret_value()))
            for valid in self.values
        ]
        if not any(matches):
            raise Forged(f"a mozrest webhook with a wrong {self.header}")


def _folded(value: str) -> bytes:
    """The names of authentication schemes know no case (RFC 9110, section 11.1)."""
    scheme, space, rest = value.strip().partition(" ")
    text = f"{scheme.lower()} {rest.strip()}" if space else scheme
    return text.encode(errors="surrogateescape")


def read_hints(body: bytes) -> list[Hint]:
    """What an event, or an array of them, asks to look at. Raises Malformed."""
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("a mozrest webhook that is no JSON") from error
    if isinstance(content, list):
        return [_hint(event) for event in content]
    if not isinstance(content, dict):
        raise Malformed("a mozrest webhook that is no event")
    return [_hint(content)]


def _hint(event: object) -> Hint:
    """An action is never more than a hint, so whichever it is, the booking is read; that costs one call."""
    told = read(WebhookEvent, event if isinstance(event, dict) else {})
    entity, named = (told.entity or "").strip().casefold(), told.entity_id is not None
    # `data` is not looked at: it may be partial, and its id was seen to differ (C12).
    return Hint(
        external_id=(told.entity_id or "")
        if entity == "booking" or (not entity and named)
        else None,
        raw_type=f"{told.entity or '?'}.{told.action or '?'}",
    )


def proof_of(settings: AccountSettings, environ: Mapping[str, str]) -> Proof | None:
    """What proves a webhook; None where no secret is configured."""
    tokens = [secret.reveal(environ) for secret in settings.webhook_token or ()]
    passwords = [secret.reveal(environ) for secret in settings.webhook_password or ()]
    if settings.webhook_auth == "basic":
        return Proof.basic(settings.webhook_user or "", passwords)
    if settings.webhook_auth == "header":
        return Proof.custom(settings.webhook_header or "", tokens)
    return Proof.bearer(tokens) if tokens else None
