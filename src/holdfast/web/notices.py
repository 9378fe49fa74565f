"""What keeps a booking from being in order, as people are told it, with where to act on it. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from holdfast.store.flaws import Flaw, Kind
from holdfast.web.words import lasting

CONFLICTS: Mapping[str, str] = {
    "double_booking": "Double booking: this guest has no room.",
    "too_small": "Too large a party: no room of this listing has enough seats.",
    "cancel_refused": "The channel refused to cancel this booking.",
    "both_edited": "Two sides changed this booking at once.",
    "unmapped": "This booking is on no listing of ours: it has no room.",
    "unlisted": "The listing of this booking is not in use: it has no room.",
    "block_lost": "Our block of this time was lost.",
}
OVERLAPS: Mapping[str, str] = {
    "double_booking": "Double booking: another guest has booked the same room.",
}
SHORT: Mapping[Kind, str] = {
    "conflict": "Conflict",
    "overlapped": "Double booked",
    "exposure": "On sale twice",
    "given_up": "Not closed",
    "stuck": "Not confirmed",
    "unclosed": "Not closed",
    "unknown": "Not known",
    "unread": "Not read",
}
"""On a bar of the calendar."""

CALLS: Mapping[str, str] = {
    "place": "close this time",
    "commit": "close this time",
    "renew": "keep this time closed",
    "release": "open this time",
    "cancel": "cancel this booking",
}
UNSURE: frozenset[Kind] = frozenset({"unknown", "unread"})
"""Kinds that are not known to be wrong, and are no all-clear either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One flaw in words. `act` is on the button that leads to `link`; without a link there is no button."""

    level: Literal["bad", "unsure"]
    kind: Kind
    text: str
    short: str
    link: str = ""
    act: str = ""
    account: str | None = None
    since: datetime


def notices(flaws: Iterable[Flaw], now: datetime, *, everywhere: bool = True) -> Sequence[Notice]:
    """`everywhere` False: for a person who may not see what is about all venues."""
    return [_notice(flaw, now, everywhere=everywhere) for flaw in flaws]


def _notice(flaw: Flaw, now: datetime, *, everywhere: bool) -> Notice:
    link, act = _way(flaw, everywhere=everywhere)
    return Notice(
        level="unsure" if flaw.kind in UNSURE else "bad",
        kind=flaw.kind,
        text=_text(flaw, now),
        short=_short(flaw),
        link=link,
        act=act,
        account=flaw.account,
        since=flaw.since,
    )


def _short(flaw: Flaw) -> str:
    """A double booking says so whichever side it is."""
    return "Double booking" if flaw.what == "double_booking" else SHORT[flaw.kind]


def _text(flaw: Flaw, now: datetime) -> str:
    waited, call = lasting(now - flaw.since), CALLS.get(flaw.what, flaw.what)
    whom = flaw.listing or flaw.account or "the channel"
    match flaw.kind:
        case "conflict":
            return CONFLICTS.get(flaw.what, f"{_kind(flaw)}: a person must settle it.")
        case "overlapped":
            return OVERLAPS.get(flaw.what, f"{_kind(flaw)} of another booking because of this one.")
        case "exposure":
            return f"On sale twice: {whom} still sells this time."
        case "given_up":
            return f"The call to {whom} to {call} was given up."
        case "stuck":
            return f"{whom} has not confirmed for {waited}: it was asked to {call}."
        case _:
            return _doubt(flaw, whom)


def _doubt(flaw: Flaw, whom: str) -> str:
    if flaw.kind == "unclosed":
        return f"{whom} is not closed, and no call is sent to close it."
    if flaw.kind == "unknown":
        return f"Not known whether {whom} still sells this time: it is further ahead than is read."
    return f"{whom} is {flaw.what}: what is shown of it here may be out of date."


def _kind(flaw: Flaw) -> str:
    return flaw.what.replace("_", " ").capitalize()


def _way(flaw: Flaw, *, everywhere: bool) -> tuple[str, str]:
    """Where somebody can act on it, and what the button says."""
    if flaw.kind in ("conflict", "overlapped"):
        return f"/conflicts/{flaw.about}", "Resolve"
    if flaw.kind in ("exposure", "unknown"):
        return f"/exposures?booking={flaw.booking}", "See what closes it"
    if not everywhere:
        return "", ""
    if flaw.kind in ("given_up", "stuck") and flaw.about is not None:
        return f"/pushes/{flaw.about}", "See the call"
    return (f"/accounts/{flaw.account}", "See the account") if flaw.account else ("", "")
