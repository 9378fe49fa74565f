"""What the shell takes for Postgres: a pool, connections and transactions over tables in memory."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import asyncpg
from tests.simulation.agenda import Agenda
from tests.simulation.database import Setup
from tests.simulation.process import Process
from tests.simulation.tables import Row

from holdfast.store.queries import load

FILES = (
    *("inbox", "bookings", "blocks", "pushes", "offers", "cursors"),
    *("conflicts", "allocations", "journal", "brake", "exposures", "occupied", "agenda"),
    *("breakers", "ground", "readings", "shadow", "cases", "absences", "decisions"),
    *("departures", "worker_locks"),
)
NAMES = {text: f"{file}_{name}" for file in FILES for name, text in load(file).items()}


class Store(Agenda):
    """Every named query that the shell asks of it. One that is missing says so."""

    def __init__(
        self, setup: Setup, now: Callable[[], datetime], broken: Collection[str] = ()
    ) -> None:
        super().__init__(setup, now, broken)
        self._handlers: dict[str, Callable[..., list[Row]]] = {}
        self.before_commit: Callable[[], None] = lambda: None
        """Looks at what is about to be committed; it changes nothing."""

    def commit(self) -> None:
        if self.log.changed:
            self.before_commit()
        self.log.commit()

    def run(self, query: str, arguments: tuple[Any, ...]) -> list[Row]:
        handler = self._handlers.get(query)
        if handler is None:
            handler = self._handlers[query] = self._handler(NAMES[query])
        return handler(*arguments)

    def _handler(self, name: str) -> Callable[..., list[Row]]:
        found: Callable[..., list[Row]] | None = getattr(self, name, None)
        if found is None:
            raise NotImplementedError(f"the simulated store does not know the query {name} yet")
        return found


class Connection:
    """One of a process. Statements outside a transaction are committed each by itself."""

    def __init__(self, store: Store, process: Process) -> None:
        self._store = store
        self._process = process
        self._in_transaction = False

    def transaction(self) -> "Transaction":
        return Transaction(self, self._store, self._process)

    async def fetch(self, query: str, *arguments: Any) -> list[Row]:
        self._process.must_live()
        if self._in_transaction:
            return self._store.run(query, arguments)
        try:
            rows = self._store.run(query, arguments)
        except BaseException:
            self._store.log.rollback()
            raise
        self._store.commit()
        return rows

    async def fetchrow(self, query: str, *arguments: Any) -> Row | None:
        rows = await self.fetch(query, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        rows = await self.fetch(query, *arguments)
        return next(iter(rows[0].values())) if rows else None

    async def execute(self, query: str, *arguments: Any) -> None:
        await self.fetch(query, *arguments)

    def begin(self) -> None:
        self._in_transaction = True

    def end(self) -> None:
        self._in_transaction = False


class Transaction:
    """All or nothing. The process may die, or lose its connection, on either side of the commit.

    Nothing in it ever waits, so no other can come between: as if the venue's lock were always free.
    """

    def __init__(self, connection: Connection, store: Store, process: Process) -> None:
        self._connection = connection
        self._store = store
        self._process = process

    async def __aenter__(self) -> None:
        self._connection.begin()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._connection.end()
        fate = self._process.fate_of_commit() if error is None else "rolled back"
        if fate in ("rolled back", "killed before", "cut before"):
            self._store.log.rollback()
        self._store.commit()
        if fate.startswith("killed"):
            self._process.kill(f"while it commits ({fate})")
            self._process.must_live()
        if fate.startswith("cut"):
            self._process.tell(f"loses the database ({fate} the commit)")
            raise asyncpg.InterfaceError("connection was closed in the middle of operation")


class Pool:
    """The pool of one process."""

    def __init__(self, store: Store, process: Process) -> None:
        self._store = store
        self._process = process

    def acquire(self, timeout: float | None = None) -> "Pool":
        return self

    async def __aenter__(self) -> Connection:
        if self._process.random.random() < 0.3:
            await self._process.breathe()
        self._process.must_live()
        if self._process.faults.database_is_away():
            raise asyncpg.InterfaceError("the database is away")
        return Connection(self._store, self._process)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        return None
