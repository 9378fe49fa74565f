"""Webhooks as the providers would send them, with any body: signed, or carrying the agreed credential."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from tests.town import SECRETS

from holdfast.example import WEBHOOK_SECRETS


def secret_of(channel: str) -> str:
    return SECRETS[WEBHOOK_SECRETS[channel]]


def proofs(channel: str, body: bytes, now: datetime, secret: str = "") -> Mapping[str, str]:
    """The headers that prove this body just now."""
    key = secret or secret_of(channel)
    if channel == "mozrest":
        return {"Authorization": f"Bearer {key}"}
    time = str(int(now.timestamp()))
    value = hmac.new(key.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Boseat-Signature": f"t={time},v1={value}"}
