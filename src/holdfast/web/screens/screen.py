"""A page as a value, and how one is shown."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web
from aiohttp.typedefs import Handler

from holdfast.roles import Role
from holdfast.web.counts import COUNTS, framed
from holdfast.web.fields import is_id
from holdfast.web.pages import PAGES
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.problems import NOT_FOUND, Problem
from holdfast.web.recording import recorded
from holdfast.web.rules import Extent, may_act
from holdfast.web.theme import theme_of

Area = Literal[
    "overview",
    "ops",
    "calendar",
    "bookings",
    "conflicts",
    "exposures",
    "events",
    "pushes",
    "search",
    "docs",
    "settings",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One address of the dashboard. A GET changes nothing."""

    method: Literal["GET", "POST"]
    path: str
    needs: Role
    """Who may: this role or one above it."""
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
    venues: Extent = "all"
    """`own`: it keeps to the venues of whoever asks. `all` is refused to whoever is limited to some."""
    on_record: bool = True
    """False only for what changes nothing but how pages look to whoever asks."""
    bare: bool = False
    """True where the answer has no top bar, so that its numbers need not be read."""

    def on_request(self) -> Handler:
        """What aiohttp calls: what changes something is put on record."""
        answers = self._acted if self.method == "POST" and self.on_record else self.handle
        return answers if self.bare else framed(answers)

    async def _acted(self, request: web.Request) -> web.StreamResponse:
        asked = await request.post()
        said = {name: value for name, value in asked.items() if isinstance(value, str)}
        async with recorded(request, "page", said) as record:
            return record.ends(await self.handle(request))


def show(
    request: web.Request, template: str, area: Area, *, status: int = 200, **shown: object
) -> web.Response:
    """A template with what it shows, under the area of the top bar that it belongs to."""
    now = request.app[PARTS].clock.now()
    person = request.get(PERSON)
    around = {
        "area": area,
        "now": now,
        "person": person,
        "may": may_act(request, person),
        "theme": theme_of(request),
        "counts": request.get(COUNTS),
        # what a POST answers cannot be fetched again
        "live": request.method == "GET",
    }
    html = request.app[PAGES].get_template(template).render(**around, **shown)
    return web.Response(text=html, content_type="text/html", status=status)


def number(request: web.Request, what: str) -> int:
    """The id in the address. Raises Problem for anything that can be none."""
    text = request.match_info["id"]
    if not is_id(text):
        raise Problem(NOT_FOUND, f"There is no {what} of this id.")
    return int(text)
