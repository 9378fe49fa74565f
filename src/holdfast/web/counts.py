"""The numbers in the top bar of every page: what needs a person now."""

from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from holdfast.store import operations, reading
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Of the venues that the person sees. `given_up` is about all venues: 0 for a person limited to some."""

    conflicts: int
    exposures: int
    given_up: int


COUNTS = web.RequestKey("counts", Counts)


def framed(handle: Handler) -> Handler:
    """The handler of a page with the top bar: its numbers are read first."""

    async def counted(request: web.Request) -> web.StreamResponse:
        request[COUNTS] = await _counts(request)
        return await handle(request)

    return counted


async def _counts(request: web.Request) -> Counts:
    parts, person = request.app[PARTS], request[PERSON]
    now = parts.clock.now()
    offers = await reading.exposures(parts.pool, now)
    everywhere = person.venues is None
    return Counts(
        conflicts=await reading.open_conflicts(parts.pool, person.within),
        exposures=sum(row.mode == "live" and person.sees(row.venue) for row in offers),
        given_up=(await operations.given_up(parts.pool, now)).amount if everywhere else 0,
    )
