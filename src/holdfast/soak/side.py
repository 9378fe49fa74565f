"""A simulator as its guests and its provider see it: its control side over HTTP."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from holdfast.soak.books import Books, read_books
from holdfast.soak.program import Missed

UNITS = ("salon", "chefs-table", "board-room")
"""Of the example venue; every channel sells each of them as a whole."""

POOLED = ("table-06", "table-09", "whole-house", "dining-room")
"""Of the second example venue: tables sold one by one, as a pool, and all at once, each on one channel."""


class Refused(Exception):
    """The provider says no to a guest: somebody else was faster."""


@dataclass(kw_only=True)
class Side:
    """One provider. `units` names our unit for each place."""

    name: str
    url: str
    session: aiohttp.ClientSession
    units: Mapping[str, str] = field(default_factory=dict)
    strange: Sequence[str] = ()
    """Places that are none of ours."""

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """A call to the control side. Raises Refused, or Missed for any other trouble."""
        async with self.session.request(method, f"{self.url}/control{path}", json=body) as answer:
            text = await answer.text()
            if answer.status == 409:
                raise Refused(text)
            if answer.status != 200:
                raise Missed(f"{path}: {answer.status} {text}")
            return json.loads(text)

    async def book(self, offer: Mapping[str, str], *, confirm: bool = True, party: int = 2) -> str:
        """A guest books an offer; the reference is the provider's."""
        wish = {**offer, "party": party, "confirm": confirm}
        return str((await self.ask("POST", "/guest/book", wish))["ref"])

    async def act(self, ref: str, what: str, body: object = None) -> str:
        """A guest confirms, cancels or moves; gives the reference it has from now on."""
        return str((await self.ask("POST", f"/guest/{ref}/{what}", body))["ref"])

    async def offers(self, unit: str | None = None) -> list[dict[str, str]]:
        """What a guest could book of ours on the last day that is read, in order."""
        every: list[dict[str, str]] = await self.ask("GET", "/offers?days=2")
        last = max(offer["start"][:10] for offer in every)
        wanted = [
            o for o in every if o["place"] in self.units and unit in (None, self.units[o["place"]])
        ]
        return sorted((o for o in wanted if o["start"][:10] == last), key=lambda o: o["start"])

    async def books(self) -> Books:
        """The provider's own."""
        return read_books(await self.ask("GET", "/truth"), self.units)

    async def manner(self, **manner: object) -> None:
        """How its webhooks travel from now on."""
        await self.ask("PUT", "/webhooks", manner)


@asynccontextmanager
async def met(name: str, url: str) -> AsyncIterator[Side]:
    """A running simulator, calm, with the places it has."""
    async with aiohttp.ClientSession() as session:
        side = Side(name=name, url=url, session=session)
        places = await side.ask("GET", "/places")
        known = {place["place"]: _unit(place["name"]) for place in places}
        side.units = {place: unit for place, unit in known.items() if unit is not None}
        side.strange = [place for place, unit in known.items() if unit is None]
        yield side


def _unit(name: str) -> str | None:
    """Our unit of a room; providers spell it each in their own way. None: it is none of ours."""
    letters = re.sub("[^a-z0-9]", "", name.lower())
    return next((unit for unit in UNITS + POOLED if unit.replace("-", "") == letters), None)
