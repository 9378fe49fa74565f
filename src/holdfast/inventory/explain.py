"""explain: why a unit's time is or is not sellable, rule by rule in the order in which they apply. No I/O."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from holdfast.inventory.belief import view
from holdfast.inventory.case import (
    Belief,
    Case,
    Coming,
    Errand,
    Explanation,
    Mark,
    Reason,
    Shop,
    Standing,
    Stranger,
    View,
)
from holdfast.inventory.case_words import age, clock, times
from holdfast.inventory.certainty import doubts, is_known, sellable
from holdfast.inventory.cover import joined
from holdfast.inventory.demand import pause
from holdfast.inventory.exposure import alone, taken_by_strangers
from holdfast.inventory.known import Block, Booking
from holdfast.inventory.model import Span
from holdfast.inventory.plan import closed_on


def explain(case: Case) -> Explanation:
    """1. time, 2. bookings with setup and cleanup, and strangers, 3. conflicts, 4. listings and what their channels show."""
    views = tuple(view(case, shop) for shop in case.shops)
    unknown = [*doubts(case, views)]
    taken = _bookings(case)
    clashes = [reason for reason in taken if reason.rule == "conflict"]
    others = [reason for reason in taken if reason.rule != "conflict"]
    reasons = [*clashes, _time(case), *others, *_sold_by(case, views, unknown), *unknown]
    for shop, seen in zip(case.shops, views, strict=True):
        reasons += _listing(case, shop, seen)
    free = _next_free(case)
    return Explanation(
        venue=case.venue,
        zone=case.zone,
        unit=case.unit.name,
        span=case.span,
        now=case.now,
        sellable=sellable(reasons),
        reasons=tuple(reasons),
        views=views,
        coming=tuple(sorted(_coming(case), key=lambda coming: coming.at)),
        next_free=free if is_known(case, free) else None,
        next_known=is_known(case, free),
    )


def _time(case: Case) -> Reason:
    begun = case.span.start < case.now
    text = "has begun already" if begun else "lies ahead"
    return Reason(rule="time", mark="no" if begun else "ok", about="time", text=text)


def _bookings(case: Case) -> list[Reason]:
    """Whoever takes the unit, by the decision's own rule for what a listing of just this unit must not sell."""
    closed = closed_on(alone(case.unit), case.bookings, case.outlets, case.units, case.seats)
    hit = {part.booking_id for part in closed if part.span.overlaps(case.span)}
    found: list[Reason] = []
    for booking in (b for b in case.bookings if b.id in hit and b.span):
        found += _booking(case, booking)
    strangers = [_stranger(case, one) for one in case.strangers if _is_there(case, one)]
    known = "nobody we know has it" if strangers else "nobody has it"
    free = Reason(rule="booking", mark="ok", about="bookings", text=known)
    return [*(found or [free]), *strangers]


def _is_there(case: Case, one: Stranger) -> bool:
    """Whether the time of the unit is taken by it, the pauses around it included."""
    spans = {one.listing_id: [one.span]}
    taken = taken_by_strangers(alone(case.unit), spans, case.outlets, case.units)
    return any(span.overlaps(case.span) for span in taken)


def _stranger(case: Case, one: Stranger) -> Reason:
    name = case.outlets[one.listing_id].name
    then = (
        "closed on the other channels as if held"
        if case.trusted
        else "the other channels go on selling it (trust_offers = false)"
    )
    text = (
        f"{times(case, one.span)}  sold no more by {name}, booking unknown, since"
        f" {clock(case, one.since)}, read {age(case.now - one.read_at)} ago: {then}"
    )
    mark: Mark = "no" if case.trusted else "warning"
    return Reason(rule="occupied", mark=mark, about=name, text=text)


def _booking(case: Case, booking: Booking) -> list[Reason]:
    found: list[Reason] = []
    if booking.span is not None and booking.span.overlaps(case.span):
        found.append(_taken(case, booking, booking.span))
    if booking.span is not None:
        found += _around(case, booking, booking.span)
    if booking.id in case.conflicts:
        since = clock(case, case.conflicts[booking.id])
        text = f"double booking, it has no room: a person must settle that, open since {since}"
        about = f"conflict of {booking.id}"
        found.append(
            Reason(rule="conflict", mark="warning", about=about, text=text, booking_id=booking.id)
        )
    return found


def _taken(case: Case, booking: Booking, span: Span) -> Reason:
    source = case.accounts.get(booking.listing_id or 0, "the venue itself")
    party = f"  party {booking.party_size}" if booking.party_size else ""
    until = (
        f", lapses {clock(case, booking.held_until)}"
        if booking.held_until and booking.strength == "held"
        else ""
    )
    since = clock(case, booking.firm_at or booking.first_seen_at)
    rule = "hold" if booking.strength == "held" else "booking"
    if booking.listing_id is None:
        rule = "closure" if booking.closure else "direct"
    return Reason(
        rule=rule,
        mark="no",
        about=f"{rule} {booking.id}",
        text=f"{times(case, span)}{party}  from {source}, {booking.status} since {since}{until}",
        booking_id=booking.id,
    )


def _around(case: Case, booking: Booking, span: Span) -> list[Reason]:
    """The setup before and the cleanup after it, and those of whoever comes next to it."""
    between = pause(case.unit)
    minutes = int(between.total_seconds() // 60)
    sides = (("setup", "before", span.start - between), ("cleanup", "after", span.end))
    return [
        Reason(
            rule=rule,
            mark="no",
            about=rule,
            text=f"{minutes} min {side} {booking.id}, for cleanup and setup",
            booking_id=booking.id,
        )
        for rule, side, start in sides
        if between and Span.of(start, between).overlaps(case.span)
    ]


def _sold_by(case: Case, views: Sequence[View], unknown: Sequence[Reason]) -> list[Reason]:
    """Free time is sellable only where a channel sells it; one that was not read is not said to sell nothing."""
    if not case.shops:
        text = "no listing sells this unit"
        return [Reason(rule="listing", mark="no", about="listings", text=text)]
    if not unknown and not any(seen.offered for seen in views):
        text = "no channel offers it, as last read"
        return [Reason(rule="offer", mark="no", about="offers", text=text)]
    return []


_BELIEFS: Mapping[Belief, tuple[Mark, str]] = {
    "offered": ("ok", "offered, as it should be"),
    "closed": ("ok", "not offered, as it should be"),
    "exposed": ("warning", "EXPOSED: still offered"),
    "orphan": ("warning", "ORPHAN: our block stands there and nothing is behind it"),
    "beside": ("warning", "our block for the time beside it takes it as well"),
    "not_offered": ("warning", "not offered: closed there, or taken by somebody we cannot see"),
    "unread": ("warning", "never read at that time"),
}


def _listing(case: Case, shop: Shop, seen: View) -> list[Reason]:
    found = [_channel(case, seen, shop.doubt)]
    found += [_block(case, seen.listing, standing) for standing in seen.blocks]
    return found + _account(shop)


def _channel(case: Case, seen: View, doubt: str) -> Reason:
    """An account that is not fresh is never said to be as it should be."""
    mark, text = _BELIEFS[seen.belief]
    if doubt and mark == "ok":
        mark, text = "warning", f"{text.partition(',')[0]} when last read"
    spans = ", ".join(times(case, span) for span in joined(seen.offered)[:3])
    words = [f"{text} ({spans})" if seen.belief in ("offered", "exposed") else text]
    if seen.read_at is not None:
        words.append(f"read {age(case.now - seen.read_at)} ago")
    return Reason(rule="channel", mark=mark, about=seen.listing, text=", ".join(words))


def _account(shop: Shop) -> list[Reason]:
    found, about = [], shop.outlet.name
    if shop.mode != "live":
        text = f"{shop.account} is {shop.mode}: nothing is sent"
        found.append(Reason(rule="account", mark="warning", about=about, text=text))
    for direction in sorted(shop.paused):
        text = f"{shop.account}: somebody has paused its {direction}"
        found.append(Reason(rule="account", mark="warning", about=about, text=text))
    if shop.braked:
        text = f"{shop.account} is braked: nothing is released until a person accepts it"
        found.append(Reason(rule="brake", mark="warning", about=about, text=text))
    return found


def _block(case: Case, about: str, standing: Standing) -> Reason:
    block, errand = standing.block, standing.errand
    words = [f"our block {times(case, block.span)} is {block.state}, should be {block.wants}"]
    if block.expires_at is not None and block.state == "held":
        words.append(f"lapses {clock(case, block.expires_at)}")
    if block.because:
        words.append(f"for {', '.join(map(str, block.because))}")
    if errand is not None:
        words.append(_errand(case, errand))
    agreed = block.state == block.wants or (block.state, block.wants) == ("absent", "nothing")
    mark: Mark = "ok" if agreed and errand is None else "warning"
    return Reason(rule="block", mark=mark, about=about, text=", ".join(words))


def _errand(case: Case, errand: Errand) -> str:
    if errand.state == "dead":
        return f"{errand.call} given up after {errand.attempts} tries ({errand.error or 'refused'})"
    if errand.state == "shadow":
        return f"{errand.call} recorded, not sent"
    if errand.state in ("in_flight", "unknown"):
        return f"{errand.call} under way, outcome unknown"
    return f"{errand.call} queued, attempt {errand.attempts + 1} at {clock(case, errand.due_at)}"


def _coming(case: Case) -> Iterator[Coming]:
    for shop in case.shops:
        if shop.mode != "paused" and "intake" not in shop.paused:
            for task, due in shop.reads_due.items():
                yield Coming(at=due, what=f"read {task} of {shop.outlet.name}")
        for block in (b for b in shop.blocks if b.span.overlaps(case.span)):
            yield from _of_block(shop, block)
    for booking in case.bookings:
        if booking.held_until and booking.span and booking.span.overlaps(case.span):
            yield Coming(at=booking.held_until, what=f"hold {booking.id} lapses")


def _of_block(shop: Shop, block: Block) -> Iterator[Coming]:
    if block.state == "held" and block.expires_at is not None:
        yield Coming(at=block.expires_at, what=f"our hold on {shop.outlet.name} lapses")
    errand = shop.errands.get(block.id)
    sends = shop.mode == "live" and "pushes" not in shop.paused
    if sends and errand is not None and errand.state in ("waiting", "unknown"):
        yield Coming(at=errand.due_at, what=f"{errand.call} on {shop.outlet.name}")


def _next_free(case: Case) -> datetime | None:
    """The first moment from which as much time is free, by the same rule as above."""
    closed = closed_on(alone(case.unit), case.bookings, case.outlets, case.units, case.seats)
    unknown = taken_by_strangers(alone(case.unit), case.believed, case.outlets, case.units)
    at, length = max(case.span.start, case.now), case.span.length
    for span in joined([*(part.span for part in closed), *unknown]):
        if span.overlaps(Span.of(at, length)):
            at = span.end
    return at if at + length <= case.known_until else None
