"""The first page: the verdict, accounts, conflicts and the venues' days, rendered on the server."""

from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

from aiohttp import web

from holdfast.web.overview import Choice, overview
from holdfast.web.parts import PARTS
from holdfast.web.people import PERSON
from holdfast.web.screens.filters import a_day
from holdfast.web.screens.screen import show


async def page(request: web.Request) -> web.Response:
    """The whole page, complete without JavaScript; whoever is limited to some venues begins with those."""
    if request[PERSON].venues is not None:
        raise web.HTTPSeeOther("/venues")
    parts = request.app[PARTS]
    choice = _choice(request.query)
    shown = await overview(parts.pool, choice, parts.clock.now())
    return show(
        request, "dashboard.html", "overview", shown=shown, links=Links(choice, shown.shown)
    )


class Links:
    """Addresses of this page with one thing changed; the address is the whole state."""

    def __init__(self, choice: Choice, shown: date) -> None:
        self._choice = choice
        self._shown = shown

    @property
    def kept(self) -> dict[str, str]:
        """What the date form must carry along."""
        return {name: value for name, value in self._state().items() if name != "date"}

    def day(self, ahead: int) -> str:
        """So many days from the one shown."""
        return self._link(date=(self._shown + timedelta(days=ahead)).isoformat())

    def today(self) -> str:
        """Today at every venue."""
        return self._link(date="")

    def view(self, name: str) -> str:
        """As `timeline` or as `list`."""
        return self._link(view="list" if name == "list" else "")

    def toggle(self, name: str) -> str:
        """With `off` or `whole` the other way round."""
        return self._link(**{name: "" if name in self._state() else "1"})

    def _state(self) -> dict[str, str]:
        choice = self._choice
        state = {
            "date": choice.day.isoformat() if choice.day else "",
            "view": "list" if choice.view == "list" else "",
            "off": "1" if choice.off else "",
            "whole": "1" if choice.whole else "",
        }
        return {name: value for name, value in state.items() if value}

    def _link(self, **changed: str) -> str:
        state = {name: value for name, value in (self._state() | changed).items() if value}
        return f"/?{urlencode(state)}#days" if state else "/#days"


def _choice(query: Mapping[str, str]) -> Choice:
    return Choice(
        day=a_day(query, "date"),
        view="list" if query.get("view") == "list" else "timeline",
        off=int(query.get("off") == "1"),
        whole=query.get("whole") == "1",
    )
