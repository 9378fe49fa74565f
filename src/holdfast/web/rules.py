"""What each route needs of whoever asks: the one table that the guard goes by. What is not in it is not open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from aiohttp import web

from holdfast.roles import Role
from holdfast.web.people import Person
from holdfast.web.problems import NOT_FOUND, ROLE, Problem

Extent = Literal["all", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`needs` None: anybody may, signed in or not."""

    needs: Role | None
    venues: Extent = "all"
    """`own`: it keeps to the venues of whoever asks. `all` is refused to whoever is limited to some."""


class Ruled(Protocol):
    """A screen or an endpoint."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def needs(self) -> Role: ...
    @property
    def venues(self) -> Extent: ...


Rules = Mapping[tuple[str, str], Rule]
RULES = web.AppKey("rules", dict[tuple[str, str], Rule])

ANYBODY = Rule(needs=None)
NOTHING = Rule(needs="viewer", venues="own")
READING, CHANGING = Rule(needs="viewer"), Rule(needs="admin")

OPEN = frozenset(
    {
        *("/hooks/{account}", "/healthz", "/readyz", "/static"),
        *("/login", "/login/oidc", "/login/oidc/callback", "/logout"),
    }
)
"""Routes that anybody may ask: webhooks prove themselves, the others have nothing to hide."""

MACHINES = ("/hooks/", "/healthz", "/readyz")
"""Addresses at which no browser acts for anybody."""

OWN = frozenset({("GET", "/")})
"""Of what is in no table, what keeps to somebody's own venues."""

OF_A_VENUE = "/venues/{name}"
"""What is under it shows the one venue that its address names."""


def rules_of(every: Iterable[Ruled]) -> dict[tuple[str, str], Rule]:
    """By method and template of the address."""
    return {(one.method, one.path): Rule(needs=one.needs, venues=one.venues) for one in every}


def rule_of(request: web.Request) -> Rule:
    """What is asked of this request. A route in no table: to read it any role, to change something an admin's."""
    resource = request.match_info.route.resource
    if resource is None:  # no such route: nothing can come of it
        return ANYBODY if request.path.startswith(MACHINES) else NOTHING
    template = resource.canonical
    if template in OPEN:
        return ANYBODY
    reads = request.method in {"GET", "HEAD", "OPTIONS"}
    method = "GET" if reads else request.method
    known = request.app[RULES].get((method, template))
    if (method, template) in OWN:
        return NOTHING
    return known or (READING if reads else CHANGING)


def may_act(request: web.Request, person: Person | None) -> bool:
    """Whether he may change what this address shows: what he may not is not put before him."""
    resource = request.match_info.route.resource
    known = request.app[RULES].get(("POST", resource.canonical)) if resource else None
    return bool(person and known and known.needs and person.may(known.needs))


def allow(request: web.Request, rule: Rule, person: Person) -> None:
    """Raises Problem where it is not for this person: by his role, or by whose venues it shows."""
    if rule.needs is not None and not person.may(rule.needs):
        raise Problem(
            ROLE, f"This needs the role {rule.needs}; {person.name} has the role {person.role}."
        )
    if person.venues is None or rule.venues == "own":
        return
    resource = request.match_info.route.resource
    if resource is None or not resource.canonical.startswith(OF_A_VENUE):
        raise Problem(
            ROLE,
            "This is about all venues, and needs somebody who may see them all;"
            f" {person.name} is limited to {', '.join(sorted(person.venues)) or 'none'}.",
        )
    if request.match_info["name"] not in person.venues:
        raise Problem(NOT_FOUND, "There is no venue of this name.")
