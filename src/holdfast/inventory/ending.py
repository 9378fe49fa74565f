"""ending: whether a guest's booking may be cancelled now, by what was read after that was decided. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from holdfast.inventory.model import OCCUPYING, Absent, Seen, Span
from holdfast.inventory.remedy import CANCELLABLE
from holdfast.inventory.twins import reference_of

POLICY = "policy"
"""Who decides where no person does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Who decided that a booking ends, when, and over what. Instants are UTC, by our clock.

    `conflict` None: a person cancels this one booking, and nobody stays for it. `span`: its time as it was then.
    """

    conflict: int | None
    act: str
    actor: str
    decided_at: datetime
    span: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """One side as its channel shows it now. `channel` and `ref`: what it is at its provider."""

    name: str
    channel: str
    ref: str
    seen: Seen | Absent


def objection(decided: Decided, leaves: Witnessed, stays: Sequence[Witnessed]) -> str | None:
    """Why the booking must not be cancelled; None: both sides were read since, and are as they were."""
    for side in (leaves, *stays):
        if side.seen.read_at < decided.decided_at:
            return f"{side.name} was not read after it was decided"
        if _is_vague(side.seen, decided.actor):
            return f"{side.name} cannot be read as a whole"
    return _of_the_leaving(decided, leaves) or _of_the_staying(leaves, stays)


def _is_vague(seen: Seen | Absent, actor: str) -> bool:
    """A time that is only guessed is no ground for anybody; the policy acts on nothing that is read in part."""
    if isinstance(seen, Absent):
        return False
    return "time" in seen.guessed or (
        actor == POLICY and bool(seen.unread or seen.status == "unknown")
    )


def _of_the_leaving(decided: Decided, leaves: Witnessed) -> str | None:
    seen = leaves.seen
    if isinstance(seen, Absent):
        return f"{leaves.name} is not found at its channel"
    if seen.status not in CANCELLABLE:
        return f"{leaves.name} is {seen.status} now"
    if seen.span is not None and decided.span is not None and seen.span != decided.span:
        return f"{leaves.name} was moved since"
    return None


def _of_the_staying(leaves: Witnessed, stays: Sequence[Witnessed]) -> str | None:
    """Somebody is cancelled for these: they must be there, and be somebody else."""
    for side in stays:
        if reference_of(side.channel, side.ref) == reference_of(leaves.channel, leaves.ref):
            return f"{side.name} is the very same booking"
        if isinstance(side.seen, Absent):
            return f"{side.name}, which was to stay, is not found at its channel"
        if side.seen.status not in OCCUPYING:
            return f"{side.name}, which was to stay, is {side.seen.status} now"
    return None
