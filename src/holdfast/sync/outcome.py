"""What a finished or failed call means for its push: a pure function, so that every failure is a table row. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from holdfast.channel import (
    Broken,
    ChannelError,
    Gone,
    Limited,
    NotSent,
    Placed,
    Rejected,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.inventory.backoff import GIVE_UP_AFTER, TRIES_AT_LEAST, Failure, pause

REHOLD_PATIENCE = timedelta(seconds=20)
"""So long after a hold of ours lapsed, `taken` may still mean by ourselves: clocks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The channel did it. `placed` is what is there now; None after a release or a cancel."""

    placed: Placed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Surely not done; try again in `seconds`."""

    seconds: float
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class FindOut:
    """Perhaps done: read the channel in `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Not done, and the same call again is no use: decide anew."""

    why: Literal["taken", "gone", "rejected", "given_up", "overtaken"]


Verdict = Done | Again | FindOut | Ended

_CLASSES: tuple[tuple[type[ChannelError], Failure], ...] = (
    (NotSent, "not_sent"),
    (Unknown, "unknown"),
    (Taken, "taken"),
    (Gone, "gone"),
    (Rejected, "rejected"),
    (Limited, "limited"),
    (Unauthorised, "unauthorised"),
    (Broken, "broken"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the verdict on a failure depends on besides the failure. `jitter` lies in [0, 1)."""

    attempts: int
    in_a_row: int
    """Of them, how many of the latest failed in this very way: a wait grows with those alone."""
    tried_since: datetime
    now: datetime
    jitter: float
    gap_since: datetime | None = None


def failure_of(error: ChannelError) -> Failure:
    """The class of a failure, for records and metrics."""
    return next(name for kind, name in _CLASSES if isinstance(error, kind))


def judge(error: ChannelError, around: Circumstances) -> Verdict:
    """What a failed call means.

    A slot taken while our own hold on it may only just be lapsing is tried again; whatever may be tried
    again is given up after a day of tries.
    """
    failure = failure_of(error)
    if failure in ("gone", "rejected"):
        return Ended(why="gone" if failure == "gone" else "rejected")
    if failure == "taken" and not _just_lapsed(around):
        return Ended(why="taken")
    told = error.retry_after if isinstance(error, Limited) else None
    seconds = pause(failure, around.in_a_row, around.jitter, told)
    if failure == "unknown":
        return FindOut(seconds=seconds or 0.0)
    if seconds is None or _in_vain(around):
        return Ended(why="given_up")
    return Again(seconds=seconds, failure=failure)


def _in_vain(around: Circumstances) -> bool:
    """For so long, and so often."""
    long_ago = around.now - around.tried_since > GIVE_UP_AFTER
    return long_ago and around.attempts >= TRIES_AT_LEAST


def _just_lapsed(around: Circumstances) -> bool:
    return around.gap_since is not None and around.now - around.gap_since < REHOLD_PATIENCE
