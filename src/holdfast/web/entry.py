"""One thing on a venue's timeline, as a value. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from holdfast.web.words import Mark


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

    @property
    def units(self) -> str:
        """Their names as one text; empty: it has none."""
        return ", ".join(self.names)

    @property
    def troubled(self) -> bool:
        """Whether somebody should look: two are there, or a channel does not know yet, or sells it still."""
        unsure = any(pip.mark.look not in ("done", "shadow") for pip in self.pips)
        return self.clash or unsure or self.shape in ("exposure", "occupied")

    @property
    def sentence(self) -> str:
        """For those who hear the page, and on hover."""
        told = [f"{pip.listing} {pip.told}" for pip in self.pips]
        clash = "conflict: without its units" if self.clash else ""
        parts = [self.mark.word, self.source, self.when, self.units, self.what, clash, *told]
        return ", ".join(part for part in [*parts, self.note] if part)
