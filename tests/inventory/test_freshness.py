"""Freshness: green only on evidence. The kind of fault: an all-clear that rests on nothing having been reported.

It stood in the verdict of `/` and `/ops`, the tiles, the account's page, the calendar, `doctor`, `explain`, the metrics
and the alerts, each with a rule of its own; all of them ask `judged` now.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.inventory.freshness import (
    Cause,
    Evidence,
    Judged,
    Limit,
    Reading,
    State,
    judged,
    lost,
)

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def a_reading(**values: Any) -> Reading:
    """Of bookings, with the default settings, read in time."""
    reading = Reading(
        what="its bookings",
        news_at=NOW - 30 * SECOND,
        news_seconds=60,
        complete_at=NOW - 4 * MINUTE,
        period_seconds=300,
        next_at=NOW + 10 * SECOND,
        lists=31,
        lists_read=31,
    )
    return replace(reading, **values)


def evidence(*readings: Reading, **values: Any) -> Evidence:
    found = Evidence(
        made_at=NOW - 24 * HOUR, beat_at=NOW - 2 * SECOND, readings=readings or (a_reading(),)
    )
    return replace(found, **values)


def told(of: Evidence, now: datetime = NOW) -> tuple[State, Cause]:
    found = judged(of, now)
    return found.state, found.cause


def limit(seconds: float, *, explained: bool) -> Limit:
    return Limit(until=NOW + seconds * SECOND, since=NOW - SECOND, explained=explained)


@pytest.mark.parametrize(
    ("found", "state", "cause"),
    [
        (evidence(), "fresh", "nothing"),
        (evidence(beat_at=NOW - 31 * SECOND), "down", "worker"),
        (evidence(beat_at=NOW + HOUR), "down", "worker"),
        (evidence(beat_at=None), "fresh", "nothing"),
        (evidence(refused=True), "down", "credentials"),
        (evidence(unanswered_at=NOW - MINUTE), "down", "provider"),
        (evidence(paused="intake paused by eva"), "paused", "paused"),
        (evidence(paused="paused", unanswered_at=NOW - HOUR), "paused", "paused"),
        (evidence(limit=limit(40, explained=False)), "late", "limit"),
        (evidence(limit=limit(3600, explained=True)), "late", "limit"),
        (evidence(limit=limit(5, explained=True)), "fresh", "nothing"),
        (evidence(limit=limit(-1, explained=False)), "fresh", "nothing"),
        (
            evidence(a_reading(news_at=NOW - 5 * MINUTE), limit=limit(9, explained=False)),
            "blind",
            "limit",
        ),
        (evidence(limit=limit(40, explained=False), refused=True), "down", "credentials"),
    ],
)
def test_each_piece_of_evidence_has_its_judgement(
    found: Evidence, state: State, cause: Cause
) -> None:
    assert told(found) == (state, cause)


@pytest.mark.parametrize(
    ("values", "state", "cause"),
    [
        ({"news_at": NOW - 90 * SECOND}, "fresh", "nothing"),
        ({"news_at": NOW - 91 * SECOND}, "late", "reading"),
        ({"news_at": NOW - 180 * SECOND}, "late", "reading"),
        ({"news_at": NOW - 181 * SECOND}, "blind", "reading"),
        ({"news_at": NOW - 35 * SECOND, "news_seconds": 5}, "fresh", "nothing"),
        ({"news_at": NOW - 36 * SECOND, "news_seconds": 5}, "late", "reading"),
        ({"news_at": NOW - 65 * SECOND, "news_seconds": 5}, "late", "reading"),
        ({"news_at": NOW - 66 * SECOND, "news_seconds": 5}, "blind", "reading"),
        ({"news_at": NOW + 4 * SECOND}, "fresh", "nothing"),
        ({"news_at": NOW + 6 * SECOND}, "late", "clock"),
        ({"news_at": None}, "blind", "reading"),
        ({"complete_at": NOW - 375 * SECOND}, "fresh", "nothing"),
        ({"complete_at": NOW - 376 * SECOND}, "late", "reading"),
        ({"complete_at": NOW - 901 * SECOND}, "blind", "reading"),
        ({"complete_at": NOW + HOUR}, "late", "clock"),
        ({"complete_at": None}, "blind", "reading"),
        ({"complete_at": None, "period_seconds": None}, "fresh", "nothing"),
        ({"next_at": NOW - 30 * SECOND}, "fresh", "nothing"),
        ({"next_at": NOW - 31 * SECOND}, "late", "reading"),
        ({"next_at": NOW + 90 * SECOND}, "fresh", "nothing"),
        ({"next_at": NOW + 91 * SECOND}, "late", "reading"),
        ({"next_at": None}, "fresh", "nothing"),
    ],
)
def test_a_reading_is_judged_by_its_age_and_by_its_plan(
    values: dict[str, Any], state: State, cause: Cause
) -> None:
    assert told(evidence(a_reading(**values))) == (state, cause)


def test_nothing_that_is_read_is_no_evidence() -> None:
    assert told(replace(evidence(), readings=())) == ("blind", "reading")


def test_the_worst_of_several_readings_counts() -> None:
    offers = Reading(what="its offers", news_at=NOW - HOUR, news_seconds=300)
    found = judged(evidence(a_reading(), offers), NOW)
    assert (found.state, found.reason) == (
        "blind",
        "its offers last read 1 h ago, should be every 5 min",
    )


def test_a_first_reading_says_how_far_it_is_and_one_that_never_ends_is_a_fault() -> None:
    reading = a_reading(news_at=None, complete_at=None, lists_read=12)
    new = evidence(reading, made_at=NOW - 2 * MINUTE)
    assert judged(new, NOW) == Judged(
        state="blind",
        cause="first",
        reason="first reading under way, 12 of 31 lists",
        next_at=reading.next_at,
    )
    later = judged(replace(new, beat_at=None), NOW + HOUR)
    assert (later.state, later.cause) == ("blind", "reading")
    assert later.reason == "its bookings never read completely, 12 of 31 lists"


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumped_is_seen_at_once(hours: int) -> None:
    """The database's clock steps by an hour while all is well, with a worker that is told of it a moment later."""
    assert told(evidence(), NOW + hours * HOUR)[0] != "fresh"
    beating = evidence(beat_at=NOW + hours * HOUR)
    assert told(beating, NOW + hours * HOUR)[0] != "fresh"


def test_a_reader_that_died_is_seen_within_a_minute_where_near_days_are_read_every_twenty_seconds() -> (
    None
):
    died = evidence(a_reading(news_at=NOW, complete_at=NOW, next_at=NOW + 20 * SECOND))
    for seconds in range(600):
        now = NOW + seconds * SECOND
        living = replace(died, beat_at=now)
        assert judged(living, now).fresh is (seconds <= 50)


INSTANTS = st.one_of(st.none(), st.integers(-9000, 9000).map(lambda n: NOW + n * SECOND))
READINGS = st.builds(
    Reading,
    what=st.just("its bookings"),
    news_at=INSTANTS,
    news_seconds=st.floats(1, 4000),
    complete_at=INSTANTS,
    period_seconds=st.one_of(st.none(), st.floats(1, 8000)),
    next_at=INSTANTS,
    lists=st.integers(0, 40),
    lists_read=st.integers(0, 40),
)
EVIDENCE = st.builds(
    Evidence,
    made_at=st.just(NOW - HOUR),
    beat_at=INSTANTS,
    readings=st.lists(READINGS, max_size=3),
    paused=st.sampled_from(["", "", "", "paused"]),
    unanswered_at=st.one_of(st.none(), st.none(), st.just(NOW - MINUTE)),
    refused=st.sampled_from([False, False, False, True]),
    limit=st.one_of(
        st.none(),
        st.builds(
            Limit,
            until=st.integers(-99, 4000).map(lambda n: NOW + n * SECOND),
            since=st.just(NOW - SECOND),
            explained=st.booleans(),
        ),
    ),
)


@given(EVIDENCE)
def test_only_what_was_read_in_time_by_somebody_who_lives_is_fresh(found: Evidence) -> None:
    """Said the other way round than the rule: every single doubt is enough."""
    state = judged(found, NOW)
    if not state.fresh:
        assert state.reason
        assert state.cause != "nothing"
        return
    assert (found.paused, found.refused, found.unanswered_at) == ("", False, None)
    assert found.readings
    assert found.beat_at is None or abs(NOW - found.beat_at) <= 30 * SECOND
    for reading in found.readings:
        assert reading.news_at is not None
        age = (NOW - reading.news_at).total_seconds()
        assert -5 <= age <= max(reading.news_seconds + 30, reading.news_seconds * 1.25)
        assert reading.complete_at is not None or reading.period_seconds is None


ORDER: tuple[State, ...] = ("fresh", "late", "blind")


@given(READINGS, st.integers(0, 9000))
def test_what_is_not_read_only_gets_worse(reading: Reading, seconds: int) -> None:
    """Once its instants are past; until then a jump of the clock is what is wrong."""
    past = NOW + 9000 * SECOND
    alone = evidence(replace(reading, next_at=None), beat_at=None)
    before, after = judged(alone, past), judged(alone, past + seconds * SECOND)
    assert ORDER.index(before.state) <= ORDER.index(after.state)


@given(EVIDENCE, st.sampled_from(["refused", "unanswered_at", "beat_at"]))
def test_more_that_is_wrong_makes_nothing_better(found: Evidence, what: str) -> None:
    worse: dict[str, Any] = {"refused": True, "unanswered_at": NOW - MINUTE, "beat_at": NOW - HOUR}
    state = judged(replace(found, **{what: worse[what]}), NOW).state
    assert state == ("paused" if found.paused else "down")


def test_a_heartbeat_is_one_of_the_last_half_minute() -> None:
    assert not lost(None, NOW)
    assert [lost(NOW + n * SECOND, NOW) for n in (-31, -30, 0, 5, 6)] == [
        True,
        False,
        False,
        False,
        True,
    ]
