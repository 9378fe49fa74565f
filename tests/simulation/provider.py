"""Simulated providers: their books, in memory, by the rules of `shared/channels`; and webhooks on their way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from tests.simulation.loop import SeededLoop
from tests.simulation.process import Story

from holdfast.channel import Capabilities, Stretch
from holdfast.inventory.model import Span, Status

By = Literal["guest", "us"]
Change = Literal["created", "updated", "cancelled"]

LIVE = ("held", "confirmed")


class No(Exception):
    """The provider refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a provider differs from others."""

    name: str
    capabilities: Capabilities
    commit_renames: bool
    """Whether a booking gets another id than the hold it was made of."""
    numbers_deliveries: bool
    forgets_lapsed: bool
    """Whether a hold that lapsed is gone rather than shown as expired."""


NORTH = Rules(
    name="north",
    capabilities=Capabilities(
        hold_seconds=40.0,
        releases_holds=True,
        reads_holds=True,
        moves=False,
        announces=frozenset({"created", "updated", "cancelled"}),
        stretch=Stretch(days=30, reads=1),
    ),
    commit_renames=False,
    numbers_deliveries=True,
    forgets_lapsed=False,
)
"""As Boseat: holds are shown and can be given back, everything is announced."""

SOUTH = Rules(
    name="south",
    capabilities=Capabilities(
        hold_seconds=25.0,
        releases_holds=False,
        reads_holds=False,
        moves=True,
        announces=frozenset({"updated", "cancelled"}),
        stretch=Stretch(days=1, reads=1),
    ),
    commit_renames=True,
    numbers_deliveries=False,
    forgets_lapsed=True,
)
"""As Mozrest: holds are hidden and lapse, a booking has an id of its own, nothing tells of new ones."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """A hold or a booking in the provider's books."""

    ref: str
    span: Span
    by: By
    made_at: datetime
    status: Status
    expires: datetime | None = None
    marker: str | None = None
    account: int | None = None
    """Of ours, which account placed it."""
    changed_at: datetime | None = None
    became: str | None = None
    """The booking that was made of this hold."""

    @property
    def live(self) -> bool:
        return self.status in LIVE


@dataclass(slots=True)
class Provider:
    """One listing at one provider."""

    rules: Rules
    slots: Sequence[Span]
    capacity: int
    loop: SeededLoop
    random: Random
    story: Story
    announce: Callable[["Provider", Entry, Change], None]
    books: dict[str, Entry] = field(default_factory=dict)
    ahead: timedelta = timedelta(0)
    """How wrong its clock is."""
    away: bool = False
    """Whoever calls gets no answer."""
    mute: bool = False
    """Its webhooks are lost."""
    calls_while_away: int = 0
    overlooked: set[str] = field(default_factory=set)
    """Live bookings that it once did not find."""
    hides_its_end: bool = False
    """Its list may end early and not say so."""
    lags: bool = False
    """What it answers by id may be older than what it did."""
    _shown_until: dict[str, datetime] = field(default_factory=dict)
    _past: dict[str, list[tuple[datetime, Entry]]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    """Markers of which two live blocks stood at one time."""

    @property
    def name(self) -> str:
        return self.rules.name

    def now(self) -> datetime:
        return self.loop.now()

    def live(self) -> Iterator[Entry]:
        return (entry for entry in self.books.values() if entry.live)

    def on_sale(self) -> list[Span]:
        taken = [entry.span for entry in self.live()]
        return [s for s in self.slots if sum(s.overlaps(t) for t in taken) < self.capacity]

    def showed(self, ref: str) -> None:
        """It was shown as it is: nothing older is shown from now on."""
        self._shown_until[ref] = self.now()

    def as_it_was(self, ref: str, at: datetime) -> Entry | None:
        """What it would have shown then; but what it showed later it does not take back."""
        past = self._past.get(ref, [])
        at = self._shown_until[ref] = max(at, self._shown_until.get(ref, at))
        shown = [entry for since, entry in past if since <= at]
        return shown[-1] if shown else None

    def take(
        self, span: Span, by: By, marker: str | None = None, account: int | None = None
    ) -> Entry:
        """An unconfirmed hold. Raises No."""
        if span not in self.on_sale():
            raise No("taken")
        seconds = self.rules.capabilities.hold_seconds or 0.0
        entry = Entry(
            ref=f"{self.name[0]}{len(self.books) + 1}",
            span=span,
            by=by,
            made_at=self.now() + self.ahead,
            status="held",
            expires=self.now() + timedelta(seconds=seconds),
            marker=marker,
            account=account,
        )
        self.books[entry.ref] = entry
        self.loop.call_later(seconds, self._lapse, entry)
        self._count(entry)
        self._tell(entry, "holds", "created")
        return entry

    def confirm(self, ref: str) -> Entry:
        """A booking of the hold. Raises No when there is none (any more)."""
        entry = self.books.get(ref)
        if entry is None or entry.status not in LIVE:
            raise No("gone")
        if entry.status == "confirmed":
            return entry
        booking = entry
        if self.rules.commit_renames:
            booking = Entry(
                ref=f"{self.name[0].upper()}{len(self.books) + 1}",
                span=entry.span,
                by=entry.by,
                made_at=self.now() + self.ahead,
                status="confirmed",
                marker=entry.marker,
                account=entry.account,
            )
            entry.status, entry.became = "expired", booking.ref
            self.books[booking.ref] = booking
        booking.status, booking.expires = "confirmed", None
        self._count(booking)
        self._tell(booking, "confirms", "updated" if booking is entry else "created")
        return booking

    def cancel(self, ref: str) -> None:
        """Already over counts as done."""
        entry = self.books.get(ref)
        if entry is not None and entry.live:
            entry.status = "cancelled"
            self._tell(entry, "cancels", "cancelled")

    def move(self, ref: str, span: Span) -> None:
        """Raises No."""
        entry = self.books[ref]
        others = [e.span for e in self.live() if e is not entry]
        free = span in self.slots and sum(span.overlaps(o) for o in others) < self.capacity
        if entry.status != "confirmed" or not free:
            raise No("cannot be moved")
        entry.span = span
        self._tell(entry, "moves", "updated")

    def _count(self, entry: Entry) -> None:
        """A hold that nobody can read nor give back may be placed again: it lapses, and is never confirmed."""
        same = [e for e in self.live() if e.marker == entry.marker and not self.is_hidden(e)]
        if entry.marker is not None and len(same) > 1:
            self.twice.append(entry.marker)

    def is_hidden(self, entry: Entry) -> bool:
        """Whether its API does not show it."""
        if entry.became is not None or (entry.status == "expired" and self.rules.forgets_lapsed):
            return True
        return entry.status == "held" and not self.rules.capabilities.reads_holds

    def _lapse(self, entry: Entry) -> None:
        if entry.status == "held":
            entry.status = "expired"
            self._tell(entry, "lapses", "updated")

    def touch(self, ref: str) -> None:
        """Something about a booking changes that is of no concern to us, and is told all the same."""
        self._tell(self.books[ref], "touches", "updated")

    def _tell(self, entry: Entry, act: str, change: Change) -> None:
        entry.changed_at = self.now()
        if self.lags:
            self._past.setdefault(entry.ref, []).append((self.now(), replace(entry)))
        whose = "our block" if entry.by == "us" else "a guest"
        at = f"{entry.span.start:%H:%M}-{entry.span.end:%H:%M}"
        self.story.tell(self.name, f"{act} {entry.ref} at {at} ({whose})")
        announced = change in self.rules.capabilities.announces and not self.mute
        if announced and not self.is_hidden(entry):
            self.announce(self, entry, change)
