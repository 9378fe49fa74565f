"""What the store may never hold, looked for at every commit: each look costs what the commit changed, not what there is."""

import json
from collections.abc import Iterator

from tests.simulation.database import FLYING, VENUE, overlaps
from tests.simulation.store import Store
from tests.simulation.tables import Row

from holdfast.inventory.model import OCCUPYING
from holdfast.inventory.rebuild import TABLES, Image, Table
from holdfast.store.changes import image_of, key_of
from holdfast.store.journal import AFTER, link

Violation = tuple[str, str]
"""The checker's name, and what it found."""

REPLAY = "the journal tells what is"


class Watch:
    """Has seen everything up to the last commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[int, Row] = {}
        """By booking, how it was at the last commit."""
        self._told = self._settled = self._paused = 0
        """So many entries of the store's lists were looked at."""
        self._seq, self._hash = 0, b""
        """The end of the journal."""
        self._refs: dict[tuple[int, str], int] = {}
        self._told_of: dict[tuple[Table, str], Image | None] = {}
        """The rows as the journal has them."""

    def look(self) -> Iterator[Violation]:
        """What is wrong with the change that is about to be committed."""
        yield from self._grants()
        yield from self._histories()
        yield from self._chain()
        yield from self._replay()
        yield from self._references()
        store = self._store
        for push, state in store.settled[self._settled :]:
            if state not in FLYING:
                yield "who lost the lease settles nothing", f"push {push} was {state}"
        for what in store.taken_while_paused[self._paused :]:
            yield "what is paused waits", what
        self._settled, self._paused = len(store.settled), len(store.taken_while_paused)

    def _grants(self) -> Iterator[Violation]:
        there = self._store.allocations.rows
        for one in self._store.allocations.changed:
            if there.get(one["id"]) is not one:
                continue
            for other in there.values():
                same = other is not one and one["unit_id"] == other["unit_id"]
                if same and overlaps(one["during"], other["during"]):
                    first, second = sorted((one["booking_id"], other["booking_id"]))
                    yield "no double grant", f"bookings {first} and {second}"

    def _histories(self) -> Iterator[Violation]:
        """Each booking's versions rise by one, and no read that is older than the applied one comes after it."""
        for _, row in self._store.history[self._told :]:
            before = self._last.get(row["id"])
            self._last[row["id"]] = row
            if before is None:
                continue
            ref = row["external_id"]
            if row["version"] != before["version"] + 1 or row["read_at"] < before["read_at"]:
                yield "versions never go back", f"{ref} after version {before['version']}"
            if before["status"] not in OCCUPYING and row["status"] in OCCUPYING:
                yield "the dead stay dead", f"{ref} {before['status']} -> {row['status']}"
        self._told = len(self._store.history)

    def _chain(self) -> Iterator[Violation]:
        """By the same rule as `journal.broken_at`."""
        for row in self._store.journal.changed:
            if row["seq"] != self._seq + 1 or row["hash"] != link(self._hash, row):
                yield "the journal is whole", f"broken at {row['seq']}"
            self._seq, self._hash = row["seq"], row["hash"]
        if self._store.venues.rows[VENUE]["journal_hash"] != self._hash:
            yield "the journal is whole", "its end is cut off"

    def _replay(self) -> Iterator[Violation]:
        """Every row that was written is in the journal as it is now; what maps to no venue has no journal."""
        for entry in self._store.journal.changed:
            for table, images in json.loads(entry["data"]).get(AFTER, {}).items():
                self._told_of |= {(table, key): image for key, image in images.items()}
        for table in TABLES:
            for key, now in self._written(table).items():
                told = self._told_of.get((table, key))
                if told != now:
                    yield REPLAY, f"{table} {key} is {now}, told is {told}"

    def _written(self, table: Table) -> dict[str, Image | None]:
        """What was written since the last commit, as it is now; a grant may be given back and given again."""
        rows = getattr(self._store, table)
        now: dict[str, Image | None] = {}
        for row in rows.changed:
            if row.get("venue_id") is None:
                continue
            if rows.rows.get(row["id"]) is row:
                now[key_of(table, row)] = image_of(table, row)
            else:
                now.setdefault(key_of(table, row), None)
        return now

    def _references(self) -> Iterator[Violation]:
        for row in self._store.bookings.changed:
            ref = (row["account_id"], row["external_id"])
            if self._refs.setdefault(ref, row["id"]) != row["id"]:
                yield "one booking a reference", f"{ref} is in the store twice"
