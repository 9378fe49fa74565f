"""What the checkers find in Holdfast as it is, and is not mended yet: it is named here, and nothing else is let pass."""

from collections.abc import Iterable

from tests.simulation.checkers import CONFLICTS, GIVEN_UP
from tests.simulation.plot import Plot
from tests.simulation.watch import Violation
from tests.simulation.witness import ENDED, FOREIGN, FREED


def owed(plot: Plot) -> set[str]:
    """The checkers that may find something in a run of this kind."""
    found = set[str]()
    if (
        plot.policy is not None
    ):  # a decision rests on what was known before it; keep_both hides a later clash
        found |= {ENDED, CONFLICTS}
    if plot.wrong == "one event id":  # the second event of an id is dropped
        found |= {"every 2xx is kept"}
    if plot.change == "second account":  # a block is known to one account only
        found |= {FOREIGN, FREED, "no orphan block", "nothing is sold twice", ENDED}
        found |= {"everything comes to an end"}
    if (
        plot.change == "listing joins"
    ):  # a process with an older configuration decides on what it does not know
        found |= {FREED, GIVEN_UP, "no step fails"}
    if plot.change == "listing leaves":  # a call that was under way is made all the same
        found |= {"no orphan block"}
    return found


def unexpected(plot: Plot, violations: Iterable[Violation]) -> list[Violation]:
    """Those that are not owed."""
    known = owed(plot)
    return [violation for violation in violations if violation[0] not in known]
