"""What every action on a page needs: a reason, and the very things that were shown. No I/O."""

from collections.abc import Sequence

from holdfast.web.fields import is_id
from holdfast.web.problems import REFUSED, wrong_field

LONGEST_REASON = 200
MOST_AT_ONCE = 200
"""Of one kind, with one click."""

SAY_WHY = f"Say why, in at most {LONGEST_REASON} characters: it is kept in the journal."
CHANGED = "Something changed meanwhile: look at it again."


def reason_of(text: object) -> str:
    """What was given as the reason; empty: it will not do."""
    reason = str(text).strip()
    return reason if len(reason) <= LONGEST_REASON and reason.isprintable() else ""


def ids_of(text: object) -> Sequence[int]:
    """The ids that a page showed. Raises Problem for anything else."""
    found = str(text).split(",")
    if len(found) > MOST_AT_ONCE or not all(map(is_id, found)):
        raise wrong_field("ids", f"at most {MOST_AT_ONCE} ids, separated by commas", REFUSED)
    return list(dict.fromkeys(int(one) for one in found))
