"""What may be done about a conflict: nothing that a channel cannot do, nothing to whom sits at the table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import a_booking, a_unit, at, patient, span

from holdfast.inventory.known import Fact
from holdfast.inventory.model import OCCUPYING, Status
from holdfast.inventory.policy import (
    MOST_AN_HOUR,
    TOO_CLOSE,
    LeftToAPerson,
    Practice,
    automatic,
)
from holdfast.inventory.remedy import (
    CANCELLABLE,
    MOST,
    Action,
    Case,
    Side,
    Standing,
    best,
    contradicts,
    likeness,
    remedies,
)

STATUSES: tuple[Status, ...] = ("held", "pending", "confirmed", "seated", "unknown", "completed")
KINDS = (
    "double_booking",
    "cancel_refused",
    "both_edited",
    "block_lost",
    "orphan_block",
    "orphan_at_channel",
    "unmapped",
    "too_small",
)

USUAL = Practice(
    cancelled_lately=0,
    settled_by_people=True,
    configured_at=at("06:00"),
    read_since=at("07:00"),
)
"""The policy may act."""

ORDER = {
    "both_edited": ["accept", "retry", "snooze"],
    "cancel_refused": ["retry", "accept", "snooze"],
    "brake": ["snooze"],
}


def a_side(id: int = 1, account: str | None = "rooms-main", **values: Any) -> Side:
    booking = a_booking(**{"id": id, "external_id": f"b-{id}"} | values.pop("booking", {}))
    side = Side(booking=booking, channel="rooms", account=account)
    return replace(side, **values)


def a_case(**values: Any) -> Case:
    case = Case(id=1, kind="double_booking", loser=a_side(2), holders=(a_side(1),))
    return replace(case, **values)


def acts(case: Case) -> list[str]:
    return [action.act for action in remedies(case)]


@st.composite
def some_sides(draw: st.DrawFn, id: int) -> Side:
    direct = draw(st.booleans())
    return a_side(
        id,
        None if direct else draw(st.sampled_from(["rooms-main", "tables-main"])),
        booking={
            "status": draw(st.sampled_from(STATUSES)),
            "unit_ids": (1,) if direct else (),
            "listing_id": None if direct else 1,
            "party_size": draw(st.sampled_from([None, 2, 9])),
        },
        reachable=draw(st.booleans()),
        refused=draw(st.booleans()),
        free=tuple(a_unit(n) for n in draw(st.lists(st.integers(1, 5), unique=True))),
    )


@st.composite
def some_cases(draw: st.DrawFn) -> Case:
    because = st.frozensets(st.integers(1, 3), max_size=2)
    blocks = [
        Standing(account="tables-main", listing="salon", ref=f"k-{n}", because=draw(because))
        for n in range(draw(st.integers(0, 3)))
    ]
    return Case(
        id=1,
        kind=draw(st.sampled_from(KINDS)),
        loser=draw(st.none() | some_sides(3)),
        holders=tuple(draw(some_sides(n)) for n in range(1, draw(st.integers(1, 3)))),
        sellers={n: [("rooms-main", f"unit-{n}")] for n in (1, 2, 3)},
        blocks=tuple(blocks),
    )


def by_id(case: Case) -> dict[int, Side]:
    return {side.booking.id: side for side in (case.loser, *case.holders) if side is not None}


@patient
@given(some_cases())
def test_nobody_is_cancelled_who_is_seated_or_whose_channel_cannot_be_asked(case: Case) -> None:
    for action in remedies(case):
        for booking_id in action.cancels:
            side = by_id(case)[booking_id]
            assert side.booking.status in CANCELLABLE
            assert side.account is None or side.reachable


@patient
@given(some_cases())
def test_the_calls_are_exactly_what_the_act_needs_of_the_channels(case: Case) -> None:
    for action in remedies(case):
        asked = {(c.account, c.ref) for c in action.calls if c.call == "cancel"}
        sides = [by_id(case)[b] for b in action.cancels]
        assert asked == {(s.account, s.booking.external_id) for s in sides if s.account is not None}
        moved = {action.moves[0]} if action.moves else set()
        for call in action.calls:
            if call.call == "release":
                (block,) = [b for b in case.blocks if b.ref == call.ref]
                assert block.because <= {*action.cancels, *moved}


@patient
@given(some_cases())
def test_only_what_was_made_at_the_venue_moves_and_only_to_where_it_fits(case: Case) -> None:
    for action in remedies(case):
        if action.moves is not None:
            side = by_id(case)[action.moves[0]]
            (unit,) = [u for u in side.free if u.id == action.moves[1]]
            assert side.account is None
            assert unit.seats >= (side.booking.party_size or 1)
            assert unit.id not in side.booking.unit_ids


@patient
@given(some_cases())
def test_the_list_is_the_same_every_time_short_and_names_each_act_once(case: Case) -> None:
    listed = remedies(case)
    assert listed == remedies(case)
    assert len({action.act for action in listed}) == len(listed) <= MOST + 1
    assert listed[-1].act == "snooze"
    assert len(listed) >= 2 or case.loser is None


@patient
@given(some_cases(), st.integers(-300, 300))
def test_the_policy_only_ever_cancels_the_loser_and_only_in_good_time(
    case: Case, minutes: int
) -> None:
    now = at("12:00") - timedelta(minutes=minutes)
    action = automatic(case, USUAL, now)
    if isinstance(action, LeftToAPerson):
        return
    assert case.loser is not None
    assert action.cancels == (case.loser.booking.id,)
    assert case.loser.account is not None
    assert case.loser.booking.status != "seated"
    assert not case.loser.refused
    assert case.loser.booking.span is not None
    assert case.loser.booking.span.start - now >= TOO_CLOSE


@pytest.mark.parametrize(
    "unusual",
    [
        {"cancelled_lately": MOST_AN_HOUR},
        {"settled_by_people": False},
        {"read_since": None},
        {"read_since": at("06:00")},
        {"out_of_order": ("tables-main",)},
    ],
    ids=str,
)
def test_the_policy_does_nothing_while_anything_is_unusual(unusual: dict[str, Any]) -> None:
    now = at("08:00")
    assert isinstance(automatic(a_case(), USUAL, now), Action)
    assert isinstance(automatic(a_case(), replace(USUAL, **unusual), now), LeftToAPerson)


def test_the_policy_chooses_nobody_where_it_cannot_tell_who_came_first() -> None:
    case = replace(a_case(), order_known=False)
    assert isinstance(automatic(case, USUAL, at("08:00")), LeftToAPerson)
    assert best(case) is None
    assert best(a_case()) == remedies(a_case())[0]


def test_nobody_is_cancelled_for_the_sake_of_the_very_same_booking() -> None:
    """Kind: one booking known through two accounts is its own rival. No act may end what it also keeps."""
    one = a_side(1, booking={"channel": "rooms", "external_id": "AB-1"})
    again = a_side(2, booking={"channel": "rooms", "external_id": "ab-1"})
    case = a_case(holders=(one,), loser=again)
    assert acts(case) == ["keep_both", "snooze"]
    assert isinstance(automatic(case, USUAL, at("08:00")), LeftToAPerson)


def test_a_free_unit_is_the_best_way_out_then_the_first_confirmed_stays() -> None:
    venue = a_side(2, None, booking={"listing_id": None, "unit_ids": (1,)}, free=(a_unit(3),))
    assert acts(a_case(loser=venue)) == ["move", "keep_a", "keep_b", "keep_both", "snooze"]
    assert acts(a_case()) == ["keep_a", "keep_b", "keep_both", "snooze"]


def test_a_cancel_that_was_refused_comes_after_the_other_one() -> None:
    case = a_case(loser=a_side(2, refused=True))
    assert acts(case) == ["keep_b", "keep_a", "keep_both", "snooze"]


def test_of_the_free_units_the_smallest_that_fits_is_taken() -> None:
    units = (replace(a_unit(3), seats=9), replace(a_unit(4), seats=5), replace(a_unit(5), seats=2))
    booking = {"listing_id": None, "unit_ids": (1,), "party_size": 4}
    case = a_case(loser=a_side(2, None, booking=booking, free=units))
    assert remedies(case)[0].moves == (2, 4)


def test_what_the_venue_closed_is_closed_where_it_is_and_goes_nowhere_else() -> None:
    booking = {"listing_id": None, "unit_ids": (1,), "raw_status": "closure"}
    case = a_case(loser=a_side(2, None, booking=booking, free=(a_unit(3),)))
    assert acts(case) == ["keep_a", "keep_b", "keep_both", "snooze"]


def test_a_holder_that_may_move_makes_room_where_the_loser_cannot() -> None:
    booking = {"listing_id": None, "unit_ids": (1,)}
    case = a_case(holders=(a_side(1, None, booking=booking, free=(a_unit(2),)),))
    assert remedies(case)[0].text.startswith("Move A")


def test_what_was_refused_is_tried_again_and_what_changed_meanwhile_is_rather_left() -> None:
    assert {kind: acts(a_case(kind=kind, holders=())) for kind in ORDER} == ORDER
    seated = a_side(2, booking={"status": "seated"})
    for kind in ("cancel_refused", "both_edited"):
        assert acts(a_case(kind=kind, loser=seated, holders=())) == ["accept", "snooze"]


def test_a_lost_block_is_placed_again_or_left() -> None:
    lost = Standing(account="tables-main", listing="salon", ref=None, because=frozenset({1}))
    case = a_case(kind="block_lost", loser=None, holders=(), lost=lost)
    assert acts(case) == ["retry", "accept", "snooze"]
    assert [(c.call, c.listing) for c in remedies(case)[0].calls] == [("place", "salon")]


@pytest.mark.parametrize(
    ("before", "after", "moved", "crossed"),
    [
        ("confirmed", "confirmed", False, False),
        ("confirmed", "confirmed", True, True),
        ("held", "confirmed", False, True),
        ("confirmed", "seated", False, True),
        ("seated", "seated", False, False),
        ("confirmed", "cancelled", True, False),
        ("cancelled", "confirmed", True, False),
    ],
)
def test_a_newer_read_crosses_a_cancel_when_there_is_more_to_cancel_than_was_known(
    before: Status, after: Status, moved: bool, crossed: bool
) -> None:
    known = a_booking(status=before)
    fact = Fact(
        listing="salon",
        status=after,
        raw_status=after,
        payment="none",
        span=span("15:00-16:00") if moved else known.span,
        party_size=2,
        held_until=None,
        made_at=None,
        read_at=at("11:00"),
    )
    assert contradicts(known, fact) is crossed
    assert known.status not in OCCUPYING or known.occupying


def test_a_booking_is_like_itself_until_its_time_its_units_or_its_party_change() -> None:
    booking = a_booking()
    assert likeness(replace(booking, status="seated", version=9)) == likeness(booking)
    assert likeness(replace(booking, span=span("12:00-14:00"))) != likeness(booking)
    assert likeness(replace(booking, party_size=5)) != likeness(booking)
    assert likeness(replace(booking, unit_ids=(3,))) != likeness(booking)
