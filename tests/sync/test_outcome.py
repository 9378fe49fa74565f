"""What a failed call means for its push: every failure class, row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.channel import (
    Broken,
    ChannelError,
    Gone,
    Limited,
    NotSent,
    Rejected,
    Taken,
    Unauthorised,
    Unknown,
)
from holdfast.inventory.backoff import GIVE_UP_AFTER, TRIES_AT_LEAST
from holdfast.sync.outcome import (
    REHOLD_PATIENCE,
    Again,
    Circumstances,
    Ended,
    FindOut,
    Verdict,
    failure_of,
    judge,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
FRESH = Circumstances(attempts=1, in_a_row=1, tried_since=NOW, now=NOW, jitter=0.0)
OLD = replace(
    FRESH,
    attempts=TRIES_AT_LEAST,
    in_a_row=TRIES_AT_LEAST,
    tried_since=NOW - GIVE_UP_AFTER - TICK,
)
LIMITED = Limited("429", retry_after=30.0)

EVERY_KIND: list[ChannelError] = [
    NotSent("not sent"),
    Unknown("unknown"),
    Taken("taken"),
    Gone("gone"),
    Rejected("rejected"),
    LIMITED,
    Unauthorised("unauthorised"),
    Broken("broken"),
]


def lapsed(ago: timedelta, around: Circumstances = FRESH) -> Circumstances:
    """A hold of ours on the very slot was lost so long ago."""
    return replace(around, gap_since=NOW - ago)


@pytest.mark.parametrize(
    ("error", "around", "verdict"),
    [
        pytest.param(NotSent(""), FRESH, Again(seconds=0.5, failure="not_sent"), id="not sent"),
        pytest.param(
            NotSent(""),
            replace(FRESH, attempts=3, in_a_row=3),
            Again(seconds=2.0, failure="not_sent"),
            id="not sent again and again: longer pauses",
        ),
        pytest.param(
            NotSent(""),
            replace(FRESH, attempts=30),
            Again(seconds=0.5, failure="not_sent"),
            id="not sent, after many failures of other kinds: a short pause",
        ),
        pytest.param(
            NotSent(""),
            replace(FRESH, jitter=0.5),
            Again(seconds=0.75, failure="not_sent"),
            id="not sent, with a drop of randomness",
        ),
        pytest.param(NotSent(""), OLD, Ended(why="given_up"), id="not sent for a day"),
        pytest.param(
            NotSent(""),
            replace(OLD, tried_since=NOW - GIVE_UP_AFTER),
            Again(seconds=60.0, failure="not_sent"),
            id="not sent for just under a day",
        ),
        pytest.param(
            NotSent(""),
            replace(OLD, attempts=TRIES_AT_LEAST - 1),
            Again(seconds=60.0, failure="not_sent"),
            id="not sent for a day, and hardly tried",
        ),
        pytest.param(Unknown(""), FRESH, FindOut(seconds=0.5), id="unknown"),
        pytest.param(Unknown(""), OLD, FindOut(seconds=30.0), id="unknown is never given up"),
        pytest.param(
            Unknown(""), lapsed(TICK), FindOut(seconds=0.5), id="unknown while our hold lapses"
        ),
        pytest.param(Taken(""), FRESH, Ended(why="taken"), id="taken"),
        pytest.param(
            Taken(""),
            lapsed(TICK),
            Again(seconds=0.25, failure="taken"),
            id="taken, perhaps by our own hold that only just lapses",
        ),
        pytest.param(
            Taken(""),
            lapsed(REHOLD_PATIENCE - TICK),
            Again(seconds=0.25, failure="taken"),
            id="taken just within patience",
        ),
        pytest.param(
            Taken(""), lapsed(REHOLD_PATIENCE), Ended(why="taken"), id="taken beyond patience"
        ),
        pytest.param(
            Taken(""), lapsed(TICK, OLD), Ended(why="given_up"), id="taken by our own for a day"
        ),
        pytest.param(Gone(""), FRESH, Ended(why="gone"), id="gone"),
        pytest.param(Gone(""), lapsed(TICK), Ended(why="gone"), id="gone while our hold lapses"),
        pytest.param(Gone(""), OLD, Ended(why="gone"), id="gone after a day"),
        pytest.param(Rejected(""), FRESH, Ended(why="rejected"), id="rejected"),
        pytest.param(Rejected(""), OLD, Ended(why="rejected"), id="rejected after a day"),
        pytest.param(LIMITED, FRESH, Again(seconds=30.0, failure="limited"), id="limited"),
        pytest.param(
            LIMITED,
            replace(FRESH, jitter=0.5, attempts=9, in_a_row=9),
            Again(seconds=30.5, failure="limited"),
            id="limited: what was told counts, however often",
        ),
        pytest.param(LIMITED, OLD, Ended(why="given_up"), id="limited for a day"),
        pytest.param(
            Unauthorised(""), FRESH, Again(seconds=2.0, failure="unauthorised"), id="unauthorised"
        ),
        pytest.param(Unauthorised(""), OLD, Ended(why="given_up"), id="unauthorised for a day"),
        pytest.param(Broken(""), FRESH, Again(seconds=2.0, failure="broken"), id="broken"),
        pytest.param(Broken(""), OLD, Ended(why="given_up"), id="broken for a day"),
    ],
)
def test_each_failure_has_its_verdict(
    error: ChannelError, around: Circumstances, verdict: Verdict
) -> None:
    assert judge(error, around) == verdict


def test_every_failure_class_is_judged_and_has_a_name_of_its_own() -> None:
    assert {type(error) for error in EVERY_KIND} == set(ChannelError.__subclasses__())
    assert len({failure_of(error) for error in EVERY_KIND}) == len(EVERY_KIND)


@given(
    st.sampled_from(EVERY_KIND),
    st.integers(0, 500),
    st.timedeltas(timedelta(0), timedelta(days=3)),
    st.none() | st.timedeltas(timedelta(0), timedelta(minutes=1)),
    st.floats(0, 1, exclude_max=True),
)
def test_whatever_the_circumstances_only_doubt_is_settled_by_reading(
    error: ChannelError,
    attempts: int,
    age: timedelta,
    gap: timedelta | None,
    jitter: float,
) -> None:
    around = Circumstances(
        attempts=attempts,
        in_a_row=attempts,
        tried_since=NOW - age,
        now=NOW,
        jitter=jitter,
        gap_since=None if gap is None else NOW - gap,
    )
    verdict = judge(error, around)
    assert isinstance(verdict, FindOut) == isinstance(error, Unknown)
    if isinstance(verdict, Again | FindOut):
        assert verdict.seconds > 0
    if isinstance(verdict, Again):
        assert age <= GIVE_UP_AFTER or attempts < TRIES_AT_LEAST
    if isinstance(verdict, Again) and isinstance(error, Limited):
        assert verdict.seconds >= error.retry_after
