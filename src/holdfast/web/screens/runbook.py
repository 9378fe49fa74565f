"""What a runbook says, and the one about the store itself."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """One page. `checks` come in order; `actions` cannot make it worse."""

    title: str
    seen: str
    checks: tuple[str, str, str]
    actions: tuple[str, ...]
    tell: str


OF_THE_STORE: Mapping[str, Runbook] = {
    "went-back": Runbook(
        title="The database went back to an older state",
        seen="What was entered at the venue in the lost time is gone, decisions are open again, and a number from then "
        "means nothing any more. Nothing is cancelled or released until every account was read since.",
        checks=(
            "`holdfast doctor` says when it was noticed, which moment it went back to, and what is not read yet.",
            "Did somebody restore a backup, or did a replica take over that had not heard of everything?",
            "Was it restored while nothing ran, and Redis is new, too? Then say so: `holdfast audit --restored`.",
        ),
        actions=(
            "Let it read: what channels know comes back by itself, and blocks are looked for before any is placed.",
            "Decide the conflicts that are open again.",
        ),
        tell="The venues: bookings and closures that they made themselves in the lost time must be made again.",
    ),
}
