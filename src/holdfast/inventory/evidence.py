"""evidence: how two bookings came to have the same time, and what would have kept them apart. No I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal

Delay = Literal[
    "instant",
    "unheard",
    "undecided",
    "queued",
    "unanswered",
    "refused",
    "not_sent",
    "direct",
    "stood",
    "hidden",
]

UNKNOWN = "unknown"
"""Of who came first: neither clock can tell."""

CLOCKS_APART = timedelta(seconds=2)
"""So far the clocks of two providers, or theirs and ours, may differ."""

INSTANT = timedelta(seconds=0.5)
"""Two bookings closer together than this: no call could have come between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One booking as it was observed. `made_at` is the provider's clock, all others ours.

    `heard_at` and `inbox_id` are of the inbox row that told of it first.
    """

    id: int
    channel: str
    account: str | None
    listing: str | None
    ref: str
    status: str
    via: str
    inbox_id: int | None
    made_at: datetime | None
    heard_at: datetime
    first_seen_at: datetime
    firm_at: datetime | None
    blank_at: datetime | None = None
    """Its account's bookings were read completely since, before this one was heard of: it was not among them."""

    @property
    def taken_at(self) -> datetime:
        """When the time was taken, by the best clock there is."""
        return self.made_at or self.heard_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The push that should have closed the later booking's listing; `mode` is its account's."""

    push_id: int
    account: str
    mode: str
    listing: str
    state: str
    wished_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    tries: int
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What took longest between the first booking and the second, in one sentence."""

    delay: Delay
    seconds: float
    text: str


def in_order(one: Witness, other: Witness) -> tuple[Witness, Witness]:
    """The earlier booking first; of two at the same instant, the one we knew first."""
    first, second = sorted((one, other), key=lambda w: (w.taken_at, w.first_seen_at, w.id))
    return first, second


def first_by(first: Witness, second: Witness) -> str:
    """By what it is known that one booking came first: `provider`, `receipt`, or `unknown`.

    That we heard of it first says little: a booking without a time of its own may be minutes older than its first read.
    It was made later only if its channel said so, or was read completely meanwhile and did not show it.
    """
    if first.made_at is not None and second.made_at is not None:
        one_clock = first.account == second.account
        apart = second.made_at - first.made_at
        return "provider" if one_clock or apart > CLOCKS_APART else UNKNOWN
    if second.account is None:
        return "receipt"
    if second.made_at is not None and second.made_at > first.heard_at + CLOCKS_APART:
        return "receipt"
    blank = second.blank_at is not None and second.blank_at > first.heard_at
    return "receipt" if blank else UNKNOWN


def evidence(
    holders: Sequence[Witness],
    loser: Witness,
    closing: Closing | None,
    *,
    sold_there: bool | None = None,
) -> dict[str, object]:
    """The whole of it as JSON: both observations with both clocks, the exposure, and why it lasted.

    `sold_there`: whether the later booking's listing sold the time when the first was decided on.
    """
    sides = [{"side": "A", **_plain(holder)} for holder in holders]
    told: dict[str, object] = {"bookings": [*sides, {"side": "B", **_plain(loser)}]}
    if not holders:
        return told
    first, second = in_order(holders[0], loser)
    reason = why(first, second, closing, sold_there=sold_there)
    return told | {
        "first": first.id,
        "first_by": first_by(first, second),
        "seconds_between": round((second.taken_at - first.taken_at).total_seconds(), 3),
        "exposure": _plain(closing) if closing is not None else None,
        "sold_there": sold_there,
        "why": asdict(reason),
    }


def _plain(record: Witness | Closing) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(record).items()
    }


def why(
    first: Witness, second: Witness, closing: Closing | None, *, sold_there: bool | None = None
) -> Why:
    """What let the second booking happen: the longest wait on the way from the first to the closed listing."""
    between = second.taken_at - first.taken_at
    if second.account is None:
        text = "made at the venue itself, over a booking that was there"
        return Why(delay="direct", seconds=between.total_seconds(), text=text)
    if between < INSTANT:
        seconds = between.total_seconds()
        text = f"both booked within {max(seconds, 0.1):.1f} s: faster than any call"
        return Why(delay="instant", seconds=seconds, text=text)
    if closing is None and sold_there is False:
        seconds = (second.heard_at - first.first_seen_at).total_seconds()
        text = (
            f"{second.account} sold the time no more when the first was heard of, {_s(max(0.0, seconds))}"
            " before: it was taken there already, and not shown"
        )
        return Why(delay="hidden", seconds=max(0.0, seconds), text=text)
    if first.first_seen_at >= second.taken_at or closing is None:
        return _unheard(first, second)
    return _slow(first, second, closing)


def _unheard(first: Witness, second: Witness) -> Why:
    if first.first_seen_at < second.taken_at:
        seconds = (second.taken_at - first.first_seen_at).total_seconds()
        if second.made_at is None:
            return _undated(second, seconds, "the first was known")
        text = f"no call was under way {_s(seconds)} after it was known"
        return Why(delay="not_sent", seconds=seconds, text=text)
    seconds = (first.first_seen_at - first.taken_at).total_seconds()
    return Why(delay="unheard", seconds=seconds, text=_heard(first, seconds))


def _heard(first: Witness, seconds: float) -> str:
    how = {"poll": "found by poll", "webhook": "told by webhook"}.get(first.via, "heard of")
    if first.made_at is None:
        return f"{how}; when it was made is not told"
    return f"{how} {_s(seconds)} after it was made"


def _undated(second: Witness, seconds: float, since: str) -> Why:
    """It may be older than whatever happened before we heard of it: nobody is blamed for that."""
    text = f"{second.account} told of the second {_s(seconds)} after {since}; when it was made is not told"
    return Why(delay="unheard", seconds=seconds, text=text)


def _slow(first: Witness, second: Witness, closing: Closing) -> Why:
    if closing.mode != "live":
        seconds = (second.taken_at - closing.wished_at).total_seconds()
        text = f"{closing.account} is in mode {closing.mode}: nothing is sent"
        return Why(delay="not_sent", seconds=max(0.0, seconds), text=text)
    answered = closing.answered_at
    # `taken` is the second booking itself, met before we heard of it; a lost answer proves nothing
    certain = closing.failure not in ("taken", "unknown")
    if answered is not None and answered <= second.taken_at and certain:
        return _answered(second, closing, answered)
    lasted = _lasted(first, second, closing)
    delay = max(lasted, key=lambda name: lasted[name])
    return Why(delay=delay, seconds=lasted[delay], text=_told(delay, lasted[delay], first, closing))


def _answered(second: Witness, closing: Closing, at: datetime) -> Why:
    seconds = (second.taken_at - at).total_seconds()
    if closing.state != "done" or closing.failure is not None:
        reason = closing.failure or closing.state
        text = f"{closing.account} did not take the block ({reason}) {_s(seconds)} before"
        return Why(delay="refused", seconds=seconds, text=text)
    if second.made_at is None:
        return _undated(second, seconds, "the block stood")
    text = f"the block stood for {_s(seconds)}, and {closing.account} sold the time all the same"
    return Why(delay="stood", seconds=seconds, text=text)


def _lasted(first: Witness, second: Witness, closing: Closing) -> dict[Delay, float]:
    """Each wait, as far as it lies before the second booking."""
    end = min(second.taken_at, closing.answered_at or second.taken_at)
    sent = closing.sent_at or end
    answered = closing.answered_at or end
    steps: list[tuple[Delay, datetime, datetime]] = [
        ("unheard", first.taken_at, first.first_seen_at),
        ("undecided", first.first_seen_at, closing.wished_at),
        ("queued", closing.wished_at, sent),
        ("unanswered", sent, answered),
    ]
    return {
        name: max(0.0, (min(until, end) - since).total_seconds()) for name, since, until in steps
    }


def _told(delay: Delay, seconds: float, first: Witness, closing: Closing) -> str:
    if delay == "unheard":
        return _heard(first, seconds)
    if delay == "undecided":
        return f"decided {_s(seconds)} after it was heard of"
    if delay == "queued":
        return f"the block waited {_s(seconds)} for the rate budget"
    if closing.tries > 1:
        last = f", at last: {closing.failure}" if closing.failure else ""
        return f"the block took {_s(seconds)} and {closing.tries} tries{last}"
    return f"{closing.account} took {_s(seconds)} to answer"


def _s(seconds: float) -> str:
    """As a person says it: 4.8 s, 71 s."""
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
