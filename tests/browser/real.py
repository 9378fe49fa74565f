"""The real program of this folder's last tests: both simulators, people who sign in, and how they click."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
from click.testing import CliRunner
from tests.acceptance.test_up import Up, up
from tests.browser.conftest import Program, Tab
from tests.web.rows import Rows

from holdfast.__main__ import main
from holdfast.clock import SystemClock
from holdfast.inventory.model import Span
from holdfast.soak.program import until
from holdfast.soak.traits import traits

PEOPLE = {"ada": "admin", "olga": "operator", "vic": "venue", "vera": "viewer"}
PASSPHRASE = "correct horse battery"
ZONE = ZoneInfo("Europe/Paris")
REASON = "the guest has called"
UNHURRIED = """update accounts set poll_seconds = 600, offers_seconds = 600, audit_seconds = 600,
  writes_per_minute = 100000, reads_per_minute = 100000"""
"""What is seen was told by a webhook or asked for by somebody; and nothing waits for a budget."""

UNDER_WAY = """select count(*) from pushes p join accounts a on a.id = p.account_id
 where a.channel = $1 and p.state in ('waiting', 'in_flight', 'unknown')"""
UNREAD = "select count(*) from cursors where last_complete_at is null and task <> 'audit'"


@dataclass(frozen=True, kw_only=True)
class Real:
    """The running program; `day` is tomorrow at the venue."""

    up: Up
    program: Program
    day: date

    def at(self, hour: int) -> str:
        """As a form takes it."""
        return f"{self.day}T{hour:02}:00"

    def span(self, first: int, last: int) -> Span:
        """Between two hours of the venue's clock."""
        start, end = (
            datetime.fromisoformat(self.at(h)).replace(tzinfo=ZONE) for h in (first, last)
        )
        return Span(start=start.astimezone(UTC), end=end.astimezone(UTC))

    async def guest(self, side: str, unit: str, span: Span) -> str:
        """Somebody books on a channel; gives the channel's reference."""
        there = self.up.sides[side]
        place = next(place for place, name in there.units.items() if name == unit)
        instants = {"start": span.start.isoformat(), "end": span.end.isoformat()}
        return await there.book({"place": place, **instants})

    async def closes(self, unit: str, *spans: Span, side: str = "") -> None:
        """Returns once blocks of ours at every channel, or one, stand over this of a unit and nothing else.

        And once we know it: what somebody is shown that he would do is then no other a moment later.
        """
        for name in [side] if side else self.up.sides:
            closed = partial(self._closed, name, unit, *spans)
            await until(closed, f"{unit} at {name}: {spans}", 20)
            await until(partial(self._knows, name), f"nothing is under way to {name}", 20)

    async def _knows(self, side: str) -> bool:
        return not await self.program.rows.pool.fetchval(UNDER_WAY, side)

    async def _closed(self, side: str, unit: str, *spans: Span) -> bool:
        blocks = (await self.up.sides[side].books()).blocks(unit)
        left = list(spans)
        for block in blocks:
            if not block.held:
                left = [part for span in left for part in _beside(span, block.span)]
        return not left and all(any(s.overlaps(block.span) for s in spans) for block in blocks)


def _beside(span: Span, block: Span) -> list[Span]:
    """What a block leaves of it."""
    if not span.overlaps(block):
        return [span]
    before = [Span(start=span.start, end=block.start)] if span.start < block.start else []
    return before + ([Span(start=block.end, end=span.end)] if block.end < span.end else [])


@asynccontextmanager
async def real_program(folder: Path) -> AsyncIterator[Real]:
    """`holdfast up` as a process, once everything was read and its people may sign in."""
    async with up(folder / "data", "--no-guests") as running:
        for name, side in running.sides.items():
            await side.ask("PUT", "/switches", dict(traits()[name].switches))
        url = re.findall(r"HOLDFAST_DATABASE_URL='?([^'\n]+)", (folder / "data/env").read_text())[0]
        await asyncio.to_thread(_let_in, url)
        async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
            await pool.execute(UNHURRIED)
            await until(lambda: _read_once(pool), "everything was read once")
            now = SystemClock().now()
            program = Program(running.api.partition("/api/")[0], Rows(pool, now=now), {})
            tomorrow = now.astimezone(ZONE).date() + timedelta(days=1)
            yield Real(up=running, program=program, day=tomorrow)


async def _read_once(pool: asyncpg.Pool) -> bool:
    return bool(await pool.fetchval(UNREAD) == 0)


def _let_in(url: str) -> None:
    runner = CliRunner(env={"HOLDFAST_DATABASE_URL": url})
    for name, role in PEOPLE.items():
        add = ("user", "add", name, "--role", role, "--password-file", "-")
        done = runner.invoke(main, add, input=f"{PASSPHRASE}\n")
        assert done.output == f"{name} may sign in, as {role}.\n"


async def signs_in(tab: Tab, name: str) -> None:
    await tab.opens("/", "#password")
    await tab.page.get_by_label("Name").fill(name)
    await tab.page.get_by_label("Password").fill(PASSPHRASE)
    await tab.page.get_by_role("button", name="Sign in", exact=True).click()
    await tab.page.wait_for_selector(f".who:has-text('{name}')")


async def clicks(tab: Tab, name: str, *, exact: bool = False) -> None:
    """A link or a button by its words."""
    links = tab.page.get_by_role("link", name=name, exact=exact)
    buttons = tab.page.get_by_role("button", name=name, exact=exact)
    await links.or_(buttons).first.click()


async def does(tab: Tab, *shown: str) -> None:
    """Read what an act would do, say why if that is asked for here, and do it."""
    way = tab.page.locator(".way.chosen")
    for words in shown:
        await way.get_by_text(words).first.wait_for()
    if await way.locator("#reason").count():
        await way.locator("#reason").fill(REASON)
    await way.locator(".act").click()


async def steers(tab: Tab, account: str, what: str, *shown: str) -> None:
    """Hold an account back, let it go on, have it read."""
    await clicks(tab, "Operations", exact=True)
    await clicks(tab, account, exact=True)
    await clicks(tab, f"{what}…")
    await does(tab, *shown)
    await tab.page.wait_for_selector(".did")


async def draws_up(tab: Tab, real: Real, unit: str, first: int, last: int, why: str = "") -> None:
    """From a free gap to the preview of a booking; with a reason, of a closure."""
    await clicks(tab, "Calendar", exact=True)
    await clicks(tab, "glasshouse", exact=True)
    await tab.page.locator("#date").fill(f"{real.day}")
    await clicks(tab, "Go", exact=True)
    await clicks(tab, f"Free, {unit}")
    if why:
        await clicks(tab, "Close the time")
        await tab.page.locator("#f-reason").fill(why)
    await tab.page.locator("#f-start").fill(real.at(first))
    await tab.page.locator("#f-end").fill(real.at(last))
    await clicks(tab, "Look what that would do")


async def alters(tab: Tab, what: str, **fields: str) -> None:
    """From a booking's panel to the preview of an act on it."""
    await clicks(tab, f"{what}…")
    for name, value in (fields | {"reason": REASON}).items():
        await tab.page.locator(f"#f-{name}").fill(value)
    await clicks(tab, "Look what that would do")
