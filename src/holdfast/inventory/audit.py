"""audit: what a channel shows, compared with what we believe of it. No I/O."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from holdfast.inventory.cover import joined
from holdfast.inventory.doubt import beside_what_is_known, left_what_is_sold
from holdfast.inventory.known import Block, Booking, Fact
from holdfast.inventory.merge import merge
from holdfast.inventory.model import OCCUPYING, Seen, Span

Kind = Literal["missing_here", "missing_there", "differing", "orphan_block", "exposure"]
KINDS: tuple[Kind, ...] = (
    "missing_here",
    "missing_there",
    "differing",
    "orphan_block",
    "exposure",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. `ours`: it is about a block of ours; `seen` is what the channel shows, if it does."""

    kind: Kind
    listing: str | None
    ref: str | None = None
    span: Span | None = None
    party_size: int | None = None
    what: str = ""
    ours: bool = False
    seen: Seen | None = field(default=None, repr=False)

    def plain(self) -> dict[str, object]:
        """As JSON, without guest data."""
        return {
            "kind": self.kind,
            "listing": self.listing,
            "ref": self.ref,
            "start": self.span.start.isoformat() if self.span else None,
            "end": self.span.end.isoformat() if self.span else None,
            "party": self.party_size,
            "what": self.what,
            "ours": self.ours,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What we hold to be so at one account and venue. Bookings and blocks by their id at the channel.

    `expected` are the ids that a complete scan must show; `busy` the markers of blocks about which a call
    is under way; `listings` their names by id.
    """

    bookings: Mapping[str, Booking]
    blocks: Mapping[str, Block]
    expected: Collection[str]
    busy: Collection[str]
    listings: Mapping[int, str]


def compare(believed: Believed, shown: Iterable[Seen], *, complete: bool) -> list[Finding]:
    """Every difference between the two, in the order of time. Absence counts only if the scan was complete."""
    everything = {seen.external_id: seen for seen in shown}
    found = [_judged(believed, seen) for seen in everything.values()]
    if complete:
        found += [_absent(believed, ref) for ref in believed.expected if ref not in everything]
    differences = [finding for finding in found if finding is not None]
    return sorted(differences, key=lambda f: (f.span is None, f.span and f.span.start, f.ref))


def _judged(believed: Believed, seen: Seen) -> Finding | None:
    block = believed.blocks.get(seen.external_id)
    if block is not None:
        return _block_judged(believed, block, seen)
    known, occupying = believed.bookings.get(seen.external_id), seen.status in OCCUPYING
    if known is not None:
        return _booking_judged(believed, known, seen)
    if not occupying or seen.marker in believed.busy:
        return None
    if seen.marker is not None:
        return _finding("orphan_block", seen, "nothing behind it", ours=True)
    return _finding("missing_here", seen)


def _block_judged(believed: Believed, block: Block, seen: Seen) -> Finding | None:
    if block.flying or seen.read_at < block.changed_at:
        return None
    if seen.status not in OCCUPYING:
        return _block_gone(believed, block, seen)
    if seen.span is not None and seen.span != block.span:
        return _finding("differing", seen, f"our block: {_moved(block.span, seen.span)}", ours=True)
    there = "held" if seen.status in ("held", "pending") else "booked"
    if there == block.state:
        return None
    return _finding("differing", seen, f"our block: {block.state} -> {there}", ours=True)


def _booking_judged(believed: Believed, known: Booking, seen: Seen) -> Finding | None:
    listing = believed.listings.get(known.listing_id or 0)
    told = left_what_is_sold(seen, is_sold=listing is not None)
    merged = merge(known, listing, beside_what_is_known(told, known.span))
    if merged.fact is None or merged.verdict != "applied":
        return None
    return _finding("differing", seen, "; ".join(_differences(known, listing, merged.fact)))


def _absent(believed: Believed, ref: str) -> Finding | None:
    if ref in believed.blocks:
        block = believed.blocks[ref]
        return None if block.flying else _block_gone(believed, block, None)
    known = believed.bookings.get(ref)
    if known is None:
        return None
    return Finding(
        kind="missing_there",
        listing=believed.listings.get(known.listing_id or 0),
        ref=ref,
        span=known.span,
        party_size=known.party_size,
    )


def _block_gone(believed: Believed, block: Block, seen: Seen | None) -> Finding:
    return Finding(
        kind="missing_there",
        listing=believed.listings.get(block.listing_id),
        ref=block.external_id,
        span=block.span,
        what="our block",
        ours=True,
        seen=seen,
    )


def _finding(kind: Kind, seen: Seen, what: str = "", *, ours: bool = False) -> Finding:
    return Finding(
        kind=kind,
        listing=seen.listing,
        ref=seen.external_id,
        span=seen.span,
        party_size=seen.party_size,
        what=what,
        ours=ours,
        seen=seen,
    )


def _differences(known: Booking, listing: str | None, fact: Fact) -> list[str]:
    """What changed, in a person's words."""
    pairs: list[tuple[str, object, object]] = [
        ("listing", listing, fact.listing),
        ("", known.status, fact.status),
        ("party", known.party_size, fact.party_size),
        ("payment", known.payment, fact.payment),
    ]
    told = [f"{name} {old} -> {new}".strip() for name, old, new in pairs if old != new]
    if known.span is not None and fact.span is not None and known.span != fact.span:
        told.append(_moved(known.span, fact.span))
    return told or ["details changed"]


def _moved(old: Span, new: Span) -> str:
    same_day = old.start.date() == new.start.date()
    form = "%H:%M" if same_day else "%d %b %H:%M"
    if old.start == new.start:
        return f"ends {old.end:{form}} -> {new.end:{form}} UTC"
    return f"moved {old.start:{form}} -> {new.start:{form}} UTC"


def exposures(
    listing: str, offers: Iterable[Span], closed: Sequence[Span], now: datetime
) -> list[Finding]:
    """What is offered from now on although its time is taken: one finding for each stretch of it."""
    taken = joined(closed)
    bad = [o for o in offers if o.start >= now and any(o.overlaps(part) for part in taken)]
    return [
        Finding(kind="exposure", listing=listing, span=stretch, what=_amount(stretch, bad))
        for stretch in joined(bad)
    ]


def _amount(stretch: Span, offers: Sequence[Span]) -> str:
    amount = sum(stretch.covers(offer) for offer in offers)
    return f"{amount} offer{'' if amount == 1 else 's'} over taken time"
