"""belief: what a channel shows of a unit's time, as last read, against what it should show. No I/O."""

from collections.abc import Iterable

from holdfast.inventory.case import Belief, Case, Shop, Standing, View
from holdfast.inventory.exposure import taken_by_strangers, without_a_free_unit
from holdfast.inventory.model import Span
from holdfast.inventory.occupied import as_bookings
from holdfast.inventory.plan import closed_on, sold_here


def view(case: Case, shop: Shop) -> View:
    """What the channel offers as last read, against what it should offer."""
    offers = [o for o in shop.offers if o.span.overlaps(case.span)]
    sold = sold_here(shop.outlet, case.bookings)
    open_now = [o.span for o in offers if o.open and o.span.start >= case.now]
    free = [o for o in open_now if not any(o.overlaps(s) for s in sold)]
    bad = _bad(case, shop, free)
    shut = _shut(case, shop, sold)
    blocks = [b for b in shop.blocks if b.span.overlaps(case.span)]
    read = [o.read_at for o in offers]
    return View(
        listing=shop.outlet.name,
        account=shop.account,
        mode=shop.mode,
        belief=_belief(case, shop, (bad, shut, free)),
        should_offer=not shut,
        offered=tuple(sorted(free)),
        read_at=min(read) if read else shop.read_at,
        blocks=tuple(Standing(block=b, errand=shop.errands.get(b.id)) for b in blocks),
    )


def _closed(case: Case, shop: Shop) -> list[Span]:
    found = closed_on(shop.outlet, case.bookings, case.outlets, case.units, case.seats)
    strangers = taken_by_strangers(shop.outlet, case.believed, case.outlets, case.units)
    return [*(part.span for part in found), *strangers]


def _bad(case: Case, shop: Shop, free: Iterable[Span]) -> list[Span]:
    """Offers over taken time."""
    twice = _twice(case, shop, free)
    closed = _closed(case, shop)
    return [offer for offer in twice if any(offer.overlaps(span) for span in closed)]


def _shut(case: Case, shop: Shop, sold: Iterable[Span]) -> bool:
    """Whether the listing must not sell the span; a pool's may until its last unit is taken."""
    if shop.outlet.pool:
        return bool(_twice(case, shop, [case.span]))
    return any(span.overlaps(case.span) for span in [*_closed(case, shop), *sold])


def _twice(case: Case, shop: Shop, offers: Iterable[Span]) -> list[Span]:
    return without_a_free_unit(
        shop.outlet,
        offers,
        [*case.bookings, *as_bookings(case.believed, case.outlets)],
        case.outlets,
        case.units,
        case.seats,
    )


def _belief(case: Case, shop: Shop, seen: tuple[list[Span], bool, list[Span]]) -> Belief:
    bad, shut, free = seen
    if bad:
        return "exposed"
    if not free and not _was_read(case, shop):
        return "unread"
    if shut:
        return "closed"
    return "offered" if free else _missing(case, shop)


def _missing(case: Case, shop: Shop) -> Belief:
    """Free, but not sold: because of a block of ours, or by the channel's own will."""
    there = [b for b in shop.blocks if b.stands and b.span.overlaps(case.span)]
    if any(block.wants == "nothing" for block in there):
        return "orphan"
    return "beside" if there else "not_offered"


def _was_read(case: Case, shop: Shop) -> bool:
    within = shop.read_until is not None and case.span.end <= shop.read_until
    return within or any(o.span.overlaps(case.span) for o in shop.offers)
