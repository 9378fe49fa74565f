"""Pages of lists in every documented envelope, and when a list was read completely. No I/O.

https://docs.boseat.com/guides/pagination and https://docs.boseat.com/api-reference/bookings/list-all-bookings
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from holdfast.channel import Strange
from holdfast.channels.boseat.protocol.failures import RAW_CHARACTERS, json_of, unreadable
from holdfast.channels.boseat.translate import Gist, is_lost
from holdfast.channels.boseat.wire import Booking
from holdfast.exchange import Reply, Request
from holdfast.lenient import read
from holdfast.told import fields_of, id_in, whole

Row = TypeVar("Row", bound=BaseModel)

PAGE_ROWS = 100
"""The most that a page may hold."""
MAX_PAGES = 200
"""Of one list: a list that claims to go on beyond this is endless."""
TRUTH = {"true": True, "1": True, "false": False, "0": False}
"""Whether there is a next page, in any notation of it."""
MAX_ROUNDS = 3
"""How often a list is read again because it changed while it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage(Generic[Row]):
    """One page. `last` is what its envelope says; `total` counts the rows of all pages, where told."""

    rows: tuple[Row, ...]
    unreadable: int
    last: bool
    total: int | None
    strange: tuple[Strange, ...] = ()
    """Those that could not be read."""


def read_page(
    row: type[Row], request: Request, reply: Reply, *, page: int, limit: int = PAGE_ROWS
) -> ListPage[Row]:
    """One page of a list. Raises Broken when it is no list; single bad rows are only counted."""
    envelope = json_of(request, reply)
    items = envelope.get("data") if isinstance(envelope, Mapping) else envelope
    if not isinstance(items, list):
        raise unreadable(request, reply)
    flat = _flattened(items)
    read = [_row(row, item) for item in flat]
    strange = tuple(one for one in read if isinstance(one, Strange))
    about = _about(envelope)
    return ListPage(
        rows=tuple(one for one in read if not isinstance(one, Strange)),
        unreadable=len(strange),
        strange=strange,
        last=_is_last(about, page=page, limit=limit, count=len(flat)),
        total=_number(about, "totalItems", "total"),
    )


def _flattened(items: Sequence[object]) -> list[object]:
    """`data` is documented as an array of arrays; one level is unwrapped."""
    flat: list[object] = []
    for item in items:
        flat.extend(item if isinstance(item, list) else [item])
    return flat


def _row(model: type[Row], item: object) -> Row | Strange:
    try:
        found = read(model, item)
    except ValidationError as error:
        fields = fields_of(each["loc"] for each in error.errors())
    else:
        if not (isinstance(found, Booking) and is_lost(found)):
            return found
        fields = ", ".join(sorted({*found.unread, "slot"}))
    return Strange(ref=id_in(item), raw=json.dumps(item)[:RAW_CHARACTERS], fields=fields)


def _about(envelope: object) -> dict[str, Any]:
    """What the envelope says of the list, whether on top or below `meta`, `links`."""
    if not isinstance(envelope, Mapping):
        return {}
    nested = (envelope.get(key) for key in ("links", "meta"))
    about = dict(envelope)
    for part in nested:
        about |= part if isinstance(part, Mapping) else {}
    return about


def _is_last(about: Mapping[str, Any], *, page: int, limit: int, count: int) -> bool:
    more = TRUTH.get(str(about.get("hasNextPage")).lower())
    if more is not None:
        return not more
    if (pages := _number(about, "totalPages")) is not None:
        return page >= pages
    if "next" in about:
        return not about["next"]
    if (total := _number(about, "totalItems", "total")) is not None:
        return page * (_number(about, "limit") or limit) >= total
    return count < limit


def _number(about: Mapping[str, Any], *names: str) -> int | None:
    values = (whole(about.get(name)) for name in names)
    return next((value for value in values if value is not None and value >= 0), None)


@dataclass(slots=True)
class Reading:
    """A list of bookings while it is read: which page comes next, and in the end whether it was whole.

    Pages shift as rows come and go, so a row can be skipped or come twice. A list of several pages is whole
    when its total stayed the same and as many rows were seen, or, without totals, when two readings agree;
    else it is read again, a few times at most.
    """

    page: int | None = 1
    """The page to ask for next; None: done."""
    whole: bool = False
    rows: dict[str, Gist] = field(default_factory=dict)
    """By id, as last seen."""
    strange: list[Strange] = field(default_factory=list)
    """What could not be read so far."""
    _ids: set[str] = field(default_factory=set)
    _totals: set[int | None] = field(default_factory=set)
    _pages: int = 0
    _rounds: int = 0
    _previous: set[str] | None = None
    _flawed: bool = False

    def take(self, page: ListPage[Booking]) -> list[Booking]:
        """Those of its rows that are new, or tell anything else than before."""
        gists = [Gist.of(row) for row in page.rows]
        pairs = zip(page.rows, gists, strict=True)
        fresh = [row for row, gist in pairs if self.rows.get(row.id) != gist]
        self.rows.update((gist.id, gist) for gist in gists)
        known = len(self._ids)
        self._ids.update(gist.id for gist in gists)
        nothing_new = len(self._ids) == known
        self._totals.add(page.total)
        self._pages += 1
        self._flawed |= page.unreadable > 0
        self.strange += page.strange
        self._advance(page, nothing_new=nothing_new)
        return fresh

    def _advance(self, page: ListPage[Booking], *, nothing_new: bool) -> None:
        """A page that brings nothing new and is not the last ends the list: it would go on for ever."""
        endless = self._pages >= MAX_PAGES or (nothing_new and not page.last)
        self._flawed |= endless
        if page.last or endless:
            self._end_round()
        else:
            self.page = self._pages + 1

    def _end_round(self) -> None:
        self._rounds += 1
        self.whole = not self._flawed and self._agreed()
        if self.whole or self._flawed or self._rounds >= MAX_ROUNDS:
            self.page = None
            return
        self._previous, self._ids = self._ids, set()
        self._totals, self._pages, self.page = set(), 0, 1

    def _agreed(self) -> bool:
        total = next(iter(self._totals))
        if len(self._totals) > 1:
            return False
        if total is not None:
            return len(self._ids) >= total
        return self._pages == 1 or self._ids == self._previous
