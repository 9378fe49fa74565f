"""One HTTP exchange as values: what is asked, what came back, how it can fail. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Budget = Literal["read", "write", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request as a channel's protocol module builds it.

    `operation` names it in metrics and attempts (`fetch`, `hold`, `token` ...); `budget` says which of the
    account's rate budgets it is paid from. `headers` may hold secrets and are never logged.
    """

    operation: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    budget: Budget
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Sequence[tuple[str, str]] = ()
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, whatever its status. Header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class TransportError(Exception):
    """No usable answer. `sent` False: surely no byte of the request reached the provider.

    `status` is set when the answer's head arrived before it broke.
    """

    def __init__(self, message: str, *, sent: bool, status: int | None = None) -> None:
        super().__init__(message)
        self.sent = sent
        self.status = status


class BudgetSpent(TransportError):
    """The account's rate budget has nothing left for now; nothing was sent."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate budget spent for {retry_after:.1f} s", sent=False)
        self.retry_after = retry_after


class Transport(Protocol):
    """Sends one request."""

    async def send(self, request: Request) -> Reply:
        """The provider's answer. Raises TransportError, or BudgetSpent before anything was sent."""
        ...
