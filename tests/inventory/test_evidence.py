"""How two bookings met: each way in which a second one can slip in, in one sentence."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import at, patient

from holdfast.inventory.evidence import Closing, Witness, evidence, in_order, why

T0 = at("10:00")

_FIRST = Witness(
    id=1,
    channel="rooms",
    account="rooms-main",
    listing="salon-rooms",
    ref="r-1",
    status="confirmed",
    via="webhook",
    inbox_id=11,
    made_at=T0,
    heard_at=T0,
    first_seen_at=T0,
    firm_at=T0,
)
_CLOSING = Closing(
    push_id=7,
    account="tables-main",
    mode="live",
    listing="salon-tables",
    state="done",
    wished_at=T0,
    sent_at=T0,
    answered_at=None,
    tries=1,
    failure=None,
)


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def first(**values: Any) -> Witness:
    return replace(_FIRST, **values)


def second(seconds: float, **values: Any) -> Witness:
    """Made so long after the first, and known at once."""
    moment = after(seconds)
    other = replace(_FIRST, id=2, channel="tables", account="tables-main", ref="t-2")
    return replace(
        other,
        **{"made_at": moment, "heard_at": moment, "first_seen_at": moment, "firm_at": moment}
        | values,
    )


def closing(**values: Any) -> Closing:
    return replace(_CLOSING, **values)


TOLD = [
    (first(), second(0.4), None, "instant", "both booked within 0.4 s: faster than any call"),
    (first(), second(0), closing(), "instant", "both booked within 0.1 s: faster than any call"),
    (
        first(via="poll", heard_at=after(4.8), first_seen_at=after(4.8)),
        second(3),
        None,
        "unheard",
        "found by poll 4.8 s after it was made",
    ),
    (
        first(heard_at=after(95), first_seen_at=after(95)),
        second(90),
        None,
        "unheard",
        "told by webhook 95 s after it was made",
    ),
    (
        first(via="poll", made_at=None, heard_at=after(1), first_seen_at=after(4)),
        second(3),
        None,
        "unheard",
        "found by poll; when it was made is not told",
    ),
    (
        first(first_seen_at=after(5), heard_at=after(5)),
        second(8),
        closing(wished_at=after(5), sent_at=after(5)),
        "unheard",
        "told by webhook 5.0 s after it was made",
    ),
    (
        first(),
        second(20),
        closing(wished_at=after(12), sent_at=after(12)),
        "undecided",
        "decided 12 s after it was heard of",
    ),
    (
        first(),
        second(94),
        closing(sent_at=after(71), answered_at=after(97)),
        "queued",
        "the block waited 71 s for the rate budget",
    ),
    (
        first(),
        second(60),
        closing(sent_at=None),
        "queued",
        "the block waited 60 s for the rate budget",
    ),
    (first(), second(9), closing(), "unanswered", "tables-main took 9.0 s to answer"),
    (
        first(),
        second(40),
        closing(tries=5, failure="unknown"),
        "unanswered",
        "the block took 40 s and 5 tries, at last: unknown",
    ),
    (
        first(),
        second(40),
        closing(sent_at=after(30), answered_at=after(31), failure="taken"),
        "queued",
        "the block waited 30 s for the rate budget",
    ),
    (
        first(),
        second(40),
        closing(state="dead", answered_at=after(10), failure="rejected"),
        "refused",
        "tables-main did not take the block (rejected) 30 s before",
    ),
    (
        first(),
        second(40),
        closing(answered_at=after(2)),
        "stood",
        "the block stood for 38 s, and tables-main sold the time all the same",
    ),
    (
        first(),
        second(40, made_at=None),
        closing(answered_at=after(2)),
        "unheard",
        "tables-main told of the second 38 s after the block stood; when it was made is not told",
    ),
    (
        first(),
        second(40, made_at=None),
        None,
        "unheard",
        "tables-main told of the second 40 s after the first was known; when it was made is not told",
    ),
    (
        first(),
        second(40),
        closing(mode="shadow", sent_at=None),
        "not_sent",
        "tables-main is in mode shadow: nothing is sent",
    ),
    (first(), second(40), None, "not_sent", "no call was under way 40 s after it was known"),
    (
        first(),
        second(40, account=None, channel="direct"),
        None,
        "direct",
        "made at the venue itself, over a booking that was there",
    ),
]


@pytest.mark.parametrize(("one", "other", "push", "delay", "text"), TOLD)
def test_what_took_longest_is_told_in_one_sentence(
    one: Witness, other: Witness, push: Closing | None, delay: str, text: str
) -> None:
    reason = why(one, other, push)
    assert (reason.delay, reason.text) == (delay, text)
    assert reason.seconds >= 0


def test_what_was_off_sale_there_before_is_no_delay_of_ours() -> None:
    late = second(40, made_at=None)
    reason = why(first(), late, None, sold_there=False)
    assert reason.delay == "hidden"
    assert reason.text == (
        "tables-main sold the time no more when the first was heard of, 40 s before: it was taken there"
        " already, and not shown"
    )
    assert why(first(), late, None, sold_there=True).delay == "unheard"  # it may be the older one
    assert why(first(), late, closing(state="waiting"), sold_there=False).delay != "hidden"
    assert evidence([first()], late, None, sold_there=False)["sold_there"] is False


def test_the_provider_says_who_was_first_where_both_tell_and_our_receipt_otherwise() -> None:
    assert evidence([first()], second(5), None)["first_by"] == "provider"
    told = evidence([first(made_at=None)], second(5), None)
    assert (told["first_by"], told["first"]) == ("receipt", 1)


def test_who_was_first_is_not_known_where_neither_clock_can_tell() -> None:
    """Kind: an order that is only the order of our reads, shown as a fact and acted on by the policy."""
    undated = second(60, made_at=None)
    assert evidence([first()], undated, None)["first_by"] == "unknown"
    read_meanwhile = replace(undated, blank_at=after(30))
    assert evidence([first()], read_meanwhile, None)["first_by"] == "receipt"
    read_before = replace(undated, blank_at=after(-30))
    assert evidence([first()], read_before, None)["first_by"] == "unknown"
    within_the_clocks = replace(second(1), account="other")
    assert evidence([first()], within_the_clocks, None)["first_by"] == "unknown"


def test_the_evidence_holds_both_sides_with_both_clocks_and_the_push() -> None:
    told = evidence([first()], second(5), closing())
    sides = told["bookings"]
    assert isinstance(sides, list)
    assert [(s["side"], s["id"], s["made_at"]) for s in sides] == [
        ("A", 1, T0.isoformat()),
        ("B", 2, after(5).isoformat()),
    ]
    assert told["seconds_between"] == 5.0
    assert isinstance(told["exposure"], dict)
    assert told["exposure"]["push_id"] == 7


def test_a_booking_whom_the_database_refused_alone_has_no_story() -> None:
    assert set(evidence([], second(5), None)) == {"bookings"}


@patient
@given(st.floats(-100, 100), st.floats(-100, 100))
def test_the_order_is_the_same_whoever_is_named_first(one: float, other: float) -> None:
    a, b = second(one, id=1), second(other)
    assert in_order(a, b) == in_order(b, a)


@patient
@given(st.lists(st.floats(0, 200), min_size=5, max_size=5), st.booleans())
def test_no_wait_is_negative_or_longer_than_the_time_between(
    moments: list[float], sent: bool
) -> None:
    seen, wished, went, answered, booked = (after(moment) for moment in moments)
    push = closing(wished_at=wished, sent_at=went if sent else None, answered_at=answered)
    one = first(first_seen_at=seen)
    reason = why(one, second((booked - T0).total_seconds()), push)
    known_late = max(moments[0], moments[4])
    assert 0 <= reason.seconds <= known_late + 1e-6
