"""absence: what may be concluded where a channel does not find a booking, or says that it is at another place. No I/O.

One answer changes nothing. A provider may lose sight of a booking for a moment: a read may be ahead of its own writes, a
scope may be narrowed, a row may slip between two pages. Freed time is sold again at once, and a guest stands at a door
that is locked. So absence is a question, and this module is where it is answered.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["missing", "elsewhere"]
"""`missing`: a read by its id finds nothing. `elsewhere`: it is found at a place that no listing of ours has."""

PAUSES = (2.0, 5.0, 10.0, 20.0, 40.0)
"""Seconds until the next read by its id; `LONG_PAUSE` after those."""

LONG_PAUSE = 60.0

READS_NEEDED = 3
"""This many reads in a row find nothing before a booking may count as gone,"""

APART = timedelta(seconds=15)
"""and the last of them begins at least this long after the first."""

READS_ELSEWHERE = 2
"""We believe that a booking is at another place when its provider says so this often in a row."""

TELL_AFTER = timedelta(minutes=2)
"""What cannot be concluded by then is shown to a person."""

UNKNOWN_PAUSES = (2.0, 5.0, 10.0)
"""Seconds between the reads of a booking that we never knew. After those it is forgotten: nothing is freed when we stop,
and a webhook about no booking must not cost many reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What speaks for it that a booking is gone, or at another place. Instants are UTC, by our clock.

    `since`, `read_at`: the first and the last of `reads` in a row that said so. A list may have shown it meanwhile.
    """

    kind: Kind
    since: datetime
    read_at: datetime
    reads: int
    known: bool
    """It keeps time taken as far as we know; what is not known frees nothing."""
    held_until: datetime | None = None
    """An unconfirmed hold lapses then, as its provider told us before."""
    said_at: datetime | None = None
    """Its provider announced its end, or a person accepted it."""
    shown_at: datetime | None = None
    """A list, or a read by its id, last showed it as we know it."""
    lists_began_at: datetime | None = None
    """Every list that would show it was read to its end since; None: some was not, or no list shows that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Believe:
    """There is evidence enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAgain:
    """Nothing changes; read it again in `seconds`. `tell`: a person must know that it is in doubt."""

    seconds: float
    tell: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """It was never known here, and its channel does not find it: there is nothing to end."""


def conclude(doubt: Doubt) -> Believe | AskAgain | Forget:
    """What the evidence is good for.

    A booking is gone if its provider announced that and a read confirms it; if it was a hold whose time is over; or if
    several reads by its id found nothing over some time and every list that would show it does not.
    """
    if doubt.kind == "elsewhere":
        return Believe() if doubt.reads >= READS_ELSEWHERE else _again(doubt)
    if _was_announced(doubt) or _has_lapsed(doubt):
        return Believe()
    if not doubt.known:
        return _of_a_stranger(doubt)
    often = doubt.reads >= READS_NEEDED and doubt.read_at - doubt.since >= APART
    return Believe() if often and _is_in_no_list(doubt) else _again(doubt)


def _of_a_stranger(doubt: Doubt) -> AskAgain | Forget:
    if doubt.reads > len(UNKNOWN_PAUSES):
        return Forget()
    return AskAgain(seconds=UNKNOWN_PAUSES[doubt.reads - 1], tell=False)


def _was_announced(doubt: Doubt) -> bool:
    """An announcement is old news once the booking was shown again. The read that confirms it began afterwards."""
    if doubt.said_at is None or doubt.read_at < doubt.said_at:
        return False
    return doubt.shown_at is None or doubt.shown_at < doubt.said_at


def _has_lapsed(doubt: Doubt) -> bool:
    return doubt.held_until is not None and doubt.held_until <= doubt.read_at


def _is_in_no_list(doubt: Doubt) -> bool:
    """All lists were begun after it was last shown, and read to their end."""
    if doubt.lists_began_at is None:
        return False
    return doubt.shown_at is None or doubt.lists_began_at > doubt.shown_at


def _again(doubt: Doubt) -> AskAgain:
    seconds = PAUSES[doubt.reads - 1] if doubt.reads <= len(PAUSES) else LONG_PAUSE
    return AskAgain(seconds=seconds, tell=doubt.known and doubt.read_at - doubt.since >= TELL_AFTER)
