"""One thing on a venue's timeline, as a value. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from holdfast.web.notices import Notice
from holdfast.web.words import CONFLICT, Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Pip:
    """Whether one other listing knows of a booking; `blocks` of ours there are this far."""

    listing: str
    mark: Mark
    blocks: int = 1

    @property
    def told(self) -> str:
        """`closed`, or `closed (40)`: a buy-out needs a block for each table of a pool."""
        return self.mark.word if self.blocks == 1 else f"{self.mark.word} ({self.blocks})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing on the timeline and in the list; `sentence` says all of it in words."""

    key: str
    shape: Literal["booking", "block", "exposure", "occupied"]
    mark: Mark
    start: datetime
    end: datetime
    when: str
    what: str
    source: str
    channel: str
    names: Sequence[str]
    """Of the units that it is about."""
    booking: int | None = None
    note: str = ""
    clash: bool = False
    pips: Sequence[Pip] = ()
    notices: Sequence[Notice] = ()
    """What keeps it from being in order, worst first."""

    @property
    def units(self) -> str:
        """Their names as one text; empty: it has none."""
        return ", ".join(self.names)

    @property
    def alarm(self) -> Notice | None:
        """The worst that is known to be wrong with it."""
        return next((one for one in self.notices if one.level == "bad"), None)

    @property
    def doubts(self) -> Sequence[Notice]:
        """Why it is not known whether all is well."""
        return [one for one in self.notices if one.level == "unsure"]

    @property
    def sign(self) -> str:
        """Its state's own icon only where nothing speaks against it."""
        if self.alarm:
            return CONFLICT.icon
        return "?" if self.notices else self.mark.icon

    @property
    def label(self) -> str:
        """What is wrong comes before what it is."""
        return self.alarm.short if self.alarm else self.mark.word

    @property
    def troubled(self) -> bool:
        """Whether somebody should look: two are there, or a channel does not know yet, or sells it still."""
        unsure = any(pip.mark.look not in ("done", "done as-read", "shadow") for pip in self.pips)
        return bool(self.alarm) or unsure or self.shape in ("exposure", "occupied")

    @property
    def sentence(self) -> str:
        """For those who hear the page, and on hover."""
        told = [f"{pip.listing} {pip.told}" for pip in self.pips]
        wrong = [one.text.rstrip(".") for one in self.notices if one.level == "bad"]
        parts = [*wrong, self.mark.word, self.source, self.when, self.units, self.what, *told]
        return ", ".join(part for part in [*parts, self.note] if part)
