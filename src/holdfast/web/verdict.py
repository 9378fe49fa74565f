"""One sentence that says whether somebody has to get up. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from holdfast.store.reading import AccountRow, ExposureRow
from holdfast.web.words import braked, counted, lasting

Level = Literal["good", "note", "late", "bad"]

LATE = timedelta(seconds=60)
"""A push or an event that waits longer is mentioned."""
STUCK = timedelta(seconds=180)
"""And from here on in red."""
UNREAD = timedelta(minutes=15)
"""Without a complete poll; three times the slowest usual interval."""
SILENT = timedelta(seconds=30)
"""Without a worker's heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A part of the verdict and where to look."""

    level: Level
    text: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Worst first; no phrases but notes: all is well. Without any account there is nothing to judge."""

    connected: bool
    phrases: Sequence[Phrase]

    @property
    def level(self) -> Level:
        """Of the worst phrase."""
        return self.phrases[0].level if self.phrases else "good"

    @property
    def calm(self) -> bool:
        """Nothing needs anybody."""
        return self.level in ("good", "note")

    @property
    def title(self) -> str:
        """For the browser's tab: how many things are wrong, and the first."""
        if not self.connected:
            return "Nothing is connected yet"
        if self.calm:
            return "All channels agree"
        wrong = [phrase for phrase in self.phrases if phrase.level in ("late", "bad")]
        return f"({len(wrong)}) {wrong[0].text}"


_WORST_FIRST: tuple[Level, ...] = ("bad", "late", "note", "good")


def verdict(
    accounts: Sequence[AccountRow],
    exposures: Sequence[ExposureRow],
    conflicts: int,
    beat: datetime | None,
    now: datetime,
) -> Verdict:
    """All that is wrong or unusual, worst first."""
    if not accounts:
        return Verdict(connected=False, phrases=())
    live = sum(exposure.mode == "live" for exposure in exposures)
    found = [*_clashes(conflicts, live), *_workers(beat, now)]
    for account in accounts:
        found += [*_quarantined(account), *_late(account, now), *_unread(account, now)]
        found += _unusual(account)
    worst_first = sorted(found, key=lambda phrase: _WORST_FIRST.index(phrase.level))
    return Verdict(connected=True, phrases=worst_first)


def _clashes(conflicts: int, exposed: int) -> Iterator[Phrase]:
    if conflicts:
        yield Phrase(level="bad", text=counted(conflicts, "open conflict"), link="#conflicts")
    if exposed:
        text = f"{counted(exposed, 'offer')} exposed"
        yield Phrase(level="bad", text=text, link="#days")


def _workers(beat: datetime | None, now: datetime) -> Iterator[Phrase]:
    if beat is None:
        yield Phrase(level="bad", text="no worker has run yet", link="#accounts")
    elif now - beat > SILENT:
        text = f"no worker heard of for {lasting(now - beat)}"
        yield Phrase(level="bad", text=text, link="#accounts")


def _late(account: AccountRow, now: datetime) -> Iterator[Phrase]:
    waits = (("pushes", account.oldest_waiting_at), ("events", account.oldest_unprocessed_at))
    for what, since in waits:
        if account.mode == "live" and since is not None and now - since > LATE:
            yield Phrase(
                level="bad" if now - since > STUCK else "late",
                text=f"{account.name} {what} {lasting(now - since)} late",
                link="#accounts",
            )
    if account.dead:
        text = f"{counted(account.dead, 'push', 'pushes')} to {account.name} given up (last 24 h)"
        yield Phrase(level="bad", text=text, link="#accounts")


def _unread(account: AccountRow, now: datetime) -> Iterator[Phrase]:
    if account.mode == "paused":
        return
    if account.polled_at is None:
        yield Phrase(level="note", text=f"{account.name} not read completely yet", link="#accounts")
    elif now - account.polled_at > UNREAD:
        text = f"{account.name} last read completely {lasting(now - account.polled_at)} ago"
        yield Phrase(level="late", text=text, link="#accounts")


def _quarantined(account: AccountRow) -> Iterator[Phrase]:
    if account.braked_at is not None:
        why = braked(account.brake_reason, account.brake_gone, account.brake_live)
        yield Phrase(level="bad", text=f"{account.name} braked: {why}", link="#accounts")


def _unusual(account: AccountRow) -> Iterable[Phrase]:
    words = {"shadow": "in shadow: nothing is sent", "paused": "paused"}
    if account.mode in words:
        yield Phrase(level="note", text=f"{account.name} {words[account.mode]}", link="#accounts")
