"""Who asks, and what he may. No I/O."""

from dataclasses import dataclass

from aiohttp import web

from holdfast.roles import ROLES, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`name` stands in the journal as the actor. `venues` None: all of them."""

    name: str
    role: Role
    venues: frozenset[str] | None = None
    id: int | None = None
    """Of whom somebody signed in as; None: a program, or whoever sits at this machine."""
    session: int | None = None
    """By which he is signed in."""

    def may(self, role: Role) -> bool:
        """Whether what needs this role is open to him."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def sees(self, venue: str | None) -> bool:
        """Whether the venue is one of his; what belongs to none is seen by who sees all."""
        return self.venues is None or venue in self.venues

    @property
    def within(self) -> list[str] | None:
        """His venues as queries take them; None: all."""
        return None if self.venues is None else sorted(self.venues)


PERSON = web.RequestKey("person", Person)
"""Set by the guard before any handler runs."""

OPERATOR = Person(name="operator", role="admin")
"""Whoever asks on this machine itself, or with one of the tokens from the environment."""
