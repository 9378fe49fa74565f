"""What a soak prints. No I/O."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles

from holdfast.soak.bounds import Bound, Exposed, Shares, Struck
from holdfast.soak.crowd import Act
from holdfast.soak.evidence import Violation
from holdfast.soak.sales import Sale

MOST_STORIES = 3
MOST_LINES = 60
MOST = 5

SHORTLY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of one soak."""

    seed: int
    seconds: float
    acts: Sequence[Act]
    staff: Sequence[Act]
    """What people at the venue did."""
    struck: Mapping[str, int]
    stood: Sequence[Struck]
    """The same, each from when to when."""
    spoilt: Mapping[str, int]
    """Answers that a proxy spoilt, by link."""
    counts: Mapping[str, int]
    exposures: Sequence[Exposed]
    shares: Sequence[Shares]
    """Of each exposure."""
    sales: Sequence[Sale]
    """What was sold twice; and"""
    unmeasured: Sequence[Sale]
    """where no exposure was measured at that moment."""
    pages: str
    """How they were answered."""
    convergence: float | None
    bounds: Sequence[Bound]
    violations: Sequence[Violation]

    def longest(self) -> list[Violation]:
        """Where a bound of exposure is broken: which exposures were longest by our own doing, to be told of."""
        kept = all(bound.kept for bound in self.bounds if bound.name.startswith("exposure"))
        told = [] if kept else longest(self.exposures, self.shares, self.stood)
        return [Violation(checker="bounds", what=line) for line in told]

    def lines(self) -> list[str]:
        """Ready to print."""
        return [
            f"Soak with seed {self.seed}, {self.seconds:.0f} s under fire",
            f"  Operations        {len(self.acts)} by guests: {_acts(self.acts)}",
            f"                    {len(self.staff)} at the venue: {_acts(self.staff)}",
            f"                    decided: {_decided(self.staff)}",
            *(f"    {amount:4} {why}" for why, amount in _refused(self.staff).most_common(MOST)),
            f"  Stored            {self.counts['bookings']} bookings, {self.counts['webhooks']} webhooks",
            f"  Outward calls     {self.counts['attempts']}, {self.counts['unknown']} of unknown outcome",
            f"  Faults            {sum(self.struck.values())}",
            *(f"    {count:4} {kind}" for kind, count in sorted(self.struck.items())),
            f"  Answers spoilt    {_counted(self.spoilt)}",
            f"  Conflicts         {self.counts['conflicts']}",
            f"  Exposure          {_spread([one.seconds for one in self.exposures])}",
            f"    by our doing    {_spread([one.ours for one in self.shares])}",
            f"    by others       {_blamed(self.shares)}",
            *(f"    {line}" for line in longest(self.exposures, self.shares, self.stood)),
            f"  Sold twice        {_sales(self.sales, self.unmeasured)}",
            *(f"    {sale}" for sale in self.unmeasured[:MOST]),
            f"  Pages read        {self.pages}",
            f"  Convergence       {_converged(self.convergence)}",
            f"  Bounds            {_kept(self.bounds)}",
            *(f"    {bound}" for bound in self.bounds),
            f"  Violations        {len(self.violations)}",
            *(f"    {violation}" for violation in self.violations),
        ]


def _acts(acts: Sequence[Act]) -> str:
    done = Counter(act.what for act in acts if not act.outcome.startswith("no: "))
    return f"{_counted(done)}; {len(acts) - done.total()} refused"


def _decided(acts: Sequence[Act]) -> str:
    """Conflicts, by what was done about them."""
    done = (a.outcome for a in acts if a.what == "decide" and not a.outcome.startswith("no: "))
    return _counted(Counter(outcome.split(" ")[0] for outcome in done))


def _refused(acts: Sequence[Act]) -> Counter[str]:
    """By the first words of why."""
    told = (act.outcome.removeprefix("no: ") for act in acts if act.outcome.startswith("no: "))
    return Counter(" ".join(why.split(" ")[:2]) for why in told)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "none"


def _spread(seconds: Sequence[float]) -> str:
    """Each time that taken time was sold elsewhere too, or could have been."""
    if len(seconds) < 2:
        return f"{len(seconds)} measured"
    cuts = quantiles(seconds, n=100, method="inclusive")
    return (
        f"{len(seconds)} measured, p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, "
        f"max {max(seconds):.2f} s"
    )


def longest(
    exposures: Sequence[Exposed], parts: Sequence[Shares], stood: Sequence[Struck]
) -> list[str]:
    """The exposures that were longest by our own doing, and the faults that stood from shortly before until their end."""
    worst = sorted(zip(exposures, parts, strict=True), key=lambda pair: -pair[1].ours)[:MOST]
    return [
        f"{part.ours:5.1f} s: {one.source} {one.ref} on {one.target} from {one.began:%H:%M:%S}, "
        f"{_during(one, stood)}"
        for one, part in worst
        if part.ours > 0
    ]


def _during(one: Exposed, stood: Sequence[Struck]) -> str:
    from_when = one.began - SHORTLY
    found = [s for s in stood if s.ended >= from_when and s.began <= one.ended]
    told = [
        f"{s.kind}{f' ({s.side})' if s.side else ''} {s.began:%M:%S}-{s.ended:%S}" for s in found
    ]
    return "; ".join(told) or "no fault"


def _blamed(shares: Sequence[Shares]) -> str:
    """What is not ours, in all."""
    outage, waits = (sum(part) for part in ([s.outage for s in shares], [s.waits for s in shares]))
    return f"{outage:.0f} s while a provider was out of reach, {waits:.0f} s while no calls were wanted"


def _sales(sales: Sequence[Sale], unmeasured: Sequence[Sale]) -> str:
    return f"{len(sales)} times, {len(unmeasured)} of them with no exposure measured"


def _kept(bounds: Sequence[Bound]) -> str:
    return f"{sum(bound.kept for bound in bounds)} of {len(bounds)} kept"


def _converged(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s after the last fault was healed"


def concerned(violations: Sequence[Violation], refs: Sequence[str]) -> list[str]:
    """The bookings that the violations name, the first few."""
    text = " ".join(violation.what for violation in violations)
    return [ref for ref in dict.fromkeys(refs) if ref in text][:MOST_STORIES]


def story(ref: str, acts: Sequence[Act], entries: Sequence[str]) -> list[str]:
    """One booking's history, by its guest and by our journal, in order."""
    lines = sorted(
        [*(str(act) for act in acts if act.ref == ref or act.outcome.startswith(ref)), *entries]
    )
    return [f"History of {ref}", *(f"  {line}" for line in lines[:MOST_LINES])]
