"""Absence is a question: what one, two and many answers are good for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.inventory.absence import (
    APART,
    READS_NEEDED,
    TELL_AFTER,
    UNKNOWN_PAUSES,
    AskAgain,
    Believe,
    Doubt,
    Forget,
    conclude,
)

AT = datetime(2027, 3, 1, 12, tzinfo=UTC)
SHOWN = AT - timedelta(minutes=1)
ENOUGH = Doubt(
    kind="missing",
    since=AT,
    read_at=AT + APART,
    reads=READS_NEEDED,
    known=True,
    shown_at=SHOWN,
    lists_began_at=AT,
)
ONE = replace(ENOUGH, reads=1, read_at=AT)


def test_several_reads_and_every_list_are_evidence_enough() -> None:
    assert conclude(ENOUGH) == Believe()


@pytest.mark.parametrize(
    "less",
    [
        {"reads": READS_NEEDED - 1},
        {"read_at": AT + APART - timedelta(seconds=1)},
        {"lists_began_at": None},
        {"lists_began_at": SHOWN},
        {"shown_at": AT + timedelta(seconds=1)},
        {"said_at": SHOWN - timedelta(seconds=1), "lists_began_at": None},
    ],
    ids=str,
)
def test_anything_less_is_asked_again(less: dict[str, Any]) -> None:
    assert isinstance(conclude(replace(ENOUGH, **less)), AskAgain)


def test_an_end_that_was_announced_is_confirmed_by_one_read() -> None:
    assert conclude(replace(ONE, said_at=AT, lists_began_at=None)) == Believe()


def test_a_read_that_began_before_the_announcement_confirms_nothing() -> None:
    assert isinstance(conclude(replace(ONE, said_at=AT + timedelta(seconds=1))), AskAgain)


def test_a_hold_whose_time_is_over_is_gone_with_one_read() -> None:
    assert conclude(replace(ONE, held_until=AT)) == Believe()
    assert isinstance(conclude(replace(ONE, held_until=AT + timedelta(seconds=1))), AskAgain)


def test_a_booking_that_was_never_known_is_looked_for_and_then_forgotten() -> None:
    unknown = replace(ONE, known=False, shown_at=None)
    assert isinstance(conclude(unknown), AskAgain)
    assert conclude(replace(unknown, reads=len(UNKNOWN_PAUSES) + 1)) == Forget()


def test_another_place_is_believed_when_it_is_told_twice() -> None:
    once = replace(ONE, kind="elsewhere")
    assert isinstance(conclude(once), AskAgain)
    assert conclude(replace(once, reads=2)) == Believe()


def test_pauses_grow_and_a_person_is_told_within_minutes() -> None:
    asked = [conclude(replace(ONE, reads=reads)) for reads in range(1, 12)]
    pauses = [again.seconds for again in asked if isinstance(again, AskAgain)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (2, 60)
    late = conclude(replace(ENOUGH, lists_began_at=None, read_at=AT + TELL_AFTER))
    assert isinstance(late, AskAgain)
    assert late.tell


@given(
    reads=st.integers(1, 50),
    seconds=st.integers(0, 10_000),
    known=st.booleans(),
    lists=st.none() | st.integers(-600, 600),
)
def test_without_an_announcement_one_read_ends_nothing(
    reads: int, seconds: int, known: bool, lists: int | None
) -> None:
    """Whatever else is true of it."""
    doubt = replace(
        ONE,
        reads=reads,
        read_at=AT + timedelta(seconds=seconds),
        known=known,
        lists_began_at=None if lists is None else AT + timedelta(seconds=lists),
    )
    believed = conclude(doubt) == Believe()
    assert not believed or (reads >= READS_NEEDED and seconds >= APART.total_seconds() and known)
