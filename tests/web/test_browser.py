"""The first page as a real browser draws it. Skipped where there is no Chromium."""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from tests.web.busy_day import busy_day
from tests.web.conftest import Client
from tests.web.rows import HOUR, NOON, Rows

MIDNIGHT = datetime(2026, 11, 20, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--remote-debugging-port=0",
)
DRAWN = """[...document.querySelectorAll('.day')].map((day) => ({
  venue: day.querySelector('h3').textContent,
  bookings: [...day.querySelectorAll('.booking, .item')].filter((one) => one.offsetHeight > 0).length,
}))"""
OVERLAPS = """[...document.querySelectorAll('.lanes')].flatMap((row) => {
  const boxes = [...row.querySelectorAll('.entry')].map((one) => one.getBoundingClientRect());
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
}).length"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

pytestmark = pytest.mark.skipif(
    not BROWSER, reason="no chromium on the PATH: the page is not drawn"
)


@dataclass
class Tab:
    """One tab, by the DevTools protocol; `wrong` is what scripts and the console complained of."""

    socket: aiohttp.ClientWebSocketResponse
    wrong: list[str] = field(default_factory=list)
    calls: int = 0

    async def call(self, method: str, **parameters: object) -> Any:
        self.calls += 1
        call = {"id": self.calls, "method": method, "params": parameters}
        await self.socket.send_json(call)
        while (told := await self.hears()).get("id") != self.calls:
            pass
        assert "error" not in told, told
        return told["result"]

    async def hears(self) -> dict[str, Any]:
        told: dict[str, Any] = await self.socket.receive_json(timeout=30)
        entry = told.get("params", {}).get("entry", {})
        if told.get("method") == "Runtime.exceptionThrown" or entry.get("level") == "error":
            self.wrong.append(str(told["params"]))
        return told

    async def opens(self, url: str, width: int) -> None:
        """Returns when the page and its scripts have loaded."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        await self.call("Emulation.setDeviceMetricsOverride", **size)
        await self.call("Page.navigate", url=url)
        while (await self.hears()).get("method") != "Page.loadEventFired":
            pass

    async def value(self, expression: str) -> Any:
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"]["value"]


@asynccontextmanager
async def tab(profile: Path) -> AsyncIterator[Tab]:
    """A browser with one tab, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(BROWSER, *FLAGS, f"--user-data-dir={profile}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            while not (port := _port(profile)):
                assert process.returncode is None, f"the browser ended: {process.returncode}"
                await asyncio.sleep(0.05)
        origin = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{origin}/json/list") as answer:
                (page,) = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                shown = Tab(socket)
                for domain in ("Page", "Runtime", "Log"):
                    await shown.call(f"{domain}.enable")
                yield shown
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _port(profile: Path) -> str:
    """The browser writes it down once it listens; empty until then."""
    file = profile / "DevToolsActivePort"
    port, end, _ = (file.read_text() if file.exists() else "").partition("\n")
    return port if end else ""


async def pooled_house(rows: Rows) -> None:
    """A second venue: three tables in one pool, all of them booked at once at noon, one later."""
    venue = await rows.venue("harbour-house", "Europe/London")
    tables = [await rows.unit(venue, f"table-{n}") for n in (1, 2, 3)]
    first, second = await rows.pool.fetch("select id from accounts order by id")
    house = await rows.listing(venue, first["id"], "whole-house", tables)
    pool = await rows.listing(venue, second["id"], "dining-room", tables, takes="one")
    all_of_it = await rows.granted(await rows.booking(venue, house), *tables)
    for lane in (1, 2, 3):
        await rows.block(pool, [all_of_it], lane=lane, party=4)
    later = await rows.booking(venue, pool, start=NOON + 3 * HOUR)
    await rows.granted(later, tables[1])
    await rows.block(house, [later], start=NOON + 3 * HOUR)


async def test_the_days_of_both_venues_are_drawn_and_a_phone_does_not_scroll_sideways(
    client: Client, rows: Rows, tmp_path: Path
) -> None:
    await busy_day(rows, MIDNIGHT)
    await pooled_house(rows)
    async with tab(tmp_path / "profile") as shown:
        for width in (1280, 390):
            await shown.opens(str(client.make_url("/")), width)
            drawn = {one["venue"]: one["bookings"] for one in await shown.value(DRAWN)}
            assert set(drawn) == {"glasshouse", "harbour-house"}
            assert drawn["glasshouse"] >= 10
            assert drawn["harbour-house"] == (4 if width == 1280 else 2)
            assert await shown.value(OVERLAPS) == 0
            assert await shown.value(SIDEWAYS) == 0
        for path in ("/ops", "/accounts/rooms-main?act=pause_pushes"):
            for width in (1440, 360):
                await shown.opens(str(client.make_url(path)), width)
                assert await shown.value(SIDEWAYS) == 0, (path, width)
        picture = await shown.call("Page.captureScreenshot", captureBeyondViewport=True)
        assert base64.b64decode(picture["data"]).startswith(b"\x89PNG")
        assert shown.wrong == []
