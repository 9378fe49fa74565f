"""A booking's journal as sentences, oldest first, with what was tried again folded into one line. No I/O."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from holdfast.inventory.model import Status
from holdfast.store.stories import Entry
from holdfast.web.words import STATUS, lasting, stretch

ACTORS = {
    "webhook": "a webhook",
    "poll": "a poll",
    "clock": "the clock",
    "worker": "a worker",
    "policy": "the venue's policy",
    "replay": "somebody who asked",
}

SENTENCES = {
    "booking.created": "{account} has it: {status}, {when}{reason}",
    "booking.turned_out": "It is a block of ours and no guest's booking",
    "booking.recorded": "Heard of when it was over already: {status}",
    "booking.updated": "{account} changed it: {status}, {when}",
    "booking.moved": "Moved to {where}{reason}",
    "booking.paid": "Paid",
    "booking.cancelled": "Cancelled{reason}",
    "booking.deleted": "Deleted at {account}",
    "booking.cancel_asked": "{account} is to cancel it{reason}",
    "booking.cancel_done": "{account} took the cancellation",
    "booking.cancel_refused": "{account} refused to cancel it",
    "booking.changed": "What is known of it changed",
    "allocation.granted": "It got {unit}",
    "allocation.changed": "Its unit was given back",
    "block.wanted_held": "{listing} must be held closed, {when}",
    "block.wanted_booked": "{listing} must be closed, {when}",
    "block.wanted_nothing": "{listing} may be sold again, {when}",
    "block.held": "{listing} is held closed{took}",
    "block.booked": "{listing} is closed{took}",
    "block.released": "{listing} is open again",
    "block.left_to_lapse": "The hold on {listing} is left to lapse",
    "block.orphan_found": "Found closed on {listing} with nothing behind it",
    "block.changed": "What is known of the block on {listing} changed",
    "push.failed": "{listing} could not be reached: {why}",
    "push.refused": "{listing} refused: {why}",
    "push.revived": "The call to {call} at {account} is to be made once more{reason}",
    "push.dropped": "The call to {call} at {account} was dropped{reason}",
    "event.replayed": "{account} is to be read again{reason}",
    "account.steered": "{account}: {act}{reason}",
    "conflict.opened": "A person should look: {kind}",
    "conflict.changed": "What a person should look at changed",
    "conflict.closed": "Settled: {why}",
    "conflict.decided": "Decided: {act}{reason}",
    "conflict.reopened": "Opened again: {why}",
    "conflict.snoozed": "Put off",
    "conflict.auto_announced": "The policy will settle it by itself",
    "conflict.left_to_a_person": "Left to a person",
}

LOOKS = {"booking": "booking", "block": "block", "push": "wrong", "conflict": "wrong"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence; `lag` since the line before, `times` how often the same was said in a row."""

    at: datetime
    clock: str
    actor: str
    text: str
    kind: str
    look: str
    lag: str
    times: int
    entries: Sequence[Entry]


def told(entries: Sequence[Entry], zone: ZoneInfo) -> list[Line]:
    """What was said twice in a row, with the same words, is one line."""
    found: list[Line] = []
    for text, same in groupby(entries, key=lambda entry: sentence(entry, zone)):
        group = list(same)
        before = found[-1].entries[-1].at if found else None
        found.append(_line(text, group, before, zone))
    return found


def _line(text: str, group: Sequence[Entry], before: datetime | None, zone: ZoneInfo) -> Line:
    first, last = group[0], group[-1]
    return Line(
        at=first.at,
        clock=_clock(first.at, zone),
        actor=ACTORS.get(first.actor, first.actor),
        text=text + (_again(len(group), last.at - first.at) if len(group) > 1 else ""),
        kind=first.kind,
        look=LOOKS.get(first.kind.partition(".")[0], "other"),
        lag="" if before is None else _lag(first.at - before),
        times=len(group),
        entries=group,
    )


def _again(times: int, length: timedelta) -> str:
    return f" ({times} times in {lasting(length)})"


def _lag(gap: timedelta) -> str:
    seconds = gap.total_seconds()
    if seconds < 1:
        return f"+{max(0.0, seconds) * 1000:.0f} ms"
    return f"+{seconds:.1f} s" if seconds < 60 else f"+{lasting(gap)}"


def _clock(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %H:%M:%S}.{local.microsecond // 1000:03}"


def sentence(entry: Entry, zone: ZoneInfo) -> str:
    """What an entry says; a kind that has no words of its own is told by its name."""
    data = data_of(entry)
    words = _Words({**data, **_facts(entry, data, zone)})
    return SENTENCES.get(entry.kind, entry.kind.replace(".", " ").replace("_", " ")).format_map(
        words
    )


def data_of(entry: Entry) -> dict[str, Any]:
    """What is kept with an entry."""
    found = json.loads(entry.data)
    return found if isinstance(found, dict) else {}


class _Words(dict[str, Any]):
    """What is not told is a dash: no entry may break the page."""

    def __missing__(self, key: str) -> str:
        return "-"


def _facts(entry: Entry, data: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    facts = {
        "when": _when(data, zone),
        "where": _where(data, zone),
        "reason": _because(data),
        "took": _took(data),
        "why": str(data.get("failure") or data.get("why") or "no reason given").replace("_", " "),
        "kind": str(data.get("kind", "")).replace("_", " "),
        "act": str(data.get("act", "")).replace("_", " "),
    }
    if (status := _status(data.get("status"))) is not None:
        facts["status"] = status
    if entry.listing:
        facts["listing"] = entry.listing
    if data.get("channel") == "direct":
        facts["account"] = "The venue"
    if data.get("closure"):
        facts["status"] = "closed"
    return facts


def _status(value: object) -> str | None:
    known: Mapping[str, Status] = {str(status): status for status in STATUS}
    return STATUS[known[str(value)]].word.lower() if str(value) in known else None


def _because(data: Mapping[str, Any]) -> str:
    return f": {data['reason']}" if data.get("reason") else ""


def _took(data: Mapping[str, Any]) -> str:
    seconds = data.get("seconds")
    if not isinstance(seconds, int | float):
        return ""
    return (
        f", {seconds * 1000:.0f} ms after it was heard of"
        if seconds < 10
        else f", {seconds:.0f} s after it was heard of"
    )


def _where(data: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Units, a time, or both."""
    units = data.get("units")
    named = ", ".join(map(str, units)) if isinstance(units, list) else ""
    when = _when(data, zone) if data.get("start") or not named else ""
    return ", ".join(part for part in (named, when) if part)


def _when(data: Mapping[str, Any], zone: ZoneInfo) -> str:
    if not data.get("start") or not data.get("end"):
        return "no time told"
    start, end = (datetime.fromisoformat(str(data[key])) for key in ("start", "end"))
    return stretch(start, end, zone)
