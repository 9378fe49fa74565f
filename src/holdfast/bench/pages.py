"""`holdfast bench pages`: how long the server takes for each page over years of bookings."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import aiohttp
import asyncpg
import click

from holdfast.bench.crew import NO_REDIS, NOBODY
from holdfast.complaints import Unusable
from holdfast.embedded import embedded_postgres
from holdfast.example import both_examples
from holdfast.soak.house import SECRETS, set_up, write_configuration
from holdfast.soak.program import HERE, Program, free_port, holdfast, started
from holdfast.store import pulse
from holdfast.store.queries import load
from holdfast.web.screens.table import SCREENS

_SQL = load("years", "holdfast.bench")
FILL = ("bookings", "guests", "allocations", "blocks", "pushes", "attempts", "exposures", "inbox")
LAST = ("conflicts", "journal", "told")

TARGET_MS = 200.0
ROUNDS = 7
FILL_SECONDS = 1800.0
"""At most, for one table."""

ABOUT = {
    "/bookings/{id}": "booking",
    "/conflicts/{id}": "conflict",
    "/events/{id}": "event",
    "/pushes/{id}": "push",
}
MORE = (
    "/",
    "/accounts/{account}",
    "/bookings?status=confirmed",
    "/bookings?venue={venue}&status=held",
    "/events?account={account}&state=failed",
    "/events?ref=b-4711",
    "/search?q={booking}",
    "/events?since=24h&act=replay",
    "/pushes?state=dead",
    "/pushes?account={account}&since=7d",
    "/venues/{venue}/calendar?whole=1&off=1",
    "/venues/{venue}/calendar?view=week",
    "/venues/{venue}/calendar?b={booking}",
    "/explain?venue={venue}&unit={unit}&from={today}T12:00&for=2h",
)
"""Besides every page without a filter: what people ask for first."""

ARGUED = frozenset({"/explain"})
"""Pages that answer nothing unless they are asked something."""

Known = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How long it took, in milliseconds, each time; `status` of the last answer.

    The first time its template is compiled: that is shown, not judged.
    """

    path: str
    status: int
    times: Sequence[float]
    size: int

    @property
    def late(self) -> bool:
        """Whether anybody had to wait for it, or did not get it."""
        return self.status != 200 or max(self.times[1:]) >= TARGET_MS

    def __str__(self) -> str:
        figures = (self.times[0], median(self.times[1:]), max(self.times[1:]), self.size / 1024)
        told = "".join(f"{figure:>9.1f}" for figure in figures)
        return f"{self.path:<58}{self.status:>4}{told}{'  !' if self.late else ''}"


async def pages(bookings: int) -> None:
    """Fill a database, ask for every page, print what it took. Raises Unusable when a page took too long."""
    with TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        async with embedded_postgres(folder, durable=False) as url, _web(folder, url) as web:
            known = await _filled(url, bookings)
            found = [page async for page in _asked(web, list(_paths(known)))]
            found.append(await _looked(url))
    click.echo(
        f"{'page':<58}{'':>4}{'first ms':>9}{'median':>9}{'worst':>9}{'KiB':>9}   ({ROUNDS} times each)"
    )
    click.echo("\n".join(map(str, found)))
    late = [page.path for page in found if page.late]
    if late:
        raise Unusable(f"not answered within {TARGET_MS:.0f} ms: {', '.join(late)}")


@asynccontextmanager
async def _web(folder: Path, database_url: str) -> AsyncIterator[str]:
    """A web process of our own over the example venues, whose channels nobody asks for anything."""
    port = free_port()
    write_configuration(folder, NOBODY, both_examples)
    settings = {**SECRETS, "HOLDFAST_DATABASE_URL": database_url, "HOLDFAST_PORT": str(port)}
    settings["HOLDFAST_REDIS_URL"] = NO_REDIS
    await set_up(folder, settings)
    web: Program = holdfast(folder, "web", **settings)
    async with started(web):
        await web.says('"web_ready"')
        yield f"http://{HERE}:{port}"


async def _filled(url: str, bookings: int) -> Known:
    connection = await asyncpg.connect(url, command_timeout=FILL_SECONDS)
    try:
        begun = time.monotonic()
        await connection.execute(_SQL["years"].replace("$1", str(bookings)))
        for name in (*FILL, *LAST):
            await connection.execute(_SQL[name])
        await connection.execute("vacuum analyze")
        sizes = await connection.fetchrow(_SQL["sizes"])
        click.echo(
            f"{sizes['bookings']} bookings, {sizes['journal']} journal entries, {sizes['inbox']} events,"
            f" {sizes['bytes'] / 2**20:.0f} MiB, filled in {time.monotonic() - begun:.0f} s"
        )
        return dict(await connection.fetchrow(_SQL["known"]))
    finally:
        await connection.close()


async def _looked(url: str) -> Page:
    """What open pages cost, twice a second and however many they are: one look for changes."""
    times = []
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        venues = [row["name"] for row in await pool.fetch(_SQL["venues"])]
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            await pulse.beats(pool, venues)
            times.append((time.perf_counter() - begun) * 1000)
    return Page(path="one look for all live pages", status=200, times=times, size=0)


def _paths(known: Known) -> Iterator[str]:
    """Every page that is only looked at."""
    yield from (path.format_map(known) for path in MORE)
    for screen in SCREENS:
        if screen.method != "GET" or screen.path == "/ui/stream":  # which has no end
            continue
        if screen.path in ABOUT:
            yield screen.path.replace("{id}", str(known[ABOUT[screen.path]]))
        elif "{" not in screen.path and screen.path not in ARGUED:
            yield screen.path


async def _asked(web: str, paths: Sequence[str]) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession(web) as session:
        for path in paths:
            yield await _page(session, path)


async def _page(session: aiohttp.ClientSession, path: str) -> Page:
    times: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        async with session.get(path, allow_redirects=False) as answer:
            body = await answer.read()
        times.append(1000 * (time.perf_counter() - began))
    return Page(path=path, status=answer.status, times=times, size=len(body))
