"""Lists that tell less than there is, and do not say so."""

from collections.abc import Sequence
from random import Random
from typing import Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from holdfast.simulation.asked import json_of, valid

Row = TypeVar("Row")


class Telling(BaseModel):
    """Lists lack their second half, or one row each, another one each time."""

    model_config = ConfigDict(extra="forbid")

    missing: Literal["nothing", "second_half", "one_row"] = "nothing"


class Lists:
    """How lists are told just now; their totals lie as well."""

    def __init__(self, random: Random) -> None:
        self.telling = Telling()
        self._random = random

    def told(self, rows: Sequence[Row]) -> list[Row]:
        """Those rows that a list admits."""
        if self.telling.missing == "second_half":
            return list(rows[: (len(rows) + 1) // 2])
        left = self._random.randrange(len(rows)) if rows else 0
        if self.telling.missing == "one_row":
            return [row for place, row in enumerate(rows) if place != left]
        return list(rows)

    def routes(self) -> list[web.RouteDef]:
        return [web.put("/control/lists", self._set)]

    async def _set(self, request: web.Request) -> web.Response:
        self.telling = valid(Telling, await json_of(request))
        return web.json_response(self.telling.model_dump())
