"""Holdfast, broken on purpose in one place each: every variant must be caught, and by whom is written down."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.simulation.checkers import GIVEN_UP
from tests.simulation.owed import unexpected
from tests.simulation.plot import Plot, plot_of
from tests.simulation.scene import run
from tests.simulation.watch import REPLAY
from tests.simulation.witness import ENDED, FREED, READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """`caught_by` are the checkers that must find it, any of them first, within so many seeds.

    `plot`: what of the runs is as it must be to show it, whatever their seeds stand for.
    """

    name: str
    how: str
    caught_by: Collection[str]
    within: int
    plot: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """The first seed that found it, and by which checkers."""

    seed: int
    checkers: Collection[str]


VARIANTS = (
    Variant(
        name="no on conflict",
        how="constraints refuse, and no statement says what then",
        caught_by=("no step fails", "every webhook is taken"),
        within=300,
    ),
    Variant(
        name="acknowledge before commit",
        how="a webhook is answered before it is stored",
        caught_by=("every 2xx is kept",),
        within=300,
    ),
    Variant(
        name="blind retry",
        how="a call whose answer was lost is made again without a look",
        caught_by=("effects at most once", "every block is known"),
        within=600,
    ),
    Variant(
        name="no lease fencing",
        how="whoever comes back late settles a push that is not his any more",
        caught_by=("who lost the lease settles nothing",),
        within=300,
    ),
    Variant(
        name="no leases",
        how="what one worker has in hand another takes as well",
        caught_by=(
            *("everything comes to an end", "effects at most once", "nothing is sold twice"),
            GIVEN_UP,
        ),
        within=300,
    ),
    Variant(
        name="decides on an old configuration",
        how="a process decides on the venue as it knows it, whatever was configured since",
        caught_by=(FREED,),
        within=300,
        plot={"change": "listing joins"},
    ),
    Variant(
        name="no time to arrive",
        how="what a dead worker sent counts as not done at once, though it may still arrive",
        caught_by=("effects at most once", "every block is known", "no orphan block"),
        within=600,
        plot={"pool": True},
    ),
    Variant(
        name="no sweep",
        how="Redis is off, and nobody looks without being told to",
        caught_by=("everything comes to an end", "every booking is known"),
        within=300,
    ),
    Variant(
        name="no echo suppression",
        how="our own blocks are taken for guests' bookings",
        caught_by=("no booking is invented",),
        within=300,
    ),
    Variant(
        name="counting",
        how="who takes time is counted from events, not derived from what is",
        caught_by=("no orphan block", "nothing is sold twice"),
        within=300,
    ),
    Variant(
        name="absence in a partial scan",
        how="what a scan that broke off did not show is taken to be gone",
        caught_by=(READ, "the dead stay dead", "every booking is known", "effects at most once"),
        within=300,
    ),
    Variant(
        name="older overwrites newer",
        how="a read that began earlier is applied after a later one",
        caught_by=("versions never go back",),
        within=300,
    ),
    Variant(
        name="no pauses",
        how="what a person holds back is taken all the same",
        caught_by=("what is paused waits",),
        within=300,
    ),
    Variant(
        name="same booking as its own rival",
        how="what two accounts know of one booking counts as two bookings",
        caught_by=(ENDED,),
        within=60,
        plot={"change": "second account", "policy": "person"},
    ),
    Variant(
        name="decides on stale reads",
        how="before a cancel goes out what was known is taken to be so now, and nothing is read",
        caught_by=(ENDED,),
        within=60,
        plot={"policy": "auto"},
    ),
    Variant(
        name="drops a second event of one id",
        how="an event whose id came before is not kept, whatever it tells",
        caught_by=("every 2xx is kept",),
        within=60,
        plot={"wrong": "one event id"},
    ),
    Variant(
        name="believes one 404",
        how="one answer that finds nothing is taken for three, and for what all lists showed",
        caught_by=(FREED, "the dead stay dead"),
        within=60,
        plot={"wrong": "one absence"},
    ),
    Variant(
        name="green while blind",
        how="an account counts as read to its end once any page of it was read",
        caught_by=(READ,),
        within=300,
    ),
    Variant(
        name="frees untold",
        how="a unit is given back, and the journal is not told of it",
        caught_by=(REPLAY,),
        within=20,
    ),
    Variant(
        name="wishes untold",
        how="a block is wanted otherwise, and the journal is told of that alone, not of the block",
        caught_by=(REPLAY,),
        within=20,
    ),
    Variant(
        name="retired venue forgotten",
        how="what is out of service is not known any more, and so is nothing of ours there",
        caught_by=(FREED, "no orphan block", "no step fails"),
        within=100,
        plot={"change": "listing leaves"},
    ),
)


def hunt(variant: Variant, seeds: int) -> Catch | None:
    """Try seed after seed until one of the checkers finds something; None: it got away."""
    for seed in range(1, seeds + 1):
        plot: Plot = replace(plot_of(seed), **variant.plot)
        found = unexpected(plot, run(seed, {variant.name}, plot).violations)
        if found:
            return Catch(seed=seed, checkers=sorted({name for name, _ in found}))
    return None
