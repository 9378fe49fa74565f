"""What kind of run a seed stands for: most are short and plain, some tell a story of their own."""

from dataclasses import dataclass
from typing import Literal, get_args

Wrong = Literal["one absence", "late reads", "short list", "one event id"]
"""What a provider answers wrongly: a live booking is not found, once; a read by id is ahead of its own writes; a list
ends early and does not say so; all events bear the same id."""

Change = Literal[
    "unit returns",
    "listing returns",
    "account returns",
    "unit joins",
    "longer cleanup",
    "listing joins",
    "listing leaves",
    "account is renamed",
    "second account",
]
"""What becomes of the configuration."""

WRONGS: tuple[Wrong, ...] = get_args(Wrong)
CHANGES: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """`policy`: who settles conflicts; None: nobody does, and nobody is made to meet."""

    pool: bool
    pauses: bool
    goes_away: bool
    policy: Literal["person", "auto"] | None
    wrong: Wrong | None
    change: Change | None

    @property
    def long(self) -> bool:
        """Whether a policy's grace time must pass."""
        return self.policy == "auto"


def plot_of(seed: int) -> Plot:
    """The same seed, the same kind; which kinds meet is left to numbers that have nothing in common."""
    policy: Literal["person", "auto"] | None = None
    if seed % 7 == 3:
        policy = "auto" if seed // 7 % 2 else "person"
    return Plot(
        pool=seed % 4 == 0,
        pauses=seed % 5 == 0,
        goes_away=seed % 3 == 0,
        policy=policy,
        wrong=WRONGS[seed // 8 % len(WRONGS)] if seed % 8 in (2, 5) else None,
        change=CHANGES[seed // 11 % len(CHANGES)] if seed % 11 == 6 else None,
    )
