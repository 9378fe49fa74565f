"""Somebody who reads pages and the API all the time, on every web process, one after the other."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Any

import aiohttp
import asyncpg

from holdfast.clock import SystemClock
from holdfast.soak.faults import SIDES
from holdfast.soak.pages import EXPOSED_LONG, LATELY, Trouble, Visit
from holdfast.store.queries import load

_SQL = load("pages", "holdfast.soak")
CLOCK = SystemClock()
PATIENCE = aiohttp.ClientTimeout(total=20.0)
PAUSE = 1.0
"""Seconds between two requests: a reader is no flood."""

API = "/api/v1"
PATHS = (
    "/",
    "/exposures",
    "/conflicts",
    "/ops",
    "/venues/glasshouse/calendar",
    "/venues/harbour-house/calendar",
    "/bookings",
    "/events",
    "/pushes",
    *(f"/accounts/{side}-main" for side in SIDES),
    f"{API}/bookings",
    f"{API}/blocks",
    f"{API}/conflicts",
    f"{API}/accounts",
    *(f"{API}/listings/salon-{side}/exposure" for side in SIDES),
)
EXPLAINED = "/explain?venue=glasshouse&unit=salon"
NEWEST = {
    f"{API}/bookings": ("/bookings/{id}", f"{API}/bookings/{{id}}"),
    f"{API}/conflicts": ("/conflicts/{id}", f"{API}/conflicts/{{id}}"),
}
"""What is read next about the newest of a list."""


@dataclass(kw_only=True)
class Reader:
    """`webs`: where each process answers, by its name."""

    webs: Mapping[str, str]
    session: aiohttp.ClientSession
    visits: list[Visit] = field(default_factory=list)

    async def live(self, seconds: float) -> None:
        """So long."""
        end = time.monotonic() + seconds
        names = cycle(self.webs)
        while time.monotonic() < end:
            for path in (*PATHS, *explained()):
                told = await self.visit(next(names), path)
                for more in NEWEST.get(path, ()) if told else ():
                    await self.visit(next(names), more.format(id=told))
                if time.monotonic() >= end:
                    break

    async def visit(self, web: str, path: str) -> str:
        """The id of the newest that it tells of, if it does."""
        began, status, asks_again, text = CLOCK.now(), 0, False, ""
        shown = {"Accept": "application/json" if path.startswith(API) else "text/html"}
        try:
            url = self.webs[web] + path
            async with self.session.get(
                url, headers=shown, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                text = await answer.text()
                status, asks_again = answer.status, "Retry-After" in answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass  # the process may be down: whether it is slow is told by the time
        self.visits.append(
            Visit(
                web=web,
                path=path,
                began=began,
                ended=CLOCK.now(),
                status=status,
                asks_again=asks_again,
                title=_title(text) if path == "/" else "",
            )
        )
        await asyncio.sleep(PAUSE)
        return _newest(text) if path in NEWEST and status == 200 else ""


def _title(text: str) -> str:
    found = re.search(r"<title>([^<]*)", text)
    return found[1] if found else ""


def _newest(text: str) -> str:
    found = re.search(r'"id":"(\d+)"', text)
    return found[1] if found else ""


def explained() -> Sequence[str]:
    """Tomorrow's noon, by now."""
    day = (CLOCK.now() + timedelta(days=1)).date().isoformat()
    return (
        f"{EXPLAINED}&from={day}T10:00&to={day}T14:00",
        f"{API}{EXPLAINED}&from={day}T10:00:00Z&to={day}T14:00:00Z",
    )


async def troubles(connection: asyncpg.Connection, more: Sequence[Trouble]) -> list[Trouble]:
    """What our own store knew to be wrong, and what else is known."""
    rows: list[Any] = await connection.fetch(_SQL["troubles"], LATELY, EXPOSED_LONG)
    return [*more, *(Trouble(**dict(row)) for row in rows)]
