"""Addresses of venues' days, and of the reasons for their slots: the address is the whole state. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, urlencode

from holdfast.web.entry import Entry
from holdfast.web.words import exact

_encoded = lru_cache(maxsize=256)(urlencode)
"""A busy day has hundreds of links that begin alike."""
_quoted = lru_cache(maxsize=256)(quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Of one venue's calendar, or with "" of the first page, which has the days of all.

    `state` is what every link on the page keeps, `day` the one that is shown.
    """

    venue: str
    day: date
    state: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Of the page, without its state."""
        if not self.venue:
            return "/"
        return f"/venues/{_quoted(self.venue, safe='')}/calendar"

    @property
    def anchor(self) -> str:
        """Where on the page the days are."""
        return "" if self.venue else "#days"

    @property
    def kept(self) -> Mapping[str, str]:
        """What the date form must carry along."""
        return {name: value for name, value in self.state.items() if name != "date"}

    def link(self, **changed: object) -> str:
        """This page with some of its state changed; empty: left out."""
        told = {name: str(value) for name, value in {**self.state, **changed}.items() if value}
        query = f"?{_encoded(tuple(told.items()))}" if told else ""
        return f"{self.path}{query}{self.anchor}"

    def on(self, day: date, view: str = "") -> str:
        """Another day, in the view that is shown unless one is named."""
        return self.link(date=day.isoformat(), **({"view": view} if view else {}))

    def ahead(self, days: int) -> str:
        """So many days from the one shown."""
        return self.on(self.day + timedelta(days=days))

    def toggle(self, name: str) -> str:
        """With a switch the other way round."""
        return self.link(**{name: "" if name in self.state else "1"})

    def panel(self, booking: int, act: str = "") -> str:
        """A booking beside the calendar, with the form for an act on it."""
        doing = f"&act={act}" if act else ""
        return f"{self.link(date=self.day.isoformat())}&b={booking}{doing}#panel"

    def new(self, unit: str = "", start: datetime | None = None, act: str = "") -> str:
        """The form for a booking or a closure there."""
        since = exact(start) if start else ""
        return (
            self.link(date=self.day.isoformat(), new=unit or "1", act=act, **{"from": since})
            + "#panel"
        )

    def why(self, unit: str, start: datetime, end: datetime) -> str:
        """Why that time of a unit is or is not sellable."""
        asked = {"venue": self.venue, "unit": unit, "from": exact(start), "to": exact(end)}
        return f"/explain?{urlencode(asked)}"

    def exposures(self, unit: str, day: date) -> str:
        """Which offers of a unit's day are sellable twice."""
        return (
            f"/exposures?{urlencode({'venue': self.venue, 'unit': unit, 'date': day.isoformat()})}"
        )

    def offers(self, listing: str, start: datetime, end: datetime) -> str:
        """Which offers of a listing are sellable twice in that time, and what closes them."""
        stretch = {"from": exact(start), "to": exact(end)}
        return f"/exposures?{urlencode({'listing': listing, **stretch})}"

    def of(self, entry: Entry, unit: str = "") -> str:
        """A booking's panel; of anything else that is on a unit, the reasons. Empty: neither."""
        if entry.booking is not None:
            return self.panel(entry.booking)
        named = unit or (entry.names[0] if entry.names else "")
        return self.why(named, entry.start, entry.end) if named else ""
