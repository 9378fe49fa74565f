"""What came in, without guests and secrets: every key stays, and only values that are clearly harmless. No I/O.

Whose payload it is does not matter: nothing is shown because a provider is trusted to leave something out.
"""

import json
import re
from collections.abc import Mapping
from itertools import islice

from pydantic import JsonValue

HIDDEN = "•••"
DEEPEST = 12
MOST_ITEMS = 100
"""Of one list or object; a page is no archive."""

SHOWN_HEADERS = frozenset({"content-type", "user-agent", "x-request-id"})

_KEY = re.compile(r"[A-Za-z_$][\w$.:-]{0,59}", re.ASCII)
_PRIVATE = re.compile(
    r"name|mail|phone|mobile|contact|guest|customer|address|street|city|zip|post|birth|dob|note|comment|message|"
    r"token|secret|signature|password|auth|key|card|iban|last4|pin|cvc|code",
    re.IGNORECASE,
)
_WORDED = re.compile(
    r"(status|state|type|action|event|entity|kind|currency|channel|version)$", re.IGNORECASE
)
_WORD = re.compile(r"[A-Za-z]{1,24}([._-][A-Za-z]{1,24}){0,4}", re.ASCII)
_HARMLESS = (
    re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII),
    re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII),
    re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII),
    re.compile(r"(?=[^\d]*\d)(?=\d*[a-f])[0-9a-f]{8,32}", re.ASCII),
    re.compile(r"\d{1,6}", re.ASCII),
)
"""Dates, times, uuids, hexadecimal ids with letters (a telephone number has none), short numbers."""

MOST_NUMBER = 100_000


def headers_shown(headers: str | None) -> Mapping[str, str]:
    """Of the headers as kept, those that tell nothing about anybody."""
    found = json.loads(headers) if headers else {}
    shown = found.items() if isinstance(found, dict) else ()
    return {str(k): str(v)[:200] for k, v in shown if str(k).lower() in SHOWN_HEADERS}


def payload_shown(body: bytes | None) -> str | None:
    """The body as indented JSON with what may be private masked; None: there is none that can be shown."""
    try:
        told = json.loads(body or b"")
        return json.dumps(redacted(told), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def redacted(value: JsonValue, key: str = "", depth: int = 0) -> JsonValue:
    """The same shape; a value below a key that sounds private is masked whatever it looks like."""
    if isinstance(value, dict | list) and depth >= DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return _object(value, key, depth)
    if isinstance(value, list):
        return [redacted(item, key, depth + 1) for item in value[:MOST_ITEMS]]
    if value is None or isinstance(value, bool):
        return value
    return value if _harmless(value, key) else HIDDEN


def _object(value: Mapping[str, JsonValue], key: str, depth: int) -> dict[str, JsonValue]:
    """What is private above is private below; a key that is no name may be somebody's, too."""
    shown: dict[str, JsonValue] = {}
    for name, inner in islice(value.items(), MOST_ITEMS):
        told = name if _KEY.fullmatch(name) else HIDDEN
        path = f"{key}.{told}" if _PRIVATE.search(key) else told
        shown[told] = redacted(inner, path, depth + 1)
    return shown


def _harmless(value: str | float, key: str) -> bool:
    if _PRIVATE.search(key):
        return False
    if not isinstance(value, str):
        return abs(value) < MOST_NUMBER
    if _WORDED.search(key) and _WORD.fullmatch(value):
        return True
    return any(pattern.fullmatch(value) for pattern in _HARMLESS)
