"""When the calls of an account stop because none is answered, and when one is tried again. Pure: no I/O.

Closed: all go. Open: none goes before `retry_at`. Half open, from then on: one goes, and its answer closes it at once.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from holdfast.inventory.backoff import Schedule, step

Direction = Literal["in", "out"]
"""Reads are `in`, writes are `out`."""

OPENS_AFTER = 5
"""Calls without an answer, one after the other, whoever made them."""

UNAUTHORISED = 401

WAIT = Schedule(base=5.0, cap=60.0)

OTHER_ANSWERS = timedelta(seconds=15)
"""A provider that answers in one direction is there: so soon at least the other one is tried, whatever it waits."""

PROBE_TIME = timedelta(seconds=30)
"""So long nobody else tries; who tried and is gone by then, died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Of one account in one direction. `failures` are the calls without an answer since the last one that had one."""

    failures: int = 0
    opened_at: datetime | None = None
    """None: closed."""
    retry_at: datetime | None = None
    probing: bool = False
    """The one call is made; until `retry_at` it has its time."""


CLOSED = Breaker()


def answered() -> Breaker:
    """Any answer closes it, also one to a call that was under way when it opened."""
    return CLOSED


def failed(breaker: Breaker, now: datetime, jitter: float) -> Breaker:
    """After a call without an answer; `jitter` lies in [0, 1). What flew when it opened, tells nothing new."""
    if breaker.opened_at is not None and not breaker.probing:
        return breaker
    failures = breaker.failures + 1
    if breaker.opened_at is None and failures < OPENS_AFTER:
        return replace(breaker, failures=failures)
    wait = timedelta(seconds=step(WAIT, failures - OPENS_AFTER, jitter))
    return Breaker(failures=failures, opened_at=breaker.opened_at or now, retry_at=now + wait)


def hastened(other: Breaker, now: datetime) -> Breaker:
    """The breaker of one direction once a call in the other was answered: its waits have doubled for nothing."""
    soon = now + OTHER_ANSWERS
    if other.retry_at is None or other.probing or other.retry_at <= soon:
        return other
    return replace(other, retry_at=soon)


def allowed(breaker: Breaker, now: datetime) -> Literal["all", "probe", "none"]:
    """What may go now."""
    if breaker.retry_at is None:
        return "all"
    return "probe" if breaker.retry_at <= now else "none"


def counts(status: int | None) -> Literal["answered", "failed", "unsaid"]:
    """What a status says of the provider; None: none was seen. Who says 429 is there, but does not work for us now.

    Who refuses our credentials does nothing for us either: every other call would be refused alike.
    """
    if status is None or status >= 500 or status == UNAUTHORISED:
        return "failed"
    return "unsaid" if status == 429 else "answered"
