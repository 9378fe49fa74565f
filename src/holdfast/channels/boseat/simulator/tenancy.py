"""The workspaces, each with its books, budget, subscriptions and tokens; nothing leaks from one to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from holdfast.channels.boseat.simulator.announcer import Announcer
from holdfast.channels.boseat.simulator.books import Books
from holdfast.channels.boseat.simulator.budget import Budget
from holdfast.channels.boseat.simulator.records import ApiError, Booking
from holdfast.channels.boseat.simulator.world import WorkspaceSpec, World
from holdfast.simulation.control import Bench


@dataclass(slots=True, kw_only=True)
class Workspace:
    """One customer of the provider."""

    spec: WorkspaceSpec
    books: Books
    announcer: Announcer
    budget: Budget = field(default_factory=Budget)
    replies: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Idempotency key to the request's body and the booking it made."""

    def limit(self, kind: str, switches: Mapping[str, str]) -> int:
        """Calls in a minute: `reads` or `writes`."""
        reads, writes = self.spec.reads_per_minute, self.spec.writes_per_minute
        own = reads if kind == "reads" else writes
        return int(switches[f"{kind}_per_minute"]) if own is None else own


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a token allows, and until when."""

    workspace: Workspace
    scopes: frozenset[str]
    expires_at: datetime
    seconds: int
    """Its life."""


class Tenancy:
    """Finds a workspace by its credentials, a token, or one of its ids."""

    def __init__(self, world: World, bench: Bench, switches: Mapping[str, str]) -> None:
        self._bench = bench
        self._switches = switches
        self._grants: dict[str, Grant] = {}
        self.workspaces = [self._opened(spec) for spec in world.workspaces]
        self._secrets = [[spec.client_secret] for spec in world.workspaces]

    def _opened(self, spec: WorkspaceSpec) -> Workspace:
        bench = self._bench
        announcer = Announcer(bench.courier, bench.clock.now, self._switches)
        books = Books(spec, self._switches, bench.clock.now, bench.random, announcer.announce)
        return Workspace(spec=spec, books=books, announcer=announcer)

    def grant(self, client_id: str, client_secret: str, scope: str) -> tuple[str, Grant]:
        """A new token; whether older ones stay valid is a switch. Raises ApiError 401 or 400."""
        workspace = next(
            (
                one
                for one, secrets in zip(self.workspaces, self._secrets, strict=True)
                if one.spec.client_id == client_id and client_secret in secrets
            ),
            None,
        )
        if workspace is None:
            raise ApiError(401, "invalid_client", "unknown client")
        allowed = frozenset(workspace.spec.scope.split())
        scopes = allowed & frozenset(scope.split()) if scope else allowed
        if not scopes:
            raise ApiError(400, "invalid_scope", "none of these scopes can be granted")
        seconds = int(self._switches["expires_in"])
        expires_at = self._bench.clock.now() + timedelta(seconds=seconds)
        made = Grant(workspace=workspace, scopes=scopes, expires_at=expires_at, seconds=seconds)
        if self._switches["live_tokens"] == "one":
            self._grants = {t: g for t, g in self._grants.items() if g.workspace is not workspace}
        token = f"tok.{self._bench.random.getrandbits(128):032x}.sim"
        self._grants[token] = made
        return token, made

    def granted(self, authorization: str | None) -> Grant:
        """What the header's token allows. Raises ApiError 401."""
        kind, _, token = (authorization or "").partition(" ")
        grant = self._grants.get(token) if kind == "Bearer" else None
        if grant is None or grant.expires_at <= self._bench.clock.now():
            raise ApiError(401, "UNAUTHORIZED", "missing, expired or revoked token")
        return grant

    def accept(self, secrets: Sequence[str]) -> None:
        """The first workspace's client secrets from now on; tokens end with the secret that one of them had."""
        gone = set(self._secrets[0]) - set(secrets)
        self._secrets[0] = list(secrets)
        if gone:
            self.revoke_all()

    def revoke_all(self) -> int:
        """Make every token invalid at once; returns how many."""
        count = len(self._grants)
        self._grants.clear()
        return count

    def with_space(self, space_id: str) -> Workspace:
        """The workspace that has this space. Raises ApiError 404."""
        for workspace in self.workspaces:
            if any(space.id == space_id.lower() for space in workspace.spec.spaces()):
                return workspace
        raise ApiError(404, "NOT_FOUND", "space not found")

    def with_booking(self, booking_id: str) -> tuple[Workspace, Booking]:
        """A booking, lapsed or not, and its workspace. Raises ApiError 404."""
        for workspace in self.workspaces:
            if (record := workspace.books.record(booking_id)) is not None:
                return workspace, record
        raise ApiError(404, "NOT_FOUND", "booking not found")
