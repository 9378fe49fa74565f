"""What a soak may cost and how long it may take at the most: figures with their limits. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import quantiles

from holdfast.soak.evidence import Violation
from holdfast.soak.faults import EVERY_SIDE

CONVERGENCE_SECONDS = 30.0
"""A frozen worker's lease, which is the longest wait of ours after a fault."""

EXPOSURE_P99_SECONDS = 15.0
EXPOSURE_MAX_SECONDS = 60.0
"""Of our own making: without a provider's outage and without the waits that it asks for."""

CALLS_PER_BOOKING = 8.0
READS_PER_EVENT = 4.0
"""Beyond what is read by plan, for each webhook and each call of ours."""

TABLE_KIB_PER_BOOKING = 60.0
LOG_KIB_PER_BOOKING = 24.0

FEW, MANY = 100, 200
"""Of fewer exposures the longest says it all; of fewer bookings no ratio says anything: one of a whole house takes as many
calls as fifty of a room."""

OUTAGES = (
    "provider 5xx",
    "provider time-out",
    "providers all away",
    "token revoked",
    "link ",
    "process paused",
)
WAITS = (
    "provider 429",
    "people pause",
    "configuration account",
    "configuration shadow",
    "configuration paused",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A fault as it was, from its beginning until it was healed. `side`: the provider that it kept from us, if one."""

    kind: str
    side: str | None
    began: datetime
    ended: datetime
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """A time in which something could be sold twice, by our clock: a booking of one side, offered on the other."""

    source: str
    target: str
    began: datetime
    ended: datetime
    ref: str = ""
    """The booking's, at its source."""

    @property
    def seconds(self) -> float:
        return max(0.0, (self.ended - self.began).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Of one exposure: seconds of a provider's outage, seconds that it or a person asked us to wait, and what
    is left to us."""

    outage: float
    waits: float
    ours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Amounts of the whole soak. `planned`: reads that would have been made if nothing had happened."""

    bookings: int
    webhooks: int
    calls: int
    reads: int
    planned: float
    table_bytes: int
    """By which they grew."""
    log_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A figure and what it may be at the most; None: there is nothing to measure it by."""

    name: str
    figure: float | None
    limit: float
    unit: str = ""

    @property
    def kept(self) -> bool:
        return self.figure is None or self.figure <= self.limit

    def __str__(self) -> str:
        figure = "-" if self.figure is None else f"{self.figure:,.1f}{self.unit}"
        return f"{self.name}: {figure} of {self.limit:,.0f}{self.unit}{'' if self.kept else ', too much'}"


def shares(exposed: Exposed, struck: Sequence[Struck]) -> Shares:
    """Who is to blame for how much; where two are, the provider's outage comes first."""
    near = [s for s in struck if s.side in (exposed.source, exposed.target, EVERY_SIDE)]
    out = [s for s in near if s.kind.startswith(OUTAGES)]
    asked = [s for s in near if s.kind.startswith(WAITS)]
    outage = _covered(exposed, out)
    waits = _covered(exposed, [*out, *asked]) - outage
    return Shares(outage=outage, waits=waits, ours=exposed.seconds - outage - waits)


def _covered(exposed: Exposed, struck: Sequence[Struck]) -> float:
    """Seconds of it in which at least one of them stood."""
    total, until = 0.0, exposed.began
    for one in sorted(struck, key=lambda s: s.began):
        began, ended = max(one.began, until), min(one.ended, exposed.ended)
        if began < ended:
            total += (ended - began).total_seconds()
            until = ended
    return total


def p99(seconds: Sequence[float]) -> float | None:
    """None: of so few it would be the longest, which has a limit of its own."""
    return quantiles(seconds, n=100, method="inclusive")[98] if len(seconds) >= FEW else None


def time_bounds(
    convergence: float | None, found: Sequence[Shares], patience: float = 1.0
) -> list[Bound]:
    """Of how long it took; that nothing ever came to rest is a violation of its own. `patience` stretches the limits."""
    ours = [one.ours for one in found]
    return [
        Bound(
            name="convergence", figure=convergence, limit=patience * CONVERGENCE_SECONDS, unit=" s"
        ),
        Bound(
            name="exposure p99", figure=p99(ours), limit=patience * EXPOSURE_P99_SECONDS, unit=" s"
        ),
        Bound(
            name="exposure max",
            figure=max(ours, default=None),
            limit=patience * EXPOSURE_MAX_SECONDS,
            unit=" s",
        ),
    ]


def cost_bounds(costs: Costs) -> list[Bound]:
    """Of what it cost."""
    enough = costs.bookings >= MANY
    per_booking = {
        "calls per booking": (float(costs.calls), CALLS_PER_BOOKING),
        "table KiB per booking": (costs.table_bytes / 1024, TABLE_KIB_PER_BOOKING),
        "log KiB per booking": (costs.log_bytes / 1024, LOG_KIB_PER_BOOKING),
    }
    found = [
        Bound(name=name, figure=amount / costs.bookings if enough else None, limit=limit)
        for name, (amount, limit) in per_booking.items()
    ]
    events = costs.webhooks + costs.calls
    beyond = max(0.0, costs.reads - costs.planned)
    figure = beyond / events if enough and events else None
    return [
        *found,
        Bound(name="reads beyond the plan per event", figure=figure, limit=READS_PER_EVENT),
    ]


def broken(bounds: Sequence[Bound]) -> Iterator[Violation]:
    """Whatever went beyond its limit is a violation as any other."""
    for bound in bounds:
        if not bound.kept:
            yield Violation(checker="bounds", what=str(bound))
