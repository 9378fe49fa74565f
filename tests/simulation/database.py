"""The simulated database: tables, what is configured, and the questions that many queries ask."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from asyncpg import Range
from tests.simulation.tables import Log, Row, Table, UniqueViolation

from holdfast.inventory.known import Outlet, Unit
from holdfast.inventory.model import OCCUPYING

LEASE = timedelta(seconds=30)
FLYING = ("in_flight", "unknown")
RESTING = ("waiting", "shadow")
VENUE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What is configured: the venue's units and the listings that sell them, by id, and the accounts in service.

    `former` are listings out of service; `channels` and `names` are those of accounts.
    """

    units: Mapping[int, Unit]
    outlets: Mapping[int, Outlet]
    channels: Mapping[int, str]
    names: Mapping[int, str]
    former: Mapping[int, Outlet] = field(default_factory=dict)
    leaving: Mapping[int, str] = field(default_factory=dict)
    """Channels of accounts that are out of service, and stay connected until nothing of them is left."""
    conflicts: Literal["propose", "auto"] = "propose"
    horizon_days: int = 1
    poll_seconds: int = 20

    @property
    def ever(self) -> Mapping[int, Outlet]:
        """Every listing that there was."""
        return {**self.former, **self.outlets}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision as it was made, by ids of bookings: for the checkers, whatever becomes of its row."""

    at: datetime
    act: str
    sides: frozenset[int]
    cancels: frozenset[int]


@dataclass(slots=True)
class Locks:
    """By which workers show that they live."""

    taken: int = 0
    free: set[int] = field(default_factory=set)
    """Those that nobody holds any more, and whom nobody has taken over from."""

    def new(self) -> int:
        """A worker's, held from now on."""
        self.taken += 1
        return self.taken


def overlaps(one: Range, other: Range) -> bool:
    return bool(one.lower < other.upper and other.lower < one.upper)


class Database:
    """Its constraints refuse what the schema's would. `broken` names what was taken out of it on purpose."""

    def __init__(
        self, setup: Setup, now: Callable[[], datetime], broken: Collection[str] = ()
    ) -> None:
        self.setup, self.now, self.broken = setup, now, broken
        self.tell: Callable[[str], None] = lambda _: None
        """Hears what a person would want to know."""
        self.log = log = Log()
        self.inbox, self.bookings, self.blocks = Table(log), Table(log), Table(log)
        self.pushes, self.attempts, self.allocations = Table(log), Table(log), Table(log)
        self.offers, self.conflicts, self.journal = Table(log), Table(log), Table(log)
        self.cursors, self.probes, self.venues = Table(log), Table(log), Table(log)
        self.breakers, self.readings, self.pass_rows = Table(log), Table(log), Table(log)
        self.listed, self.looks, self.absences = Table(log), Table(log), Table(log)
        self.paused: dict[tuple[int, str], datetime] = {}
        """Since when a person holds an account's intake or pushes back."""
        self.resumed: dict[int, datetime] = {}
        """When the last pause of an account's pushes ended."""
        self.left: set[tuple[str, int]] = set()
        """Listings and accounts of which nothing is left."""
        self.venues.insert(journal_seq=0, journal_hash=b"", configured_at=now())
        self.history: list[tuple[datetime, Row]] = []
        """Every booking as it was after each write, for the checkers."""
        self.decided: list[Decided] = []
        """Every decision about a conflict as it was made, for the checkers."""
        self.settled: list[tuple[int, str]] = []
        """Every push that was settled, with the state that it was in before."""
        self.counts: Counter[int] = Counter()
        """How often each booking was told of as live, less how often it was not: for a broken variant."""

    @cached_property
    def locks(self) -> Locks:
        return Locks()

    @cached_property
    def taken_while_paused(self) -> list[str]:
        """For the checkers: what was taken although a person held it back."""
        return []

    def on_conflict(self) -> None:
        """A constraint refuses, and the statement says what then; unless its `on conflict` is gone."""
        if "no on conflict" in self.broken:
            raise UniqueViolation("duplicate key value violates unique constraint")

    def free_to_claim(self, row: Row) -> bool:
        if "no leases" in self.broken:
            return True
        return row["lease_until"] is None or row["lease_until"] < self.now()

    def may_take(self, account: int | None, direction: str) -> bool:
        return "no pauses" in self.broken or (account, direction) not in self.paused

    def took(self, account: int, direction: str, what: str) -> None:
        """For the checkers, whatever the query believed."""
        if (account, direction) in self.paused:
            self.taken_while_paused.append(f"{what} of account {account}")

    def is_shut(self, account: int | None, direction: str, now: datetime) -> bool:
        """Whether nothing of it may go now."""
        found = self.breaker(account, direction)
        return found is not None and found["retry_at"] is not None and found["retry_at"] > now

    def in_doubt(self, account: int) -> bool:
        """Whether a call of it went unanswered since the last answer."""
        mine = (b for b in self.breakers if b["account_id"] == account)
        return any(b["failures"] or b["opened_at"] for b in mine)

    def breaker(self, account: int | None, direction: str) -> Row | None:
        key = (account, direction)
        return next((b for b in self.breakers if (b["account_id"], b["direction"]) == key), None)

    def account_of(self, listing_id: int) -> int:
        return self.setup.ever[listing_id].account_id

    def pushes_of(self, block_id: int | None, booking_id: int | None = None) -> Iterator[Row]:
        return (
            p
            for p in self.pushes.rows.values()
            if p["block_id"] == block_id and p["booking_id"] == booking_id
        )

    def flies(self, block_id: int) -> bool:
        return any(p["state"] in FLYING for p in self.pushes_of(block_id))

    def block(self, row: Row) -> Row:
        return {**row, "flying": self.flies(row["id"])}

    def live_blocks(self) -> Iterator[Row]:
        return (b for b in self.blocks if b["closed_at"] is None)

    def occupying(self) -> Iterator[Row]:
        if "counting" in self.broken:
            counted = (b for b in self.bookings if self.counts[b["id"]] > 0)
            return ({**b, "status": "confirmed"} for b in counted)
        return (b for b in self.bookings if b["status"] in OCCUPYING)

    def booking_changed(self, row: Row) -> None:
        self.history.append((self.now(), dict(row)))
        self.log.note(self.history.pop)
        number, step = row["id"], 1 if row["status"] in OCCUPYING else -1
        self.counts[number] += step
        self.log.note(lambda: self.counts.subtract({number: step}))


def named(rows: Sequence[Row], *names: str) -> list[Row]:
    return [{name: row[name] for name in names} for row in rows]


def columns(*several: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """What `unnest` makes of arrays."""
    return zip(*several, strict=True)
