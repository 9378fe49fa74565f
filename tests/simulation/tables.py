"""Tables in memory, with an undo log: enough of a database for transactions that are rolled back."""

from collections.abc import Callable, Iterator
from typing import Any

Row = dict[str, Any]


class UniqueViolation(Exception):
    """A constraint refused a row, and the statement had nothing to say about that."""


class Log:
    """What was changed since a transaction began, newest last."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []
        self.changed: dict[int, list[Row]] = {}
        """Rows that were inserted, updated or deleted, by the number of their table; a row may be there twice."""

    def note(self, undo: Callable[[], object]) -> None:
        self._undo.append(undo)

    def commit(self) -> None:
        self._undo.clear()
        self.changed.clear()

    def rollback(self) -> None:
        while self._undo:
            self._undo.pop()()
        self.changed.clear()


class Table:
    """Rows by their id."""

    def __init__(self, log: Log) -> None:
        self.rows: dict[int, Row] = {}
        self._log = log
        self._next = 1

    @property
    def changed(self) -> list[Row]:
        """Rows of it that were inserted, updated or deleted since the last commit."""
        return self._log.changed.get(id(self), [])

    def _note(self, row: Row, undo: Callable[[], object]) -> None:
        self._log.note(undo)
        self._log.changed.setdefault(id(self), []).append(row)

    def __iter__(self) -> Iterator[Row]:
        return iter(list(self.rows.values()))

    def insert(self, **row: Any) -> Row:
        """Add a row; its id is new, and never used again."""
        number, self._next = self._next, self._next + 1
        row["id"] = number
        self.rows[number] = row
        self._note(row, lambda: self.rows.pop(number))
        return row

    def update(self, row: Row, **changes: Any) -> Row:
        before = {name: row[name] for name in changes}
        row.update(changes)
        self._note(row, lambda: row.update(before))
        return row

    def delete(self, row: Row) -> None:
        number = row["id"]
        del self.rows[number]

        def undo() -> None:
            self.rows[number] = row

        self._note(row, undo)
