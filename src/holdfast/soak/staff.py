"""People at the venue: they book directly, cancel, and decide conflicts, by a seed and through the API."""

import asyncio
import time
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
        try:
            ref, outcome = await {
                "decide": self._decide,
                "cancel": self._cancel,
                "book": self._book,
            }[what]()
        except TROUBLE as no:
            ref, outcome = "-", f"no: {type(no).__name__} {what}: {no}"[:160]
        if outcome:
            self.acts.append(
                Act(at=CLOCK.now(), side="venue", what=what, ref=ref, outcome=outcome, who="staff")
            )

    async def _book(self) -> tuple[str, str]:
        unit, dice = self.random.choice(UNITS), self.random.random()
        offers = await self.random.choice(self.sides).offers(unit)
        offer = offers[int(dice * min(CHOICE, len(offers)))]
        when = {"start": offer["start"], "end": offer["end"]}
        made = await self._asked("POST", "/bookings", {"venue": VENUE, "unit": unit, **when})
        self.booked.append(made["id"])
        return str(made["external_id"]), f"{unit} {offer['start']}"

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
        act = self.random.choice(possible)["action"]
        wish = {"action": act, "reason": "the first one stays"}
        decided = await self._asked("POST", f"/conflicts/{number}/actions", wish)
        return f"conflict {number}", f"{act} {decided['state']}"

    async def _asked(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        url = f"{self.random.choice(self.urls)}/api/v1{path}"
        patience = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with self.session.request(method, url, json=body, timeout=patience) as answer:
            if answer.status >= 400:
                told = await answer.json(content_type=None)
                raise Refused(f"{answer.status} from {answer.url.authority}: {told.get('detail')}")
            return await answer.json()
