"""Which faults strike when, by the seed alone. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from holdfast.soak.proxy import MANNERS
from holdfast.soak.traits import traits

OURS = ("web.1", "web.2", "worker.1", "worker.2", "worker.3")
SIDES = tuple(sorted(traits()))
LINKS = (*(f"to-{side}" for side in SIDES), "webhooks", "to-redis", "to-postgres")

EVERY_SIDE = "every provider"
FILE = "holdfast.toml"

CHANGES: dict[str, Sequence[str]] = {
    **dict.fromkeys(
        (
            "configuration listing renamed",
            "configuration unit renamed",
            "configuration venue renamed",
            "configuration venue away",
            "configuration pool unit away",
            "configuration seats",
            "configuration pauses",
            "configuration zone",
            "configuration policy",
            "configuration trust",
            "configuration contact",
        ),
        (FILE,),
    ),
    "configuration account renamed": SIDES,
    "configuration shadow": SIDES,
    "configuration paused": SIDES,
    "configuration secret": SIDES,
}
"""What people change in a configuration, one thing after the other. A venue comes to rest only minutes after some of it,
so a short soak has none, and no soak has any near its end."""

LIES = (
    "provider 404",
    "provider list short",
    "provider list lacks one",
    "provider id again",
    "provider booking elsewhere",
)

TARGETS: dict[str, Sequence[str]] = {
    "process killed": OURS,
    "process told to stop": OURS,
    "process paused": (*OURS, *SIDES),
    "redis flushed": ("redis",),
    "redis killed": ("redis",),
    "redis paused": ("redis",),
    "redis lies": ("redis",),
    "redis goes back": ("redis",),
    "redis takes nothing in": ("redis",),
    "postgres killed": ("postgres",),
    "postgres paused": ("postgres",),
    "postgres full": ("postgres",),
    "provider 429": SIDES,
    "provider 5xx before": SIDES,
    "provider 5xx after": SIDES,
    "provider time-out after": SIDES,
    "webhooks duplicated": SIDES,
    "webhooks reordered": SIDES,
    "webhooks late": SIDES,
    "webhooks lost": SIDES,
    "provider clock ahead": SIDES,
    "token revoked": SIDES,
    "providers all away": (EVERY_SIDE,),
    "people pause pushes": SIDES,
    "people pause intake": SIDES,
    "people read all again": SIDES,
    "configuration listing away": (FILE,),
    "configuration refused": (FILE,),
    **dict.fromkeys(LIES, SIDES),
    **{f"link {manner}": LINKS for manner in MANNERS},
}
"""What each kind of fault may strike in any soak. A simulator is never killed: its books are the truth that all is
judged by."""

RARE: Mapping[str, tuple[float, float, float]] = {
    "postgres crowded": (2.0, 8.0, 20.0),
    "postgres goes back": (5.0, 30.0, 90.0),
}
"""What takes a machine much work: once in a long soak, in a short one never. Seconds at least and at most; and before the
end of the soak: so long there is still news of which an older state must learn."""

LEASE_AND_MORE = 35.0
"""Seconds: a worker paused for so long comes back to leases that others have taken."""

LONGER_THAN_A_HOLD = (11.0, 16.0)
"""Seconds: the simulators' shortest hold lapses within, and nobody can place it again."""

LONG_FROM = 180.0
"""Seconds of a soak from which on its faults may last long."""

QUIET_AT_THE_END = 60.0
"""Seconds of a long soak in which no change of the configuration begins."""

CHANGE_SECONDS = 20.0
"""One change of the configuration fits into so many seconds, on a busy machine."""

A_ROUND = 3
"""Each later round of all other kinds has this many changes of the configuration."""

SPARE = 11
"""Gaps are random: so many more than there are kinds fit into the time on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One of them: `at` and `seconds` count from the beginning and from there. `dice` is for its details."""

    at: float
    kind: str
    target: str
    seconds: float
    dice: float

    @property
    def thing(self) -> str:
        """What it keeps busy: no second fault strikes the same thing meanwhile."""
        words = {"provider": "api", "webhooks": "hooks", "token": "token", "link": "link"}
        words |= {"people": "account"}
        if self.kind.startswith("configuration"):
            return f"{FILE} file"
        return f"{self.target} {words.get(self.kind.split()[0], 'process')}"

    @property
    def side(self) -> str | None:
        """The provider that it keeps from us, or EVERY_SIDE; None: it is a trouble of our own."""
        if self.target == EVERY_SIDE:
            return EVERY_SIDE
        name = self.target.removeprefix("to-")
        return name if name in SIDES else None

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.kind}: {self.target}, for {self.seconds:.1f} s"


def kinds(seed: int, seconds: float) -> list[str]:
    """What strikes in a soak: all that may, but of the changes of the configuration only as many as there is time for."""
    if seconds < LONG_FROM:
        return sorted(TARGETS)
    random = Random(f"changes {seed}")  # noqa: S311 - reproducible, not secret
    fitting = int((seconds - QUIET_AT_THE_END) / CHANGE_SECONDS)
    return sorted([*TARGETS, *random.sample(sorted(CHANGES), min(len(CHANGES), fitting))])


def planned(seed: int, seconds: float, gap: float) -> list[Fault]:
    """Every kind once, in a random order, before any comes twice; `gap` seconds between two, on average.

    In a short soak less, so that there is time for every kind.
    """
    chosen = kinds(seed, seconds)
    gap = min(gap, seconds / (len(chosen) + SPARE))
    random = Random(f"faults {seed}")  # noqa: S311 - reproducible, not secret
    deck = _deck(random, chosen)
    found, at = [], gap
    while at < seconds:
        kind = next(k for k in deck if k not in CHANGES or at < seconds - QUIET_AT_THE_END)
        found.append(
            Fault(
                at=at,
                kind=kind,
                target=random.choice(_targets(kind, seconds)),
                seconds=_length(random, kind, seconds),
                dice=random.random(),
            )
        )
        at += random.uniform(0.3, 1.7) * gap
    return sorted([*found, *_rare(seed, seconds)], key=lambda fault: fault.at)


def _rare(seed: int, seconds: float) -> Iterator[Fault]:
    random = Random(f"rare faults {seed}")  # noqa: S311 - reproducible, not secret
    for kind, (least, most, before) in RARE.items() if seconds >= LONG_FROM else ():
        long = random.uniform(least, most)
        at = random.uniform(least, seconds - before - most)
        yield Fault(at=at, kind=kind, target="postgres", seconds=long, dice=random.random())


def _deck(random: Random, chosen: Sequence[str]) -> Iterator[str]:
    """Of what is changed in the configuration only some comes again in each round: else all would always change."""
    always = [kind for kind in chosen if kind in TARGETS]
    changes = [kind for kind in chosen if kind in CHANGES]
    now = changes
    while True:
        kinds = [*always, *now]
        random.shuffle(kinds)
        yield from kinds
        now = random.sample(changes, min(A_ROUND, len(changes)))


def _targets(kind: str, seconds: float) -> Sequence[str]:
    """A key that stays refused is tried again after minutes only: too long for a short soak."""
    if kind == "token revoked" and seconds < LONG_FROM:
        return [side for side, known in traits().items() if not known.restore]
    return (TARGETS | CHANGES)[kind]


def _length(random: Random, kind: str, seconds: float) -> float:
    if kind == "process paused" and seconds >= LONG_FROM and random.random() < 0.3:
        return LEASE_AND_MORE
    if kind == "providers all away" and seconds >= LONG_FROM:
        return random.uniform(*LONGER_THAN_A_HOLD)
    short = kind.endswith(("killed", "to stop"))
    return random.uniform(0.5, 3.0) if short else random.uniform(1.0, 6.0)
