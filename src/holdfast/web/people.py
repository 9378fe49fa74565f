"""Who asks, and what he may: the roles, in the order of what they add to each other. No I/O."""

from dataclasses import dataclass
from typing import Literal, get_args

from aiohttp import web

Role = Literal["viewer", "venue", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`name` stands in the journal as the actor. `venues` None: all of them."""

    name: str
    role: Role
    venues: frozenset[str] | None = None

    def may(self, role: Role) -> bool:
        """Whether what needs this role is open to him."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def sees(self, venue: str) -> bool:
        """Whether the venue is one of his."""
        return self.venues is None or venue in self.venues


PERSON = web.RequestKey("person", Person)
"""Set by the guard before any handler runs."""

OPERATOR = Person(name="operator", role="admin")
"""Whoever asks on this machine itself, or with one of the tokens from the environment."""
