"""A guest's booking is cancelled only on what was read after the decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.inventory.ending import Decided, Witnessed, objection
from holdfast.inventory.model import Absent, Seen, Span, Status

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
LATER = AT + timedelta(seconds=2)
SPAN = Span.of(AT + timedelta(hours=6), timedelta(hours=2))
DECIDED = Decided(conflict=1, act="keep_a", actor="policy", decided_at=AT, span=SPAN)


def seen(ref: str, status: Status = "confirmed", read_at: datetime = LATER) -> Seen:
    return Seen(
        external_id=ref, listing="salon", status=status, raw_status="x", span=SPAN, read_at=read_at
    )


LEAVES = Witnessed(name="#2", channel="tables", ref="t-2", seen=seen("t-2"))
STAYS = Witnessed(name="#1", channel="rooms", ref="r-1", seen=seen("r-1"))


def test_both_are_there_as_they_were() -> None:
    assert objection(DECIDED, LEAVES, [STAYS]) is None


@pytest.mark.parametrize("status", ["cancelled", "declined", "expired", "completed", "no_show"])
def test_nobody_is_cancelled_for_one_who_left(status: Status) -> None:
    """Kind: an act on what was known minutes ago. Both guests would be gone."""
    assert objection(DECIDED, LEAVES, [replace(STAYS, seen=seen("r-1", status))]) is not None


def test_nobody_is_cancelled_for_one_who_is_not_found() -> None:
    gone = replace(STAYS, seen=Absent(external_id="r-1", read_at=LATER))
    assert objection(DECIDED, LEAVES, [gone]) is not None


@pytest.mark.parametrize("side", ["leaves", "stays"])
def test_what_was_read_before_the_decision_is_no_evidence(side: str) -> None:
    old = {"leaves": LEAVES, "stays": STAYS}
    old[side] = replace(old[side], seen=seen(old[side].ref, read_at=AT - timedelta(seconds=1)))
    assert objection(DECIDED, old["leaves"], [old["stays"]]) is not None


@pytest.mark.parametrize("status", ["seated", "cancelled", "completed"])
def test_who_sits_at_the_table_or_left_is_not_cancelled(status: Status) -> None:
    assert objection(DECIDED, replace(LEAVES, seen=seen("t-2", status)), [STAYS]) is not None


def test_what_was_moved_since_is_asked_about_again() -> None:
    moved = replace(seen("t-2"), span=Span.of(SPAN.end, timedelta(hours=1)))
    assert objection(DECIDED, replace(LEAVES, seen=moved), [STAYS]) is not None


def test_a_reference_that_also_stays_is_never_cancelled() -> None:
    same = replace(LEAVES, channel="rooms", ref="R-1")
    assert objection(DECIDED, same, [STAYS]) is not None


def test_the_policy_acts_on_nothing_that_is_read_in_part() -> None:
    odd_ones: list[dict[str, Any]] = [
        {"unread": ("party",)},
        {"guessed": ("time",)},
        {"status": "unknown"},
    ]
    for odd in odd_ones:
        vague = replace(seen("t-2"), **odd)
        assert objection(DECIDED, replace(LEAVES, seen=vague), [STAYS]) is not None
    by_a_person = replace(DECIDED, actor="vera")
    told = replace(seen("t-2"), unread=("party",))
    assert objection(by_a_person, replace(LEAVES, seen=told), [STAYS]) is None


def test_one_booking_by_itself_needs_only_to_be_there() -> None:
    assert objection(replace(DECIDED, conflict=None), LEAVES, []) is None
