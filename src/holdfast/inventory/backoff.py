"""When to try again: a pure function of what failed, how often, and a drop of randomness. No I/O."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Failure = Literal[
    "not_sent", "unknown", "taken", "gone", "rejected", "limited", "unauthorised", "broken"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Pauses that double from `base` to `cap` seconds."""

    base: float
    cap: float


SCHEDULES: dict[Failure, Schedule] = {
    "not_sent": Schedule(base=0.5, cap=120.0),
    "unknown": Schedule(base=0.5, cap=60.0),
    "taken": Schedule(base=0.25, cap=1.0),
    "unauthorised": Schedule(base=2.0, cap=60.0),
    "broken": Schedule(base=2.0, cap=300.0),
}

GIVE_UP_AFTER = timedelta(hours=24)
"""A push that still fails then is dead: shown, alerting, revivable."""

TRIES_AT_LEAST = 20
"""But not before: what waited a day because nobody answered was hardly tried."""


REFUSED = Schedule(base=15.0, cap=300.0)
"""For a channel that refuses, again and again, what it goes on offering."""

REMEMBERED = timedelta(hours=1)
"""How far back refusals count."""


def patience(times: int) -> timedelta:
    """How long after the last of so many refusals the same time is asked for again."""
    return timedelta(seconds=min(REFUSED.cap, REFUSED.base * 2.0 ** min(times - 1, 30)))


def pause(
    failure: Failure, attempts: int, jitter: float, told: float | None = None
) -> float | None:
    """Seconds until the next try; None: trying again is no use.

    `jitter` lies in [0, 1); full jitter, but never less than half a step, so that retries do spread and do
    wait. `told` is the provider's own Retry-After, which is never undercut.
    """
    if told is not None:
        return told + jitter
    schedule = SCHEDULES.get(failure)
    if schedule is None:
        return None
    return step(schedule, attempts, jitter)


def step(schedule: Schedule, times: int, jitter: float) -> float:
    """Seconds of the pause after so many; see `pause` for the jitter."""
    whole = min(schedule.cap, schedule.base * 2.0 ** min(times, 30))
    return whole * (0.5 + jitter / 2)
