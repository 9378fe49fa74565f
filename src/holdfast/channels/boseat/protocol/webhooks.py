"""Webhooks: whether they come from Boseat, and what to look at. No I/O.

https://docs.boseat.com/tutorials/webhook-setup says HMAC-SHA256 with the subscription's secret in
`Boseat-Signature: t=...,v1=...`; neither the signed bytes nor the encoding are documented (C19).
"""

import base64
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from holdfast.channel import Forged, Hint, Malformed, Stale
from holdfast.told import as_text

SIGNATURE_HEADER = "boseat-signature"
TOLERANCE_SECONDS = 300
"""Boseat's "a few minutes"."""
HEX_CHARACTERS = 64
NOT_NUMBERED = "0"
"""An event id of zero numbers nothing."""

_INSTANT = TypeAdapter(datetime)


class _Signature(NamedTuple):
    time: str
    values: Sequence[str]


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Accept what one of the secrets signed. Raises Forged or Stale.

    The time is checked only where it is signed too: elsewhere it proves nothing, and a retry may repeat it.
    """
    signature = _signature(header(headers, SIGNATURE_HEADER))
    timed = _bytes(signature.time) + b"." + body
    if _signed(timed, signature.values, secrets):
        _check_time(signature.time, now)
    elif not _signed(body, signature.values, secrets):
        raise Forged("the signature does not match")


def read_hint(headers: Mapping[str, str], body: bytes, event_id_header: str | None) -> Hint:
    """What to look at. Types contradict each other (C4) and are never more than a hint. Raises Malformed."""
    event = _object(body)
    kind = as_text(event.get("type"))
    raw_type = kind if isinstance(kind, str) else ""
    named = header(headers, event_id_header) if event_id_header else None
    numbers = (_id(event.get("id")), _id(event.get("eventId")), _id(named))
    delivery_id = next((one for one in numbers if one not in (None, NOT_NUMBERED)), None)
    external_id = _booking_id(raw_type, event.get("data"))
    if delivery_id == external_id:
        delivery_id = None  # the booking's id, the same in every event: no two of them are one
    return Hint(external_id=external_id, raw_type=raw_type, delivery_id=delivery_id)


def header(headers: Mapping[str, str], name: str) -> str | None:
    """A header by name, whatever its case; one that is there twice says nothing."""
    name = name.lower()
    found = [value for key, value in headers.items() if key.lower() == name]
    return found[0] if len(found) == 1 else None


def _signature(value: str | None) -> _Signature:
    if value is None:
        raise Forged("there is no signature, or more than one")
    times, values = [], []
    for part in value.split(","):
        key, _, text = part.strip().partition("=")
        if key == "t":
            times.append(text)
        elif key == "v1" and text:
            values.append(text)
    return _Signature(times[0] if times else "", values)


def _signed(content: bytes, values: Iterable[str], secrets: Sequence[str]) -> bool:
    genuine = [_digest(secret, content) for secret in secrets]
    # Every pair is compared, so that the time taken tells nothing of which came close.
    matches = [_same(value, digest) for value in values for digest in genuine]
    return any(matches)


def _digest(secret: str, content: bytes) -> bytes:
    keyed = _keyed(secret).copy()
    keyed.update(content)
    return keyed.digest()


@lru_cache(maxsize=1024)
def _keyed(secret: str) -> hmac.HMAC:
    """Looking the algorithm up and taking the key in is most of the work, and the same every time."""
    return hmac.new(secret.encode(), digestmod="sha256")


def _same(value: str, digest: bytes) -> bool:
    """In hexadecimal or in base64, which differ in length."""
    if len(value) == HEX_CHARACTERS:
        return hmac.compare_digest(_bytes(value.lower()), digest.hex().encode())
    return hmac.compare_digest(_bytes(value), base64.b64encode(digest))


def _bytes(text: str) -> bytes:
    """What stood in the header: anybody may have put bytes there that are no text."""
    return text.encode(errors="surrogateescape")


def _check_time(text: str, now: datetime) -> None:
    try:
        # Reads seconds and milliseconds since 1970, told apart by magnitude, and ISO 8601.
        signed = _INSTANT.validate_python(text)
    except ValidationError:
        raise Forged("the signed time cannot be read") from None
    signed = signed if signed.tzinfo else signed.replace(tzinfo=UTC)
    if abs((now - signed).total_seconds()) > TOLERANCE_SECONDS:
        raise Stale("the signature is too old or from the future")


def _object(body: bytes) -> dict[str, object]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is not JSON") from None
    if not isinstance(event, dict):
        raise Malformed("the body is not a JSON object")
    return event


def _booking_id(raw_type: str, data: object) -> str | None:
    """Where the id is, is not documented (U24). Empty: it is about a booking, and does not say which.

    An event whose type is not told, or cannot be read, may be about one; a read of something else finds nothing.
    """
    kind = raw_type.strip().casefold()
    may_be, is_about_one = kind == "" or kind.startswith("booking"), kind.startswith("booking")
    if kind.startswith(("invoice.", "payment.")):
        return None
    about = data if isinstance(data, dict) else {}
    nested = about.get("booking")
    within = nested.get("id") if isinstance(nested, dict) else nested
    found = _id(within) or _id(about.get("bookingId")) or (_id(about.get("id")) if may_be else None)
    return found or ("" if is_about_one else None)


def _id(value: object) -> str | None:
    text = as_text(value)
    usable = isinstance(text, str) and 0 < len(text) <= 200 and text not in (".", "..")
    return text if isinstance(text, str) and usable else None
