"""People at the venue: they book directly, close rooms, cancel, and decide conflicts, by a seed, through API and pages."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from holdfast.clock import SystemClock
from holdfast.soak.crowd import Act
from holdfast.soak.program import Missed
from holdfast.soak.side import UNITS, Refused, Side

CLOCK = SystemClock()
VENUE = "glasshouse"
"""The first example venue, whose rooms are sold as a whole: a pool's tables are given by the canon."""

CHOICE = 3
"""Of so few offers, so that they race with guests."""

ANSWER_SECONDS = 10.0
BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
TROUBLE = (Refused, Missed, LookupError, ValueError, aiohttp.ClientError, TimeoutError)


@dataclass(kw_only=True)
class Staff:
    """`urls`: of the web processes, any of which may be down. What was not answered may be done all the same."""

    urls: Sequence[str]
    sides: Sequence[Side]
    session: aiohttp.ClientSession
    random: Random
    acts: list[Act] = field(default_factory=list)
    booked: list[str] = field(default_factory=list)
    decided: Counter[str] = field(default_factory=Counter)
    """How often each action was taken: the one that was taken least is next, where it is possible."""

    async def live(self, pause: float, seconds: float) -> None:
        """So long, one act after the other."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self.act()
            await asyncio.sleep(self.random.uniform(0.0, 2 * pause))

    async def act(self) -> None:
        """One thing; that it is refused or not answered is part of life."""
        dice = self.random.random()
        what = "decide" if dice < 0.5 else "cancel" if self.booked and dice < 0.7 else "book"
        what = "close" if dice > 0.9 else what
        try:
            ref, outcome = await {
                "decide": self._decide,
                "cancel": self._cancel,
                "book": self._book,
                "close": self._close,
            }[what]()
        except TROUBLE as no:
            ref, outcome = "-", f"no: {type(no).__name__} {what}: {no}"[:160]
        if outcome:
            self.acts.append(
                Act(at=CLOCK.now(), side="venue", what=what, ref=ref, outcome=outcome, who="staff")
            )

    async def _free(self) -> tuple[str, dict[str, str]]:
        """A room and a time at which some channel sells it."""
        unit, dice = self.random.choice(UNITS), self.random.random()
        offers = await self.random.choice(self.sides).offers(unit)
        offer = offers[int(dice * min(CHOICE, len(offers)))]
        return unit, {"start": offer["start"], "end": offer["end"]}

    async def _close(self) -> tuple[str, str]:
        """As a browser does it: the page shows what it would change, and is sent back with that."""
        unit, when = await self._free()
        url = f"{self.random.choice(self.urls)}/venues/{VENUE}/calendar"
        form = {"act": "close", "unit": unit, "reason": "painters", **when}
        shown = await self._sent(url, form)
        seen = {name: _hidden(shown, name) for name in ("seen", "warned")}
        done = await self._sent(url, {**form, **seen})
        number = re.fullmatch(r"\d+", done)
        if number is None:
            raise Refused("the page is shown again")
        self.booked.append(done)
        return done, f"{unit} {when['start']}"

    async def _sent(self, url: str, form: Mapping[str, str]) -> str:
        """The page; or only the booking's number, where it was done."""
        patience = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with self.session.post(
            url, data=form, headers=BROWSER, timeout=patience, allow_redirects=False
        ) as answer:
            if answer.status == 303:
                return str(re.findall(r"b=(\d+)", answer.headers["Location"])[0])
            if answer.status >= 400:
                raise Refused(f"{answer.status} from {answer.url.authority}")
            return await answer.text()

    async def _book(self) -> tuple[str, str]:
        unit, when = await self._free()
        made = await self._asked("POST", "/bookings", {"venue": VENUE, "unit": unit, **when})
        self.booked.append(made["id"])
        return str(made["external_id"]), f"{unit} {when['start']}"

    async def _cancel(self) -> tuple[str, str]:
        number = self.booked.pop(self.random.randrange(len(self.booked)))
        gone = {"reason": "the party fell ill"}
        done = await self._asked("POST", f"/bookings/{number}/cancel", gone)
        return number, str(done["state"])

    async def _decide(self) -> tuple[str, str]:
        """Nothing where nobody is in conflict."""
        open_ones = await self._asked("GET", f"/conflicts?venue={VENUE}&settled=false")
        clashes = [one for one in open_ones["data"] if one["kind"] == "double_booking"]
        if not clashes:
            return "-", ""
        number = self.random.choice(clashes)["id"]
        possible = (await self._asked("GET", f"/conflicts/{number}"))["actions"]
        act = min((one["action"] for one in possible), key=lambda act: self.decided[act])
        wish = {"action": act, "reason": "the first one stays"}
        decided = await self._asked("POST", f"/conflicts/{number}/actions", wish)
        self.decided[act] += 1
        return f"conflict {number}", f"{act} {decided['state']}"

    async def _asked(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        url = f"{self.random.choice(self.urls)}/api/v1{path}"
        patience = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with self.session.request(method, url, json=body, timeout=patience) as answer:
            if answer.status >= 400:
                told = await answer.json(content_type=None)
                raise Refused(f"{answer.status} from {answer.url.authority}: {told.get('detail')}")
            return await answer.json()


def _hidden(page: str, name: str) -> str:
    """A field of a form that nobody sees; empty: it has none."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""
