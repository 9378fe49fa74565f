"""One sentence that says whether somebody has to get up. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from holdfast.inventory.freshness import Judged, lost
from holdfast.store.flaws import STUCK as STUCK
from holdfast.store.freshness import Knowledge, Unreadable
from holdfast.store.reading import AccountRow, ExposureRow
from holdfast.web.words import braked, counted, lasting, listed

Level = Literal["good", "note", "late", "bad"]

LATE = timedelta(seconds=60)
"""A push or an event that waits longer is mentioned; from `STUCK` on in red."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A part of the verdict and where to look."""

    level: Level
    text: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Worst first. Without any account there is nothing to judge."""

    connected: bool
    phrases: Sequence[Phrase]
    conflicts: int = 0
    fresh: bool = False
    """Whether every account was read in time."""
    whole: bool = False
    """And nothing is left unknown."""

    @property
    def level(self) -> Level:
        """Of the worst phrase."""
        return self.phrases[0].level if self.phrases else "good"

    @property
    def calm(self) -> bool:
        """Nothing needs anybody."""
        return self.level in ("good", "note")

    @property
    def agreed(self) -> bool:
        """Nothing needs anybody, and nothing is left that could."""
        return self.calm and self.whole

    @property
    def title(self) -> str:
        """For the browser's tab: how many conflicts are open, and what is wrong first."""
        if not self.connected:
            return "Nothing is connected yet"
        if self.calm:
            return "All channels agree" if self.whole else NOT_ALL
        wrong = [phrase for phrase in self.phrases if phrase.level in ("late", "bad")]
        return f"({self.conflicts}) {wrong[0].text}" if self.conflicts else wrong[0].text


NOT_ALL = "Nothing is known to be wrong"
"""Where no more than that can be said."""

_WORST_FIRST: tuple[Level, ...] = ("bad", "late", "note", "good")


def verdict(
    accounts: Sequence[AccountRow],
    exposures: Sequence[ExposureRow],
    conflicts: int,
    known: Knowledge,
    beat: datetime | None,
    now: datetime,
) -> Verdict:
    """All that is wrong, unusual or not known, worst first."""
    if not accounts:
        return Verdict(connected=False, phrases=())
    found = [*_clashes(conflicts, exposed_live(exposures)), *_workers(beat, now)]
    for account in accounts:
        found += of_account(account, known, now)
    found += _unknown(known)
    return Verdict(
        connected=True,
        phrases=_sorted(found),
        conflicts=conflicts,
        fresh=known.fresh,
        whole=known.whole,
    )


def exposed_live(exposures: Iterable[ExposureRow]) -> int:
    """How many there are where we could have closed them."""
    return sum(exposure.mode == "live" for exposure in exposures)


def of_account(account: AccountRow, known: Knowledge, now: datetime) -> list[Phrase]:
    """What is wrong or unusual about one, worst first."""
    found = [*_quarantined(account), *_late(account, now), *_unanswered(account, now)]
    found += [*_not_fresh(account, known.states.get(account.name)), *_paused(account, now)]
    found += [unreadable(one) for one in known.unreadable_of(account.name)]
    return _sorted([*found, *_unusual(account)])


def badness(phrases: Sequence[Phrase]) -> int:
    """To sort by, the worst first."""
    return min((_WORST_FIRST.index(phrase.level) for phrase in phrases), default=len(_WORST_FIRST))


def _sorted(found: Iterable[Phrase]) -> list[Phrase]:
    return sorted(found, key=lambda phrase: _WORST_FIRST.index(phrase.level))


def _clashes(conflicts: int, exposed: int) -> Iterator[Phrase]:
    if conflicts:
        yield Phrase(level="bad", text=counted(conflicts, "open conflict"), link="/conflicts")
    if exposed:
        text = f"{counted(exposed, 'offer')} exposed"
        yield Phrase(level="bad", text=text, link="/exposures")


def _page(account: AccountRow) -> str:
    return f"/accounts/{account.name}"


def _workers(beat: datetime | None, now: datetime) -> Iterator[Phrase]:
    if beat is None:
        yield Phrase(level="bad", text="no worker has run yet", link="/ops#workers")
    elif lost(beat, now):
        text = f"no worker heard of for {lasting(abs(now - beat))}"
        yield Phrase(level="bad", text=text, link="/ops#workers")


def _late(account: AccountRow, now: datetime) -> Iterator[Phrase]:
    name = account.name
    waits = (
        ("pushes", account.oldest_waiting_at, account.pushes_paused_at, "/pushes?state=under_way"),
        ("events", account.oldest_unprocessed_at, account.intake_paused_at, "/events?state=open"),
    )
    for what, since, paused_at, where in waits:
        if paused_at is None and account.mode == "live" and since and now - since > LATE:
            yield Phrase(
                level="bad" if now - since > STUCK else "late",
                text=f"{name} {what} {lasting(now - since)} late",
                link=f"{where}&account={name}",
            )
    if account.dead:
        text = f"{counted(account.dead, 'push', 'pushes')} to {name} given up (last 24 h)"
        yield Phrase(level="bad", text=text, link=f"/pushes?state=dead&account={name}&ended=24h")


def _not_fresh(account: AccountRow, state: Judged | None) -> Iterator[Phrase]:
    """By the one rule. What is said of all accounts, or of its provider or pause, is not said twice."""
    if state is None or state.fresh or state.cause in ("paused", "worker", "provider"):
        return
    level: Level = "late" if state.state == "late" or state.cause == "first" else "bad"
    yield Phrase(level=level, text=f"{account.name}: {state.reason}", link=_page(account))


def unreadable(one: Unreadable) -> Phrase:
    """Its reference is all that anybody needs to find it at its provider."""
    return Phrase(level="late", text=one.text, link=f"/accounts/{one.account}#unreadable")


def _unknown(known: Knowledge) -> Iterator[Phrase]:
    """What is not known is no agreement."""
    soon = "not known yet whether still sold elsewhere"
    far = "beyond what is read, not known whether sold elsewhere"
    kinds: tuple[tuple[Level, Sequence[int], str, str], ...] = (
        ("late", known.unknown.within, soon, "/exposures#unknown-soon"),
        ("note", known.unknown.beyond, far, "/exposures#unknown-far"),
    )
    for level, ids, why, link in kinds:
        if ids:
            text = f"{counted(len(ids), 'booking')} ({listed(ids)}): {why}"
            yield Phrase(level=level, text=text, link=link)


def _quarantined(account: AccountRow) -> Iterator[Phrase]:
    if account.braked_at is not None:
        why = braked(account.brake_reason, account.brake_gone, account.brake_live)
        yield Phrase(level="bad", text=f"{account.name} braked: {why}", link=_page(account))


def _paused(account: AccountRow, now: datetime) -> Iterator[Phrase]:
    """Somebody meant it; but as long as it lasts the channels do not agree."""
    pauses = (
        ("intake", account.intake_paused_at, account.intake_paused_by),
        ("pushes", account.pushes_paused_at, account.pushes_paused_by),
    )
    for what, since, who in pauses:
        if since is not None:
            text = f"{account.name} {what} paused by {who} for {lasting(now - since)}"
            yield Phrase(level="late", text=text, link=_page(account))


def _unanswered(account: AccountRow, now: datetime) -> Iterator[Phrase]:
    """Its breakers."""
    for what, since in (("reads", account.in_open_at), ("writes", account.out_open_at)):
        if since is not None:
            text = f"{account.name} has answered no {what} for {lasting(now - since)}"
            yield Phrase(
                level="bad" if now - since > STUCK else "late", text=text, link=_page(account)
            )


def _unusual(account: AccountRow) -> Iterable[Phrase]:
    words = {"shadow": "in shadow: nothing is sent", "paused": "paused"}
    if account.mode in words:
        yield Phrase(
            level="note", text=f"{account.name} {words[account.mode]}", link=_page(account)
        )
