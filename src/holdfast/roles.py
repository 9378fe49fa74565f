"""The roles of people, in the order of what they add to each other, and the scopes of tokens. No I/O."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["viewer", "venue", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

Scope = Literal["read", "book", "operate", "admin"]
SCOPES: Mapping[Scope, Role] = {
    "read": "viewer",
    "book": "venue",
    "operate": "operator",
    "admin": "admin",
}
"""What a token with this scope may, as the role of a person who may the same."""

LIMITED: tuple[Role, ...] = ("viewer", "venue")
"""Who may be limited to some venues; the others see to all of them."""

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}", re.ASCII)
A_NAME = (
    "up to 64 small letters, digits and ._@+- that begin with a letter or digit, and none of ours"
)

_OURS = frozenset(
    {"audit", "clock", "operator", "poll", "policy", "replay", "system", "webhook", "worker"}
)


def usable(name: str) -> bool:
    """Whether a person or token may be called so: the journal's own actors keep their names."""
    return NAME.fullmatch(name) is not None and name not in _OURS
