"""brake: how much may vanish from an account at once before a person must look. No I/O."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Why = Literal["mass_disappearance", "empty_listing", "burst_of_absences"]

MOST_AT_ONCE = 5
"""So few may always go: a small venue's bad day is no incident."""

MOST_SHARE = 0.3
"""Of what was live. Beyond it, and beyond `MOST_AT_ONCE`, nobody believes it without asking."""

ROUND = timedelta(minutes=10)
"""Reads by id that lie so close together are judged together: webhooks bring them one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a complete scan should have shown: a guest's booking, or a block of ours (`ours`)."""

    ref: str
    listing_id: int | None
    ours: bool = False
    lapsed: bool = False
    """A hold whose deadline has passed: it may well be gone, and never counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proceed:
    """Nothing unusual: what is gone may be asked after, one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Too much would go at once: of `live` known ones, those in `gone`."""

    reason: Why
    live: int
    gone: tuple[str, ...]


def judge_scan(expected: Collection[Expected], shown: Collection[str]) -> Quarantine | Proceed:
    """Judge what a complete scan did not show.

    Bookings and blocks are judged apart and together: many blocks must not hide that every booking went,
    nor the other way round. A listing that shows none of its own is judged by itself.
    """
    standing = [one for one in expected if not one.lapsed]
    for part in _parts(standing):
        gone = [one.ref for one in part if one.ref not in shown]
        if too_many(len(gone), len(part)):
            return _quarantine("mass_disappearance", part, gone)
    for part in _by_listing(standing):
        if len(part) > MOST_AT_ONCE and not any(one.ref in shown for one in part):
            return _quarantine("empty_listing", part, [one.ref for one in part])
    return Proceed()


def judge_reads(absent: Collection[str], read: int) -> Quarantine | Proceed:
    """Judge the answers to reads by id within one round: `absent` were live and are not there any more."""
    if too_many(len(absent), read):
        return Quarantine(reason="burst_of_absences", live=read, gone=tuple(sorted(absent)))
    return Proceed()


def too_many(gone: int, live: int) -> bool:
    """More than `MOST_AT_ONCE`, and more than `MOST_SHARE` of them."""
    return gone > MOST_AT_ONCE and gone > MOST_SHARE * live


def _parts(everything: list[Expected]) -> list[list[Expected]]:
    bookings = [one for one in everything if not one.ours]
    return [bookings, [one for one in everything if one.ours], everything]


def _by_listing(expected: Iterable[Expected]) -> list[list[Expected]]:
    groups: dict[tuple[int | None, bool], list[Expected]] = {}
    for one in expected:
        groups.setdefault((one.listing_id, one.ours), []).append(one)
    return list(groups.values())


def _quarantine(reason: Why, part: Collection[Expected], gone: Iterable[str]) -> Quarantine:
    return Quarantine(reason=reason, live=len(part), gone=tuple(sorted(gone)))
