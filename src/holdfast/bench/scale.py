"""`holdfast bench scale`: what 100, 10,000 and 1,000,000 venues need, and where the walls are."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from holdfast.bench.catalogue import figures_of
from holdfast.bench.costs import BENCHES, Record, costs, records_in, records_of
from holdfast.bench.machine import machine
from holdfast.bench.needs import (
    Costs,
    Habits,
    Needs,
    most_bookings,
    most_listings,
    needs,
    walls,
)
from holdfast.bench.scale_check import checked
from holdfast.bench.table import told
from holdfast.clock import SystemClock
from holdfast.terminal import table, tell

SIZES = (100, 10_000, 1_000_000)
KIBI, MEBI, TERA = 2**10, 2**20, 1e12


async def scale(document: Path | None, *, check: bool) -> None:
    """Print it. Raises Unusable for a document without figures, and when the check does not hold."""
    records = await _measured() if document is None else records_in(document)
    found, habits = await costs(records), Habits()
    tell([*_costs(found), "", *_table(found, habits), "", *_walls(found, habits)])
    tell(["", told(await machine(SystemClock()))])
    if check:
        await checked(found, habits)


async def _measured() -> Sequence[Record]:
    """Once each: a model needs no more."""
    return records_of([figure for name in BENCHES for figure in await figures_of(name, 1)])


def _costs(found: Costs) -> Iterator[str]:
    yield f"A webhook takes {1e3 * found.webhook:.2f} ms of a web process, a booking"
    yield (
        f"{1e3 * found.booking:.1f} ms of a worker ({1e3 * found.statements:.1f} ms of them its SQL),"
        f" a booking polled and unchanged {1e3 * found.read_row:.2f} ms;"
    )
    yield (
        f"{found.stored / KIBI:.1f} KiB are stored for a booking, {found.logged / KIBI:.1f} KiB logged; each venue"
        f" takes {found.known * KIBI:.0f} KiB and {1e3 * found.followed:.2f} ms a look of every process."
    )


def _table(found: Costs, habits: Habits) -> list[str]:
    several = [needs(venues, found, habits) for venues in SIZES]
    rows: list[Sequence[str]] = [
        ("IN THE BUSIEST HOUR", *(f"{n.venues:,} venues" for n in several))
    ]
    for name, column in _COLUMNS.items():
        rows.append((name, *(column(one) for one in several)))
    return table(rows)


_COLUMNS: Mapping[str, Callable[[Needs], str]] = {
    "webhooks a second": lambda n: f"{n.webhooks:,.1f}",
    "decisions a second": lambda n: f"{n.bookings:,.1f}",
    "bookings polled a second": lambda n: f"{n.rows:,.0f}",
    "parts, each with its Postgres": lambda n: f"{n.parts:,}",
    "web processes": lambda n: f"{n.webs:,}",
    "worker processes": lambda n: f"{n.workers:,}",
    "following the configuration": lambda n: f"{100 * n.follow:.0f} % of each process",
    "memory of a process": lambda n: f"{n.memory:,.0f} MiB",
    "connections to each Postgres": lambda n: f"{n.connections:,}",
    "Postgres, deciding, in all": lambda n: f"{n.postgres:,.2f} cores",
    "write-ahead log": lambda n: f"{n.written / MEBI:,.2f} MiB/s",
    "stored in a year": lambda n: f"{n.stored / TERA:,.3f} TB",
    "Redis operations a second": lambda n: f"{n.redis:,.0f}",
}


def _walls(found: Costs, habits: Habits) -> Iterator[str]:
    yield "Walls, the nearest first (venues: what is reached; what moves it)"
    for wall in walls(found, habits, os.cpu_count() or 1):
        yield f"{wall.venues:>12,.0f}: {wall.what}; {wall.moved_by}"
    yield (
        f"One account, however many venues: {most_listings(habits)} listings polled each minute"
        f" ({habits.reads_per_minute:g} reads), {most_bookings(habits):,.0f} bookings an hour closed"
        f" ({habits.writes_per_minute:g} writes); moved by the provider, or by more accounts."
    )
