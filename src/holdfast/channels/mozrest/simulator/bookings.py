"""Which bookings the simulated API shows to whom, in which order, page by page. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Generic, TypeVar

from holdfast.channels.mozrest.simulator.books import Entry
from holdfast.channels.mozrest.simulator.desk import Caller
from holdfast.channels.mozrest.simulator.state import No, State

Row = TypeVar("Row")
LARGEST, USUAL = 50, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    total: int
    rows: Sequence[Row]


class Bookings:
    """Reads of bookings."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lists = 0

    def one(self, caller: Caller, booking_id: str) -> Entry:
        """Raises No for an id that is no booking, or another channel's."""
        entry = self._state.books.entries.get(booking_id)
        if entry is None or entry.is_hold or not self._is_visible(caller, entry):
            raise No(404, "no such booking")
        self._state.venue(entry.venue.id)
        return entry

    def as_shown(self, entry: Entry) -> Entry | None:
        """How reads see it now: a change may show only after a while, a new booking not at all."""
        lag = timedelta(seconds=self._state.number("read_lag") or 0)
        if entry.changed_at is None or self._state.now >= entry.changed_at + lag:
            return entry
        return entry.before

    def listed(self, caller: Caller, query: Mapping[str, str]) -> list[Entry]:
        """Raises No unless at least one of email, venueId and date is given."""
        if not {"email", "venueId", "date"} & query.keys():
            raise No(400, "one of email, venueId and date is needed")
        if "venueId" in query:
            self._state.venue(query["venueId"])
        visible = (
            self.as_shown(entry)
            for entry in self._state.books.entries.values()
            if not entry.is_hold and self._is_visible(caller, entry)
        )
        day = _day(query["date"]) if "date" in query else None
        found = [e for e in visible if e is not None and self._matches(e, query, day)]
        return self._ordered(found)

    def page(self, rows: Sequence[Row], query: Mapping[str, str]) -> Page[Row]:
        """One page of them. Raises No for an offset or limit out of bounds."""
        offset, limit = _bound(query, "offset", 0, None), _bound(query, "limit", USUAL, LARGEST)
        if limit == 0 and self._state.says("limit_zero", "400"):
            raise No(400, "limit: at least 1")
        if limit == 0 and self._state.says("limit_zero", "default"):
            limit = USUAL
        return Page(total=len(rows), rows=rows[offset : offset + limit])

    def _is_visible(self, caller: Caller, entry: Entry) -> bool:
        return entry.channel == caller.channel or self._state.says("other_channels_visible", "yes")

    def _matches(self, entry: Entry, query: Mapping[str, str], day: date | None) -> bool:
        if "email" in query and entry.email.casefold() != query["email"].casefold():
            return False
        if "venueId" in query and entry.venue.id != query["venueId"]:
            return False
        zone = entry.venue.zone if self._state.says("list_day_zone", "venue") else UTC
        return day is None or entry.span.start.astimezone(zone).date() == day

    def _ordered(self, found: list[Entry]) -> list[Entry]:
        self._lists += 1
        order = self._state.switches["list_order"]
        if order == "by_date":
            return sorted(found, key=lambda entry: (entry.span.start, entry.id))
        rows = sorted(found, key=lambda entry: entry.id[::-1])
        if order == "random":
            self._state.bench.random.shuffle(rows)
        if order == "moving" and rows:
            turn = self._lists % len(rows)
            rows = rows[turn:] + rows[:turn]
        return rows


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise No(400, "date: expected YYYY-MM-DD") from error


def _bound(query: Mapping[str, str], name: str, usual: int, largest: int | None) -> int:
    text = query.get(name, str(usual))
    if not text.isdecimal() or (largest is not None and int(text) > largest):
        raise No(400, f"{name} is out of bounds")
    return int(text)
