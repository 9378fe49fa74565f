"""Explain: the verdict, the rules in their order, and what each channel believes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import (
    a_block,
    a_booking,
    a_unit,
    an_outlet,
    at,
    patient,
    some_spans,
    span,
    spans,
)
from tests.inventory.made import (
    steps as quarter,
)

from holdfast import explaining
from holdfast.inventory.case import Belief, Case, Errand, Explanation, Mark, Offered, Shop, Stranger
from holdfast.inventory.explain import explain
from holdfast.inventory.known import Booking
from holdfast.inventory.model import Span

READ = at("07:00")
NOW = at("08:00")


def a_shop(id: int = 2, offers: str = "", *, shut: str = "", **values: Any) -> Shop:
    shop = Shop(
        outlet=an_outlet(id),
        account=f"account-{id}",
        mode="live",
        braked=False,
        read_at=READ,
        read_until=at("23:00"),
        offers=[
            *(Offered(span=s, open=True, read_at=READ) for s in spans(offers)),
            *(Offered(span=s, open=False, read_at=READ) for s in spans(shut)),
        ],
        blocks=[],
        errands={},
        reads_due={},
    )
    return replace(shop, **values)


def a_case(*bookings: Booking, shops: list[Shop] | None = None, **values: Any) -> Case:
    case = Case(
        venue="glasshouse",
        zone=ZoneInfo("UTC"),
        unit=a_unit(setup=10, cleanup=15),
        span=span("12:00-13:00"),
        now=NOW,
        bookings=bookings,
        seats={},
        conflicts={},
        outlets={n: an_outlet(n) for n in (1, 2)},
        units={1: a_unit(setup=10, cleanup=15)},
        shops=[a_shop(2, "12:00-13:00")] if shops is None else shops,
        accounts={1: "rooms-main", 2: "tables-main"},
        known_until=at("23:00") + timedelta(days=1),
    )
    return replace(case, **values)


def marks(told: Explanation) -> list[tuple[str, Mark]]:
    return [(reason.rule, reason.mark) for reason in told.reasons]


def test_free_time_that_a_channel_offers_is_sellable() -> None:
    told = explain(a_case())
    assert told.sellable
    assert marks(told) == [("time", "ok"), ("booking", "ok"), ("channel", "ok")]
    assert told.next_free == at("12:00")


def test_a_booking_with_its_setup_and_cleanup_is_named() -> None:
    told = explain(a_case(a_booking(id=7, span=span("12:30-12:45")), shops=[a_shop()]))
    assert not told.sellable
    assert marks(told)[:4] == [
        ("time", "ok"),
        ("booking", "no"),
        ("setup", "no"),
        ("cleanup", "no"),
    ]
    assert "rooms-main, confirmed since" in told.reasons[1].text
    assert told.reasons[1].booking_id == 7
    assert told.next_free == at("13:10")


@pytest.mark.parametrize(
    ("taken", "rules"),
    [
        ("10:00-11:35", []),
        ("10:00-11:36", ["cleanup"]),
        ("13:25-14:00", []),
        ("13:24-14:00", ["setup"]),
    ],
)
def test_time_around_a_booking_counts_up_to_its_very_end(taken: str, rules: list[str]) -> None:
    told = explain(a_case(a_booking(span=span(taken))))
    assert [rule for rule, mark in marks(told) if mark == "no"] == rules
    assert told.sellable is not bool(rules)


def test_a_hold_says_when_it_lapses_and_a_direct_booking_where_it_was_made() -> None:
    held = a_booking(id=3, status="held", held_until=at("08:15"))
    direct = a_booking(id=4, listing_id=None, unit_ids=(1,))
    told = explain(a_case(held, direct, shops=[a_shop()]))
    texts = {reason.rule: reason.text for reason in told.reasons}
    assert texts["hold"].endswith("held since 09:00:00, lapses 08:15:00")
    assert "from the venue itself" in texts["direct"]
    assert [c.what for c in told.coming] == ["hold 3 lapses"]


def test_a_conflict_is_a_warning_beside_the_booking_that_has_it() -> None:
    told = explain(a_case(a_booking(id=3), conflicts={3: at("07:30")}))
    assert ("conflict", "warning") in marks(told)


def test_a_double_booking_is_the_first_thing_that_is_said() -> None:
    """The kind of fault: what needs a person stands below what needs none. Panel and booking page do the same."""
    told = explain(a_case(a_booking(id=3), conflicts={3: at("07:30")}))
    assert (told.reasons[0].rule, told.reasons[0].booking_id) == ("conflict", 3)
    assert "double booking, it has no room" in explaining.lines(told)[1]


@pytest.mark.parametrize(
    "shop",
    [
        a_shop(2, "12:00-13:00", doubt="account-2 is late, so"),
        a_shop(2, shut="12:00-13:00", doubt="account-2 is late, so"),
    ],
    ids=["offered", "not offered"],
)
def test_of_an_account_that_is_not_fresh_nothing_is_as_it_should_be(shop: Shop) -> None:
    """The kind of fault: an all-clear that rests on an old reading."""
    told = explain(a_case(shops=[shop]))
    assert "as it should be" not in "".join(reason.text for reason in told.reasons)
    assert ("channel", "ok") not in marks(told)


def test_time_that_has_begun_cannot_be_sold() -> None:
    told = explain(a_case(now=at("12:00") + timedelta(microseconds=1)))
    assert (told.sellable, told.reasons[0].mark) == (False, "no")
    assert explain(a_case(now=at("12:00"))).sellable


@pytest.mark.parametrize(
    "shop",
    [
        a_shop(2, "12:00-13:00", doubt="account-2 is late, its bookings last read 2 min ago"),
        a_shop(2, shut="12:00-13:00", doubt="account-2 is blind, its bookings never read"),
        a_shop(2, read_until=at("12:30")),
        a_shop(2, read_until=None, read_at=None),
    ],
    ids=["late", "late and not offered", "not read so far", "never read"],
)
def test_what_was_not_read_lately_or_never_is_unknown_and_not_sellable(shop: Shop) -> None:
    """The kind of fault: an answer that rests on nothing. The same holds for when as much time is free."""
    told = explain(a_case(shops=[shop, a_shop(3, "12:00-13:00")]))
    assert (told.answer, told.sellable) == ("unknown", None)
    (reason,) = [one for one in told.reasons if one.mark == "unknown"]
    assert (reason.rule, reason.about) == ("evidence", shop.outlet.name)
    assert (told.next_free, told.next_known) == (None, False)
    assert "perhaps" in explaining.lines(told)[0]
    assert any(line.startswith("Next free: unknown") for line in explaining.lines(told))


def test_why_it_is_unknown_comes_with_when_it_is_read_next() -> None:
    due = {"bookings": at("08:02"), "offers": at("07:59")}
    told = explain(a_case(shops=[a_shop(2, doubt="account-2 is late, so", reads_due=due)]))
    (reason,) = [one for one in told.reasons if one.rule == "evidence"]
    assert reason.text.endswith("account-2 is late, so; read next at 08:00:00")
    paused = a_shop(2, doubt="so", reads_due=due, paused=frozenset({"intake"}))
    (reason,) = [one for one in explain(a_case(shops=[paused])).reasons if one.rule == "evidence"]
    assert reason.text.endswith("so, and nothing is read")


def test_what_is_known_to_be_taken_is_so_however_old_the_rest_is() -> None:
    doubtful = a_shop(2, doubt="account-2 is late, so")
    assert explain(a_case(a_booking(span=span("12:30-12:45")), shops=[doubtful])).sellable is False


def test_a_unit_that_nobody_sells_and_time_that_nobody_offers_are_told_apart() -> None:
    assert ("listing", "no") in marks(explain(a_case(shops=[])))
    assert ("offer", "no") in marks(explain(a_case(shops=[a_shop(shut="12:00-13:00")])))


BOOKED = a_booking(listing_id=1)
STANDING = a_block(listing_id=2, state="booked", wants="booked")
ORPHAN = a_block(listing_id=2, state="booked", wants="nothing", because=())


@pytest.mark.parametrize(
    ("bookings", "shop", "belief"),
    [
        ([], a_shop(2, "12:00-13:00"), "offered"),
        ([BOOKED], a_shop(2, shut="12:00-13:00"), "closed"),
        ([BOOKED], a_shop(2, shut="12:00-13:00", blocks=[STANDING]), "closed"),
        ([BOOKED], a_shop(2, "12:00-13:00"), "exposed"),
        ([BOOKED], a_shop(2, "11:30-12:30", shut="12:30-13:30"), "exposed"),
        ([], a_shop(2, shut="12:00-13:00", blocks=[ORPHAN]), "orphan"),
        ([], a_shop(2, shut="12:00-13:00", blocks=[STANDING]), "beside"),
        ([], a_shop(2, shut="12:00-13:00"), "not_offered"),
        ([], a_shop(2), "not_offered"),
        ([], a_shop(2, read_until=None, read_at=None), "unread"),
        ([BOOKED], a_shop(2, read_until=at("12:30")), "unread"),
        ([a_booking(listing_id=2)], a_shop(2, "12:00-13:00"), "closed"),
    ],
)
def test_what_a_channel_shows_is_held_against_what_it_should_show(
    bookings: list[Booking], shop: Shop, belief: Belief
) -> None:
    told = explain(a_case(*bookings, shops=[shop]))
    (view,) = told.views
    assert view.belief == belief
    assert view.should_offer is (not bookings)


def test_a_pool_is_exposed_only_once_none_of_its_units_is_free() -> None:
    pool = replace(an_outlet(2, (1, 5)), takes="one")
    shop = a_shop(2, "12:00-13:00", outlet=pool)
    units = {1: a_unit(), 5: a_unit(5)}
    outlets = {1: an_outlet(1), 2: pool, 3: an_outlet(3, (5,))}
    one = a_booking(id=1, listing_id=1)
    other = a_booking(id=2, listing_id=3)
    for bookings, belief in (((one,), "offered"), ((one, other), "exposed")):
        told = explain(a_case(*bookings, shops=[shop], units=units, outlets=outlets))
        assert told.views[0].belief == belief


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("waiting", "place queued, attempt 3 at 08:05:00"),
        ("shadow", "place recorded, not sent"),
        ("unknown", "place under way, outcome unknown"),
        ("dead", "place given up after 2 tries (no such space)"),
    ],
)
def test_the_call_that_would_change_it_is_told_with_how_it_stands(state: str, text: str) -> None:
    errand = Errand(
        call="place", state=state, attempts=2, due_at=at("08:05"), error="no such space"
    )
    block = a_block(listing_id=2, state="absent")
    shop = a_shop(2, "12:00-13:00", blocks=[block], errands={block.id: errand})
    told = explain(a_case(BOOKED, shops=[shop]))
    assert told.reasons[-1].text.endswith(text)
    assert told.reasons[-1].mark == "warning"
    waits = [coming.what for coming in told.coming]
    assert waits == (["place on listing-2"] if state in ("waiting", "unknown") else [])


def test_an_account_that_sends_nothing_says_so_and_promises_nothing() -> None:
    errand = Errand(call="place", state="waiting", attempts=0, due_at=NOW, error=None)
    block = a_block(listing_id=2, state="absent")
    due = {"offers": at("08:30")}
    shop = a_shop(blocks=[block], errands={block.id: errand}, reads_due=due, mode="paused")
    told = explain(a_case(BOOKED, shops=[replace(shop, braked=True)]))
    assert [r.rule for r in told.reasons[-2:]] == ["account", "brake"]
    assert told.coming == ()


def test_what_a_person_holds_back_is_told_and_does_not_come() -> None:
    errand = Errand(call="place", state="waiting", attempts=0, due_at=NOW, error=None)
    block = a_block(listing_id=2, state="absent")
    due = {"offers": at("08:30")}
    shop = a_shop(blocks=[block], errands={block.id: errand}, reads_due=due)
    for paused, comes in (("intake", "place on listing-2"), ("pushes", "read offers of listing-2")):
        told = explain(a_case(BOOKED, shops=[replace(shop, paused=frozenset({paused}))]))
        assert told.reasons[-1].text == f"account-2: somebody has paused its {paused}"
        assert [coming.what for coming in told.coming] == [comes]


def test_what_comes_next_is_told_in_order() -> None:
    held = a_block(listing_id=2, state="held", wants="held", expires_at=at("08:20"))
    shop = a_shop(blocks=[held], reads_due={"offers": at("08:30"), "bookings": at("08:10")})
    told = explain(a_case(BOOKED, shops=[shop]))
    assert [(c.at, c.what) for c in told.coming] == [
        (at("08:10"), "read bookings of listing-2"),
        (at("08:20"), "our hold on listing-2 lapses"),
        (at("08:30"), "read offers of listing-2"),
    ]


@patient
@given(some_spans(8), st.integers(8, 30), st.integers(1, 8))
def test_the_next_free_time_is_free_and_none_before_it_is(
    taken: list[Span], start: int, length: int
) -> None:
    unit = a_unit()
    bookings = [a_booking(id=n, span=s) for n, s in enumerate(taken)]
    wanted = quarter(start, length)
    case = a_case(*bookings, unit=unit, units={1: unit}, span=wanted, now=wanted.start)
    found = explain(case).next_free
    assert found is not None
    quarters = [wanted.start + n * timedelta(minutes=15) for n in range(200)]
    free = [q for q in quarters if not any(Span.of(q, wanted.length).overlaps(t) for t in taken)]
    assert found == free[0]


@pytest.mark.parametrize(("trusted", "mark"), [(True, "no"), (False, "warning")])
def test_time_taken_by_somebody_unknown_is_a_reason(trusted: bool, mark: Mark) -> None:
    who = Stranger(listing_id=1, span=span("12:30-13:30"), since=at("07:30"), read_at=NOW)
    told = explain(a_case(strangers=[who], trusted=trusted))
    assert told.sellable is not trusted
    assert ("occupied", mark) in marks(told)
    reason = next(reason for reason in told.reasons if reason.rule == "occupied")
    assert reason.text.startswith("12:30-13:30  sold no more by listing-1, booking unknown, since")
    assert ("as if held" in reason.text) is trusted
    assert told.reasons[1].text == "nobody we know has it"
    assert told.next_free == (at("13:55") if trusted else at("12:00"))
    assert {v.listing: v.belief for v in told.views} == {
        "listing-2": "exposed" if trusted else "offered"
    }


def test_a_stranger_of_other_time_or_another_unit_is_no_reason() -> None:
    far = Stranger(listing_id=1, span=span("15:00-16:00"), since=NOW, read_at=NOW)
    assert [rule for rule, _ in marks(explain(a_case(strangers=[far], trusted=True)))] == [
        "time",
        "booking",
        "channel",
    ]
