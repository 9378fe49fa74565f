"""policy: what a venue whose conflicts are settled by policy may have done by itself, and what a person must decide.

Each rule is a brake on our own acts: a guest who is cancelled by mistake stands at a door in the rain.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.inventory.remedy import Action, Case, remedies

GRACE = timedelta(seconds=120)
"""A person may look first for this time."""

TOO_CLOSE = timedelta(hours=2)
"""What starts sooner is settled by a person, whatever the venue's policy."""

MOST_AN_HOUR = 3
"""The policy cancels at most this many guests of a venue within an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What bears on a venue's policy besides the conflict itself. Instants are UTC, by our clock."""

    cancelled_lately: int
    """By policy, within an hour."""
    settled_by_people: bool
    """A person cancelled one side of a double booking of this venue before: somebody knows what the policy does."""
    configured_at: datetime
    read_since: datetime | None
    """Every account that sells there was read completely since; None: one never was."""
    out_of_order: tuple[str, ...] = ()
    """Accounts of either side that are braked, paused, not live, or do not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftToAPerson:
    """The policy does nothing, and why."""

    why: str


def announced(case: Case, practice: Practice, now: datetime) -> Action | LeftToAPerson:
    """What the policy will do after `GRACE` unless a person acts: said as soon as the conflict is there."""
    why = _about_the_conflict(case, now)
    if not why and not practice.settled_by_people:
        why = "the first double booking of a venue is settled by a person"
    if why:
        return LeftToAPerson(why=why)
    action = next((action for action in remedies(case) if action.act == "keep_a"), None)
    return action or LeftToAPerson(why="the second booking cannot be cancelled")


def automatic(case: Case, practice: Practice, now: datetime) -> Action | LeftToAPerson:
    """Cancel the one who came second at its channel now, or leave it to a person."""
    why = _about_the_venue(practice)
    return LeftToAPerson(why=why) if why else announced(case, practice, now)


def _about_the_conflict(case: Case, now: datetime) -> str | None:
    loser = case.loser
    if case.kind != "double_booking" or loser is None or not case.holders:
        return "it is no double booking of two known bookings"
    if not case.order_known:
        return "we cannot tell who booked first"
    if loser.account is None:
        return "the second booking was made at the venue itself"
    if loser.refused:
        return "its channel refused to cancel it before"
    starts = loser.booking.span.start if loser.booking.span else now
    if starts - now < TOO_CLOSE:
        return "it starts soon"
    return None


def _about_the_venue(practice: Practice) -> str | None:
    if practice.out_of_order:
        return f"{', '.join(practice.out_of_order)} is braked, paused or does not answer"
    if practice.read_since is None or practice.read_since <= practice.configured_at:
        return "not everything was read since the venue's configuration changed"
    if practice.cancelled_lately >= MOST_AN_HOUR:
        return (
            f"the policy cancelled {practice.cancelled_lately} guests of this venue within an hour"
        )
    return None
