"""What a flood is judged by, and what it prints. No I/O."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median, quantiles

from holdfast.soak.evidence import Violation

LONG_SECONDS = 60.0
"""Shorter floods say nothing of how things go on."""

FLAT_SECONDS = 0.25
"""An acknowledgement may become so much slower by what else the machine does."""

MOST_GROWTH = 96 * 2**20
"""Bytes by which a process may grow in the course of a flood."""

SLACK = 128
"""Places by which bookings may overtake each other: two workers take 32 each, and may lose a race for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One delivery of ours: when, seconds from the beginning; status 0: no answer at all."""

    at: float
    status: int
    asked_again: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """A booking that waited to be read when the flood was over."""

    account_id: int
    ref: str
    starts_at: datetime | None
    ends_at: datetime | None
    told: int
    done_at: datetime | None
    put_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one flood. `sizes`: resident bytes of each process, once a second."""

    seed: int
    seconds: float
    capacity: float
    """Bookings a second that the workers read and decide on."""
    rate: float
    """Webhooks a second that were to be sent."""
    sent: Sequence[Sent]
    ended_at: datetime
    backlog: Sequence[Waited]
    rows_waiting: int
    drained: float | None
    sizes: Mapping[str, Sequence[int]]
    at_rest: float | None = None
    """Seconds from then on until all was right and nothing waited any more."""


def fifth(sent: Sequence[Sent], number: int, seconds: float) -> list[float]:
    """How long each acknowledgement took in the first (0) to last (4) fifth, in order of length."""
    low, high = seconds * number / 5, seconds * (number + 1) / 5
    return sorted(s.seconds for s in sent if low <= s.at < high and s.status == 200)


def disorder(backlog: Sequence[Waited], ended_at: datetime) -> Iterator[str]:
    """Who was read although many riskier ones still waited."""
    by_account: dict[int, list[Waited]] = defaultdict(list)
    for one in backlog:
        if not one.put_off and one.done_at is not None:
            by_account[one.account_id].append(one)
    for those in by_account.values():
        those.sort(key=lambda one: _risk(one, ended_at))
        read = sorted(those, key=lambda one: one.done_at or ended_at)
        places = {one.ref: place for place, one in enumerate(read)}
        for place, one in enumerate(those):
            if abs(places[one.ref] - place) > SLACK:
                yield f"{one.ref}, number {place} by risk, was number {places[one.ref]} to be read"


def _risk(one: Waited, now: datetime) -> tuple[int, datetime]:
    if one.starts_at is None or one.ends_at is None:
        return 0, now
    return (2 if one.ends_at <= now else 1), one.starts_at


def violations(found: Figures) -> list[Violation]:
    """Besides those that the soak's own checkers find."""
    broken = [("answer", f"{count} answered {status}") for status, count in _strange(found.sent)]
    if any(s.status == 503 and not s.asked_again for s in found.sent):
        broken.append(("answer", "503 without Retry-After"))
    broken += [("order", what) for what in disorder(found.backlog, found.ended_at)]
    if found.drained is None or found.at_rest is None:
        broken.append(("rest", "the backlog was never worked off"))
    if found.seconds >= LONG_SECONDS:
        broken += [("acknowledgement", what) for what in _slower(found)]
    broken += [("memory", what) for what in _grown(found.sizes)]
    return [Violation(checker=checker, what=what) for checker, what in broken]


def _strange(sent: Sequence[Sent]) -> list[tuple[int, int]]:
    return [(s, n) for s, n in Counter(one.status for one in sent).items() if s not in (200, 503)]


def _slower(found: Figures) -> Iterator[str]:
    first, last = (fifth(found.sent, n, found.seconds) for n in (0, 4))
    if not first or not last or median(last) > 2 * median(first) + FLAT_SECONDS:
        yield f"from {_spread(first)} in the first fifth to {_spread(last)} in the last"


def _grown(sizes: Mapping[str, Sequence[int]]) -> Iterator[str]:
    for name, seen in sizes.items():
        early = seen[: max(1, len(seen) // 5)]
        if seen and max(seen) - max(early) > MOST_GROWTH:
            yield f"{name} grew from {_mib(max(early))} to {_mib(max(seen))}"


def lines(found: Figures, counts: Mapping[str, int], broken: Sequence[Violation]) -> list[str]:
    """Ready to print."""
    during = [s for s in found.sent if s.status == 200]
    refused = sum(s.status == 503 for s in found.sent)
    return [
        f"Flood with seed {found.seed}, {found.seconds:.0f} s",
        f"  Workers absorb    {found.capacity:.0f} bookings/s told of once each",
        f"  Webhooks          {len(found.sent)} sent, {len(found.sent) / found.seconds:.0f}/s"
        f" ({found.rate:.0f}/s wanted), {len(during)} accepted, {refused} refused with 503",
        f"  Acknowledged in   {_spread(fifth(found.sent, 0, found.seconds))} in the first fifth",
        f"                    {_spread(fifth(found.sent, 4, found.seconds))} in the last fifth",
        f"  Backlog           {found.rows_waiting} webhooks about {len(found.backlog)} bookings",
        f"  Worked off        {_after(found.drained)}{_rested(found.at_rest)}",
        f"  Order             {_order(found)}",
        *(f"  Memory            {name} {_memory(seen)}" for name, seen in found.sizes.items()),
        f"  Stored            {counts['bookings']} bookings, {counts['webhooks']} webhooks,"
        f" {counts['attempts']} outward calls, {counts['conflicts']} conflicts",
        f"  Violations        {len(broken)}",
        *(f"    {violation}" for violation in broken),
    ]


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:
        return f"{len(seconds)} measured"
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms"


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s after the flood"


def _rested(seconds: float | None) -> str:
    return "" if seconds is None else f"; all at rest {seconds:.1f} s later"


def _order(found: Figures) -> str:
    """By when the near, the middle and the far third of what waited were read."""
    read = [one for one in found.backlog if one.done_at is not None]
    read.sort(key=lambda one: _risk(one, found.ended_at))
    third = max(1, len(read) // 3)
    when = [
        median((one.done_at - found.ended_at).total_seconds() for one in part if one.done_at)
        for part in (read[:third], read[third : 2 * third], read[2 * third :])
        if part
    ]
    return "read after " + ", ".join(f"{s:.1f} s" for s in when) + " (thirds by risk, medians)"


def _memory(seen: Sequence[int]) -> str:
    return f"{_mib(seen[0])} at first, {_mib(max(seen))} at most, {_mib(seen[-1])} in the end"


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
