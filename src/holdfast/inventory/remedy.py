"""remedy: what can be done about a conflict, safest first, with the calls each act would make. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from holdfast.inventory.known import Booking, Fact, Unit
from holdfast.inventory.model import OCCUPYING, Status
from holdfast.inventory.twins import is_doubled

Act = Literal["move", "keep_a", "keep_b", "keep_both", "cancel", "retry", "accept", "snooze"]

MOST = 4
"""So many actions are proposed; a longer list is no help."""

CANCELLABLE: frozenset[Status] = frozenset({"held", "pending", "confirmed", "unknown"})
"""Statuses in which a booking may be cancelled: whoever sits at the table stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to a channel. `ref` is the provider's id, None where there is none yet."""

    call: Literal["cancel", "place", "release"]
    account: str
    listing: str | None
    ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One booking of a conflict and what can be done about it.

    `account` None: made directly at the venue, it ends and moves by our own word. `reachable`: calls to
    its account are sent. `refused`: its channel refused to cancel it. `free`: the units that are free for
    its whole padded time, where it may be given another one.
    """

    booking: Booking
    channel: str
    account: str | None
    account_id: int | None = None
    listing: str | None = None
    reachable: bool = True
    refused: bool = False
    free: tuple[Unit, ...] = ()

    @property
    def can_cancel(self) -> bool:
        """Whether it may be cancelled, and there is a way."""
        return self.booking.status in CANCELLABLE and (self.account is None or self.reachable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A booked block of ours at a channel, and the bookings that it stands for."""

    account: str
    listing: str
    ref: str | None
    because: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A conflict with all that its remedies depend on.

    `loser` (side B) has not got its units; `holders` (side A) have them. `sellers`: account and listing by
    unit, of those that are sent to. `blocks`: ours, standing for any of the bookings. `lost`: the
    block that a conflict is about.
    """

    id: int
    kind: str
    loser: Side | None = None
    holders: tuple[Side, ...] = ()
    sellers: Mapping[int, Sequence[tuple[str, str]]] = field(default_factory=dict)
    blocks: tuple[Standing, ...] = ()
    lost: Standing | None = None
    order_known: bool = True
    """Whether it can be told which of the two sides booked first."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """All its bookings, the one without its units first."""
        return self.holders if self.loser is None else (self.loser, *self.holders)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing that can be done. `cancels` are bookings; `moves` a booking and its new unit."""

    act: Act
    text: str
    calls: tuple[Call, ...] = ()
    cancels: tuple[int, ...] = ()
    moves: tuple[int, int] | None = None


def remedies(case: Case) -> list[Action]:
    """All that can be done, best first: nobody loses anything, the first confirmed stays, nothing is lost.

    Only calls that the channel of a booking can be sent; a seated booking is never cancelled. Equal input,
    equal list; the first `MOST` are what is proposed.
    """
    return [*_by_kind(case), Action(act="snooze", text="Ask again later")]


def _by_kind(case: Case) -> Iterator[Action]:
    match case.kind:
        case "double_booking":
            yield from _double(case)
        case "cancel_refused":
            yield from _cancelled_again(case)
            yield Action(act="accept", text="Leave the booking as its channel shows it")
        case "both_edited":  # it is not any more what was to be cancelled
            yield Action(act="accept", text="Leave the booking as its channel shows it")
            yield from _cancelled_again(case)
        case "block_lost":
            yield from _placed_again(case)
            yield Action(act="accept", text="Leave the time open there")
        case "orphan_block" | "orphan_at_channel":
            yield from _released_again(case)
            yield Action(act="accept", text="Leave it there: the time stays closed")
        case "too_small":
            yield from _given_up(case)
            yield Action(act="accept", text="Leave the booking as it is")
        case "brake":  # settled by its own command only, which shows what would go
            return
        case _:
            yield Action(act="accept", text=_AS_IT_IS.get(case.kind, "Leave it as it is"))


_AS_IT_IS: Mapping[str, str] = {
    # whatever ends one of them ends both
    "same_booking": "It is one booking that we know twice: leave it",
    "not_found": "Leave its time closed",
}


def _double(case: Case) -> Iterator[Action]:
    if case.loser is None:
        return
    yield from _moved(case, case.sides)
    yield from sorted(_cancelling(case, case.loser), key=lambda a: _was_refused(case, a))
    yield Action(act="keep_both", text="Keep both: the overlap is intended")


def _moved(case: Case, sides: Sequence[Side]) -> Iterator[Action]:
    """The first of them that another unit would do for. A holder moves only if it is the only one."""
    movable = sides if len(sides) == 2 else sides[:1]
    for side in movable:
        unit = _best_fit(side)
        if unit is not None:
            name = "B" if side is sides[0] else "A"
            placed = tuple(
                Call(call="place", account=account, listing=listing, ref=None)
                for account, listing in case.sellers.get(unit.id, ())
            )
            yield Action(
                act="move",
                text=f"Move {name} ({_shown(side)}) to {unit.name}, which is free and seats {unit.seats}",
                calls=placed + _released(case, {side.booking.id}),
                moves=(side.booking.id, unit.id),
            )
            return


def _best_fit(side: Side) -> Unit | None:
    """The smallest free unit that seats the party; channels cannot change the unit of a booking.

    What is closed is closed where it is: painters need no other room.
    """
    if side.account is not None or side.booking.closure or len(side.booking.unit_ids) != 1:
        return None
    party = side.booking.party_size or 1
    fits = [u for u in side.free if u.seats >= party and u.id not in side.booking.unit_ids]
    return min(fits, key=lambda unit: (unit.seats, unit.name, unit.id), default=None)


def _cancelling(case: Case, loser: Side) -> Iterator[Action]:
    staying = [side.booking for side in case.holders]
    if is_doubled(loser.booking, staying):
        return
    if loser.can_cancel:
        yield _cancel("keep_a", f"Keep A, cancel B ({_shown(loser)})", case, [loser])
    if case.holders and all(side.can_cancel for side in case.holders):
        which = ", ".join(_shown(side) for side in case.holders)
        yield _cancel("keep_b", f"Keep B, cancel A ({which})", case, case.holders)


def _was_refused(case: Case, action: Action) -> bool:
    return any(side.refused and side.booking.id in action.cancels for side in case.sides)


def _cancelled_again(case: Case) -> Iterator[Action]:
    if case.loser is not None and case.loser.can_cancel:
        yield _cancel("retry", f"Cancel it again ({_shown(case.loser)})", case, [case.loser])


def _given_up(case: Case) -> Iterator[Action]:
    if case.loser is not None and case.loser.can_cancel:
        yield _cancel("cancel", f"Cancel it ({_shown(case.loser)})", case, [case.loser])


def _placed_again(case: Case) -> Iterator[Action]:
    if case.lost is not None:
        lost = case.lost
        call = Call(call="place", account=lost.account, listing=lost.listing, ref=None)
        yield Action(act="retry", text=f"Close {lost.listing} again", calls=(call,))


def _released_again(case: Case) -> Iterator[Action]:
    if case.lost is not None:
        lost = case.lost
        call = Call(call="release", account=lost.account, listing=lost.listing, ref=lost.ref)
        yield Action(act="retry", text=f"Release it on {lost.listing} again", calls=(call,))


def _cancel(act: Act, text: str, case: Case, sides: Iterable[Side]) -> Action:
    """Cancel these at their channels, after which what stood only for them is released."""
    sides = list(sides)
    ids = {side.booking.id for side in sides}
    asked = tuple(
        Call(
            call="cancel", account=side.account, listing=side.listing, ref=side.booking.external_id
        )
        for side in sides
        if side.account is not None
    )
    return Action(
        act=act, text=text, calls=asked + _released(case, ids), cancels=tuple(sorted(ids))
    )


def _released(case: Case, ids: set[int]) -> tuple[Call, ...]:
    return tuple(
        Call(call="release", account=block.account, listing=block.listing, ref=block.ref)
        for block in case.blocks
        if block.because and block.because <= ids
    )


def _shown(side: Side) -> str:
    return f"{side.account or side.channel} #{side.booking.id}"


def best(case: Case) -> Action | None:
    """What is recommended; None: nothing is, since it cannot be told who came first."""
    first = remedies(case)[0]
    return None if first.cancels and not case.order_known else first


def contradicts(known: Booking, fact: Fact) -> bool:
    """Whether a channel's newer read crosses a cancelling that was decided on what was known.

    It does when the booking still takes time and has moved, grown firmer, or its guests have come.
    """
    if fact.status not in OCCUPYING or known.status not in OCCUPYING:
        return False
    firmer = known.status in ("held", "pending") and fact.status in ("confirmed", "seated")
    seated = fact.status == "seated" and known.status != "seated"
    return firmer or seated or (fact.span is not None and fact.span != known.span)


def likeness(booking: Booking) -> str:
    """What of a booking an intended overlap rests on: when this changes, the overlap is asked about anew."""
    span = (
        f"{booking.span.start.isoformat()}/{booking.span.end.isoformat()}" if booking.span else "-"
    )
    units = ",".join(str(unit) for unit in booking.unit_ids)
    return f"{booking.listing_id or 0} {units} {span} {booking.party_size or 0}"
