"""shares: which calls may go now, so that no use of an account's rate budget starves another. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

SOON = 1e-6
"""Seconds that count as none: a clock's reading is no more exact."""

Use = Literal["acting", "hints", "bookings", "probes", "offers", "audit"]
"""What a call is for: an act of ours that must look first, a booking that a webhook told of, lists of bookings,
offers that a decision waits for, offers of near days, and all that is read in the background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a use of a budget is sure of, and what it leaves to others beyond that."""

    least: float
    """Of the calls, whatever the others want; 0: none is set apart."""
    leaves: float
    """Of a whole burst: calls beyond the least share go only while more than this is left."""


SHARES: Mapping[Use, Share] = {
    "acting": Share(least=0.0, leaves=0.0),
    "hints": Share(least=0.30, leaves=0.14),
    "bookings": Share(least=0.30, leaves=0.20),
    "probes": Share(least=0.25, leaves=0.27),
    "offers": Share(least=0.10, leaves=0.34),
    "audit": Share(least=0.05, leaves=0.40),
}
"""Uses in order of their urgency. What one does not need, the next may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The numbers by which a call of one use is let through, in seconds and calls."""

    interval: float
    burst: int
    keep: float
    """Calls that are left to others beyond the own share; parts of one count, so that small budgets are shared, too."""
    own_interval: float
    """Between two calls of the own share; 0: there is none."""
    own_burst: int


def terms_of(burst: int, interval: float, use: Use) -> Terms:
    """`burst` and `interval` are the pace's, or one process's part of it."""
    share = SHARES[use]
    return Terms(
        interval=interval,
        burst=burst,
        keep=min(share.leaves * burst, burst - 1.0),
        own_interval=interval / share.least if share.least else 0.0,
        own_burst=max(2, round(share.least * burst)) if share.least else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """When the next call would arrive if all came at the steady rate (the generic cell rate algorithm)."""

    all: float = 0.0
    own: float = 0.0


def admitted(terms: Terms, levels: Levels, now: float, want: int) -> tuple[int, float, Levels]:
    """How many of the wanted calls may go at `now`, seconds until one more may, and the levels after them.

    Calls of the own share may take all that is left; calls beyond it leave some to the shares of others.
    """
    all_at, own_at = max(levels.all, now), max(levels.own, now)
    left = _left(terms.burst, terms.interval, all_at - now)
    due = _left(terms.own_burst, terms.own_interval, own_at - now) if terms.own_interval else 0.0
    within = min(want, int(due), int(left))
    taken = within + min(want - within, max(int(left - within - terms.keep), 0))
    all_at += taken * terms.interval
    own_at = min(own_at + taken * terms.own_interval, now + terms.own_burst * terms.own_interval)
    return taken, _wait(terms, all_at - now, own_at - now), Levels(all=all_at, own=own_at)


def _left(burst: int, interval: float, ahead: float) -> float:
    return max(0.0, (burst * interval - ahead + SOON) / interval)


def _wait(terms: Terms, ahead: float, own_ahead: float) -> float:
    beyond = ahead - (terms.burst - 1 - terms.keep) * terms.interval
    if not terms.own_interval:
        return _some(beyond)
    within = ahead - (terms.burst - 1) * terms.interval
    due = own_ahead - (terms.own_burst - 1) * terms.own_interval
    return _some(min(beyond, max(within, due)))


def _some(seconds: float) -> float:
    return seconds if seconds > SOON else 0.0
