"""Stands beside the providers: what they told us, and what we did to their guests. It judges us by that alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.simulation.database import Decided, overlaps
from tests.simulation.provider import Entry, Provider
from tests.simulation.store import Store
from tests.simulation.tables import Row
from tests.simulation.watch import Violation

from holdfast.inventory.model import OCCUPYING, Absent, Seen, Span

ENDED = "no guest's booking is ended by us"
"""But by a decision about two different references, both of which were read after it was made, and stood."""
FREED = "no unit is freed under a guest"
"""While the booking stands at its provider; but where the provider itself told otherwise, more than once."""
READ = "what counts as read was read"
FOREIGN = "no call goes to another account's reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer about a reference. `span` None: it was not found."""

    read_at: datetime
    live: bool
    span: Span | None


@dataclass
class Witness:
    """`hosts`: the provider of each account that there ever is."""

    store: Store
    hosts: Mapping[int, Provider]
    found: list[Violation] = field(default_factory=list)
    told: dict[tuple[str, str], list[Told]] = field(default_factory=dict)

    def hears(self, provider: Provider, answers: Sequence[Seen | Absent]) -> None:
        """An answer arrived at one of our processes."""
        for answer in answers:
            seen = isinstance(answer, Seen)
            told = Told(
                read_at=answer.read_at,
                live=isinstance(answer, Seen) and answer.status in OCCUPYING,
                span=answer.span if isinstance(answer, Seen) and seen else None,
            )
            self.told.setdefault((provider.name, answer.external_id), []).append(told)

    def was_shown(self, provider: Provider, ref: str) -> bool:
        """Whether it was ever shown to us as live."""
        return any(one.live for one in self.told.get((provider.name, ref), ()))

    def sees_end(self, account: int, call: str, ref: str) -> None:
        """A release or a cancel of ours takes effect now."""
        provider = self.hosts[account]
        entry = provider.books.get(ref)
        if entry is None or (entry.by == "us" and entry.account != account):
            self._find(FOREIGN, f"account {account} calls to {call} {ref}")
        elif entry.by == "guest" and entry.live:
            why = self._unfounded(provider, ref)
            if why is not None:
                self._find(ENDED, f"{ref} at {provider.name}: {why}")

    def _find(self, name: str, what: str) -> None:
        if (name, what) not in self.found:
            self.found.append((name, what))

    def _unfounded(self, provider: Provider, ref: str) -> str | None:
        """Why no decision justifies that it ends; None: one does."""
        key = (provider.name, ref)
        decisions = [d for d in self.store.decided if key in self._names(d.cancels)]
        if not decisions:
            return "nobody decided it"
        reasons = [self._unjust(decision, key) for decision in decisions]
        return None if None in reasons else reasons[-1]

    def _unjust(self, decision: Decided, ends: tuple[str, str]) -> str | None:
        """Both sides were read after it, and stood: the one that ends, and each that stays."""
        stays = self._names(decision.sides) - self._names(decision.cancels)
        if not stays:
            return "it is the only side of its conflict"
        for provider, ref in sorted({ends} | stays):
            read = [t for t in self.told.get((provider, ref), ()) if t.read_at >= decision.at]
            if not read:
                return f"{ref} was not read after the decision"
            if not max(read, key=lambda t: t.read_at).live:
                return f"{ref} did not stand any more when it was read last"
        return None

    def _names(self, bookings: frozenset[int]) -> set[tuple[str, str]]:
        rows = (self.store.bookings.rows[number] for number in bookings if number)
        return {(self.hosts[row["account_id"]].name, row["external_id"]) for row in rows}

    def looks(self) -> Iterator[Violation]:
        """At what is about to be committed; what was found since is told with it."""
        yield from self.found
        self.found.clear()
        for row in self.store.allocations.changed:
            if row["id"] not in self.store.allocations.rows:
                yield from self._freed(row)
        for row in self.store.cursors.changed:
            if row["task"] == "bookings" and row["last_complete_at"] is not None:
                yield from self._unread(row["account_id"], row["last_complete_at"])

    def _unread(self, account: int, since: datetime) -> Iterator[Violation]:
        """What was so before a reading began that is said to be complete, was told to us after it came to be so."""
        provider = self.hosts[account]
        if provider.hides_its_end:
            return
        for entry in provider.live():
            changed = entry.changed_at or entry.made_at
            if entry.by == "us" or changed >= since or provider.is_hidden(entry):
                continue
            told = self.told.get((provider.name, entry.ref), ())
            if not any(changed <= one.read_at for one in told):
                yield READ, f"{entry.ref} at {provider.name}, all of which was read since {since}"

    def _freed(self, row: Row) -> Iterator[Violation]:
        """A grant is gone: does another take its place, does the booking sit elsewhere, or has it ended?"""
        booking = self.store.bookings.rows[row["booking_id"]]
        provider = self.hosts[booking["account_id"]]
        entry = provider.books.get(booking["external_id"])
        if entry is None or not entry.live or row["unit_id"] not in self.store.setup.units:
            return
        if any(self._takes_over(other, row) for other in self.store.allocations):
            return
        if any(c["booking_id"] == booking["id"] for c in self.store.open_conflicts()):
            return  # a person sees that it lost its unit to somebody
        if row["during"].lower >= entry.span.end or row["during"].upper <= entry.span.start:
            return
        if not self._was_told_otherwise(provider, entry):
            yield FREED, f"{entry.ref} stands at {provider.name}, unit {row['unit_id']} is free"

    def _takes_over(self, other: Row, freed: Row) -> bool:
        if other["booking_id"] == freed["booking_id"]:
            return True
        same = other["unit_id"] == freed["unit_id"]
        return bool(same and overlaps(other["during"], freed["during"]))

    def _was_told_otherwise(self, provider: Provider, entry: Entry) -> bool:
        """Once in words; that it is not there, more than once."""
        told = self.told.get((provider.name, entry.ref), ())
        words = (t for t in told if t.span is not None and (not t.live or t.span != entry.span))
        return next(words, None) is not None or sum(t.span is None for t in told) > 1
