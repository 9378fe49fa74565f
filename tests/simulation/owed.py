"""What the checkers find in Holdfast as it is, and is not mended yet: it is named here, and nothing else is let pass."""

from collections.abc import Iterable

from tests.simulation.checkers import CONFLICTS, GIVEN_UP
from tests.simulation.plot import Plot
from tests.simulation.watch import Violation
from tests.simulation.witness import FOREIGN, FREED


def owed(plot: Plot) -> set[str]:
    """The checkers that may find something in a run of this kind."""
    found = set[str]()
    # `apply` refuses two names for one place. Where a store holds them all the same, each account takes the other's
    # blocks for strangers of ours; what must hold even so is that no guest is cancelled.
    if plot.change == "second account":
        found |= {FOREIGN, FREED, CONFLICTS, "no orphan block", "nothing is sold twice"}
        found |= {"everything comes to an end", GIVEN_UP}
    return found


def unexpected(plot: Plot, violations: Iterable[Violation]) -> list[Violation]:
    """Those that are not owed."""
    known = owed(plot)
    return [violation for violation in violations if violation[0] not in known]
