"""certainty: how far a case can be judged by what was read, and lately enough. No I/O."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from holdfast.inventory.case import Case, Reason, Shop, View
from holdfast.inventory.case_words import clock


def sellable(reasons: Iterable[Reason]) -> bool | None:
    """What is known to speak against it decides; else whatever is not known leaves it open."""
    marks = {reason.mark for reason in reasons}
    if "no" in marks:
        return False
    return None if "unknown" in marks else True


def doubts(case: Case, views: Iterable[View]) -> Iterator[Reason]:
    """Channels of which it is not known what they sell then: they may have sold it themselves."""
    for shop, seen in zip(case.shops, views, strict=True):
        why = shop.doubt or ("never read there at that time" if seen.belief == "unread" else "")
        if why:
            text = f"not known what it sells then: {why}{_read_next(case, shop)}"
            yield Reason(rule="evidence", mark="unknown", about=shop.outlet.name, text=text)


def _read_next(case: Case, shop: Shop) -> str:
    if shop.mode == "paused" or "intake" in shop.paused:
        return ", and nothing is read"
    if not shop.reads_due:
        return ""
    at = max(min(shop.reads_due.values()), case.now)
    return f"; read next at {clock(case, at)}"


def is_known(case: Case, free: datetime | None) -> bool:
    """Whether every channel that sells the unit was read lately, and up to there."""
    end = None if free is None else free + case.span.length
    return all(not shop.doubt and _reaches(shop, end) for shop in case.shops)


def _reaches(shop: Shop, end: datetime | None) -> bool:
    return end is None or (shop.read_until is not None and end <= shop.read_until)
