"""What is kept of secrets. No I/O.

Passwords as scrypt hashes that carry their own cost and salt: a check takes about 0.1 s of CPU. Tokens as digests.
"""

import base64
import hashlib
import hmac
import unicodedata

COST = 2**15
"""scrypt's n of new hashes: 32 MiB and about 0.1 s."""

SHORTEST, LONGEST = 12, 256
A_PASSWORD = f"{SHORTEST} to {LONGEST} characters"

_BLOCK, _SALT_BYTES = 8, 16


def usable(password: str) -> bool:
    """Whether it will do as a new one."""
    return SHORTEST <= len(password) <= LONGEST and len(set(password)) > 1


def hashed(password: str, salt: bytes, cost: int = COST) -> str:
    """What is kept of it; `salt` is random, and another one for each."""
    digest = _digest(password, salt, cost)
    return f"scrypt${cost}${_text(salt)}${_text(digest)}"


def matches(password: str, kept: str | None) -> bool:
    """Whether it is the one; without a hash the answer is no, after as long as with one of ours."""
    _, cost, salt, digest = (kept or NOBODY).split("$")
    found = _digest(password, base64.b64decode(salt), int(cost))
    return hmac.compare_digest(found, base64.b64decode(digest)) and kept is not None


def digest_of(token: str) -> bytes:
    """What is kept of a secret that is random enough to need no more than this."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _digest(password: str, salt: bytes, cost: int) -> bytes:
    given = unicodedata.normalize("NFKC", password[:LONGEST]).encode("utf-8", "surrogatepass")
    memory = 2 * 128 * cost * _BLOCK
    return hashlib.scrypt(given, salt=salt, n=cost, r=_BLOCK, p=1, maxmem=memory, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


NOBODY = f"scrypt${COST}${_text(bytes(_SALT_BYTES))}${_text(bytes(32))}"
"""Compared with where there is no hash."""
