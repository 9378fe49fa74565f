"""One browser and one running program for all tests of this folder: real pages, real rows, the machine's own clock."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright
from tests.conftest import Surroundings, connected, drop_database, furnished
from tests.moments import PARIS
from tests.patience import HANGS
from tests.web.busy_day import BusyDay
from tests.web.conftest import (
    RecordingArbiter,
    RecordingDesk,
    RecordingOperator,
    RecordingReceiver,
)
from tests.web.house import House
from tests.web.rows import HOUR, Rows

from holdfast.clock import Clock, SkewedClock, SystemClock
from holdfast.metrics import Metrics
from holdfast.serving import listening
from holdfast.web.app import build_web
from holdfast.web.parts import WebParts

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WATCH = """
window.refused = [];
document.addEventListener('securitypolicyviolation', (one) => refused.push(one.violatedDirective));
"""


@dataclass
class Program:
    """`ids` fill the places in addresses: `/bookings/{booking}`."""

    url: str
    rows: Rows
    ids: Mapping[str, object]


@dataclass
class Tab:
    """One tab with a profile of its own; `wrong` is what its scripts and the console complained of."""

    page: Page
    program: Program
    wrong: list[str] = field(default_factory=list)

    async def opens(self, path: str, ready: str = "main") -> None:
        """Returns when the page and its scripts have loaded, and what is looked for is there."""
        answer = await self.page.goto(self.program.url + path.format_map(self.program.ids))
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"
        await self.page.wait_for_selector(ready, state="attached")

    async def until(self, holds: str) -> None:
        """Returns once this is true; Playwright's own way of waiting would need `unsafe-eval`."""
        async with asyncio.timeout(HANGS):
            while True:
                if await self.page.evaluate(holds):
                    return
                await asyncio.sleep(0.02)

    async def refused(self) -> list[str]:
        """What the Content-Security-Policy stopped."""
        found: list[str] = await self.page.evaluate("refused")
        return found

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.parent.name == "browser"]
    for item in here:
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        if not BROWSER:
            item.add_marker(pytest.mark.skip("no chromium on the PATH: no page is drawn"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def program(surroundings: Surroundings) -> AsyncIterator[Program]:
    database = await furnished(surroundings)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(asyncpg.create_pool(database.url, min_size=1))
        clock = late_morning(SystemClock())
        rows = Rows(pool, now=clock.now())
        ids = await world(rows)
        port = await stack.enter_async_context(
            listening(build_web(parts(pool, rows, clock)), "127.0.0.1", 0)
        )
        yield Program(f"http://127.0.0.1:{port}", rows, ids)
    async with connected(surroundings.database_url) as connection:
        await drop_database(connection, database.name)


def late_morning(machine: Clock) -> Clock:
    """Ticks on from five past ten: a day that ends while its page is looked at shows the next one."""
    now = machine.now()
    begins = now.astimezone(PARIS).replace(hour=10, minute=5, second=30).astimezone(UTC)
    return SkewedClock(machine, lambda: (begins - now).total_seconds())


def parts(pool: asyncpg.Pool, rows: Rows, clock: Clock) -> WebParts:
    desk, house = RecordingDesk(), House(pool)
    return WebParts(
        pool=pool,
        receiver=RecordingReceiver(),
        operator=RecordingOperator(rows),
        settle=RecordingArbiter(),
        read_sides=desk.read_sides,
        read_again=desk.read_again,
        preview=desk.preview,
        handle=desk.handle,
        steer=desk.steer,
        rehearse=house.rehearse,
        arrange=house.arrange,
        clock=clock,
        metrics=Metrics(["rooms", "tables"]),
        channels={"rooms-main": "rooms", "tables-main": "tables"},
        proofs={"rooms": "signature", "tables": "token"},
    )


async def world(rows: Rows) -> dict[str, object]:
    """A bad day at one venue, a pool at another, and one of everything that has a page of its own."""
    midnight = rows.now.astimezone(PARIS).replace(hour=0, minute=0, second=0, microsecond=0)
    day = BusyDay(rows, midnight)
    await day.make()
    await pooled_house(rows, midnight + 12 * HOUR)
    booking = await rows.pool.fetchval("select min(booking_id) from conflicts")
    await rows.journal(day.venue, 1, booking, {"status": "confirmed"})
    event = await rows.event(
        day.accounts["rooms"], ref="r-1", body=b'{"id": "r-1"}', error="unlisted", attempts=3
    )
    block = await rows.pool.fetchval("select min(id) from blocks")
    push = await rows.push(block, state="dead", settled_at=rows.now, error="rejected", attempts=4)
    await rows.push(block, state="superseded", settled_at=rows.now)
    conflict = await rows.pool.fetchval("select min(id) from conflicts")
    noon = f"{midnight:%Y-%m-%d}T12:00"
    return {"booking": booking, "event": event, "push": push, "conflict": conflict, "noon": noon}


async def pooled_house(rows: Rows, noon: datetime) -> None:
    """A second venue: three tables in one pool, all of them booked at once at noon, one later."""
    venue = await rows.venue("harbour-house", "Europe/London")
    tables = [await rows.unit(venue, f"table-{n}") for n in (1, 2, 3)]
    first, second = await rows.pool.fetch("select id from accounts order by id")
    house = await rows.listing(venue, first["id"], "whole-house", tables)
    pool = await rows.listing(venue, second["id"], "dining-room", tables, takes="one")
    all_of_it = await rows.granted(await rows.booking(venue, house, start=noon), *tables)
    for lane in (1, 2, 3):
        await rows.block(pool, [all_of_it], lane=lane, party=4, start=noon)
    later = await rows.booking(venue, pool, start=noon + 3 * HOUR)
    await rows.granted(later, tables[1])
    await rows.block(house, [later], start=noon + 3 * HOUR)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def new_tab(
    browser: Browser, program: Program, *scripts: str, speaks: bool = True
) -> AsyncIterator[Tab]:
    """`speaks` False: its JavaScript is off."""
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, java_script_enabled=speaks
    )
    context.set_default_timeout(15_000)
    for script in (WATCH, *scripts):
        await context.add_init_script(script)
    tab = Tab(await context.new_page(), program)
    tab.page.on("console", tab.hear)
    tab.page.on("pageerror", lambda error: tab.wrong.append(str(error)))
    try:
        yield tab
    finally:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser, program: Program) -> AsyncIterator[Tab]:
    """Nothing may be wrong at the end."""
    async with new_tab(browser, program) as tab:
        yield tab
        assert tab.wrong == []
        assert await tab.refused() == []
