"""A webhook as Boseat would send it, signed with the workspace's own secret: to try a way in. No I/O."""

import hashlib
import hmac
import json
from datetime import datetime
from uuid import uuid4

from pydantic import SecretStr

from holdfast.kind import Sample

SAMPLES = ("created", "updated", "cancelled", "deleted", "paid")


def sample(secret: SecretStr, what: str, ref: str, now: datetime) -> Sample:
    """Each has an event id of its own; the body is signed (C19)."""
    told = {"id": str(uuid4()), "type": f"booking.{what}", "data": {"id": ref}}
    body = json.dumps(told).encode()
    digest = hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
    signed = f"t={int(now.timestamp())},v1={digest}"
    return Sample(
        headers={"Content-Type": "application/json", "Boseat-Signature": signed}, body=body
    )
