"""The provider's own books: who sits at which table when, and what is still free. No I/O."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import combinations
from typing import Literal

from holdfast.channels.mozrest.simulator.world import Area, Venue
from holdfast.inventory.model import Span

By = Literal["client", "guest", "other"]
OCCUPYING = frozenset({"held", "pending", "confirmed", "seated", "require_payment"})


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """A hold, a booking or a booking request. `tables` is empty for one that takes nothing (yet)."""

    id: str
    channel: str
    by: By
    venue: Venue
    area: Area
    party: int
    span: Span
    tables: tuple[str, ...]
    status: str
    made_at: datetime
    expires: datetime | None = None
    """When a hold lapses, or a payment must have been made."""
    booking_type: str | None = None
    contact: dict[str, object] = field(default_factory=dict)
    notes: str | None = None
    cancel_actor: str | None = None
    cancel_reason: str | None = None
    canceled_at: datetime | None = None
    committed_as: str | None = None
    changed_at: datetime | None = None
    before: "Entry | None" = None
    """How it was before the last change, for answers that lag behind."""

    @property
    def is_hold(self) -> bool:
        return self.status in ("held", "committed", "expired")

    def takes_at(self, now: datetime) -> bool:
        """Whether it keeps its tables from others."""
        if self.status not in OCCUPYING or not self.tables:
            return False
        return self.expires is None or now < self.expires

    @property
    def over_at(self) -> datetime | None:
        """When it ceased to keep its tables, as far as that is known; a hold that was committed lives on."""
        return self.expires if self.status in ("held", "expired") else self.canceled_at

    def remember(self, now: datetime) -> None:
        """Call before a change."""
        self.before = replace(self, before=None)
        self.changed_at = now

    @property
    def email(self) -> str:
        return str(self.contact.get("email", ""))


class Books:
    """Every entry, and every table's entries by day."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.former: list[Entry] = []
        """Those whose ids were given to others."""
        self._days: dict[tuple[str, int], list[Entry]] = defaultdict(list)
        self._ending: list[Entry] = []

    def add(self, entry: Entry) -> Entry:
        self.entries[entry.id] = entry
        if entry.expires is not None:
            self._ending.append(entry)
        self._index(entry)
        return entry

    def reseat(self, entry: Entry, area: Area, span: Span, tables: Sequence[str]) -> None:
        """Put an entry on other tables or at another time."""
        for bucket in self._buckets(entry):
            bucket.remove(entry)
        entry.area, entry.span, entry.tables = area, span, tuple(tables)
        self._index(entry)

    def seating(
        self, areas: Sequence[Area], party: int, asking: "Asking"
    ) -> Callable[[Span], tuple[str, ...] | None]:
        """What says which tables a new party would get at a time, the tightest fit first; None for no tables.

        `areas` begins with the one asked for; more of them share their tables.
        """
        venue, area = asking.venue, areas[0]
        least, most = area.covers
        if not least <= party <= most:
            return lambda span: None
        keys = {key_of(venue, one, t.id): t for one in areas for t in one.tables}
        if area.takes == "all":
            return partial(self._all, tuple(keys), asking)
        fitting = [key for key, table in keys.items() if table.least <= party <= table.seats]
        return partial(self._first, sorted(fitting, key=lambda key: keys[key].seats), asking)

    def _all(self, keys: tuple[str, ...], asking: "Asking", span: Span) -> tuple[str, ...] | None:
        return None if any(self._is_taken(key, span, asking) for key in keys) else keys

    def _first(self, keys: Sequence[str], asking: "Asking", span: Span) -> tuple[str, ...] | None:
        return next(((key,) for key in keys if not self._is_taken(key, span, asking)), None)

    def ended(self, now: datetime) -> list[Entry]:
        """Entries whose time is over since this was last asked."""
        over = [e for e in self._ending if e.expires is not None and e.expires <= now]
        self._ending = [entry for entry in self._ending if entry not in over]
        return over

    def taken_twice(self, now: datetime) -> int:
        """How many pairs of entries overlap at one table now."""
        pairs = {
            (one.id, other.id)
            for bucket in self._days.values()
            for one, other in combinations([e for e in bucket if e.takes_at(now)], 2)
            if one.span.overlaps(other.span)
        }
        return len(pairs)

    def _is_taken(self, key: str, span: Span, asking: "Asking") -> bool:
        return any(
            entry.span.overlaps(span) and entry.takes_at(asking.now) and entry is not asking.besides
            for day in _days(span)
            for entry in self._days.get((key, day), ())
        )

    def _index(self, entry: Entry) -> None:
        for bucket in self._buckets(entry):
            bucket.append(entry)

    def _buckets(self, entry: Entry) -> Iterator[list[Entry]]:
        for key in entry.tables:
            for day in _days(entry.span):
                yield self._days[key, day]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Where, when, and besides which entry free tables are looked for."""

    venue: Venue
    now: datetime
    besides: Entry | None = None


def key_of(venue: Venue, area: Area, table: str) -> str:
    return f"{venue.place(area)}/{table}"


def _days(span: Span) -> range:
    return range(span.start.toordinal(), span.end.toordinal() + 1)
