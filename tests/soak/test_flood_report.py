"""What a flood is judged by: each rule on evidence that breaks it and on evidence that does not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.soak.flood_report import (
    LONG_SECONDS,
    MOST_GROWTH,
    SLACK,
    Figures,
    Sent,
    Waited,
    fifth,
    lines,
    violations,
)

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
COUNTS = {"bookings": 1, "webhooks": 2, "attempts": 3, "conflicts": 0}


def sent(at: float, status: int = 200, seconds: float = 0.01, *, asked: bool = False) -> Sent:
    return Sent(at=at, status=status, asked_again=asked, seconds=seconds)


def waited(number: int, start: timedelta | None, done: float | None) -> Waited:
    starts_at = None if start is None else NOON + start
    return Waited(
        account_id=1,
        ref=f"b-{number}",
        starts_at=starts_at,
        ends_at=starts_at and starts_at + timedelta(hours=1),
        told=3,
        done_at=None if done is None else NOON + done * SECOND,
        put_off=False,
    )


def in_order(count: int) -> list[Waited]:
    return [waited(n, timedelta(hours=n + 1), float(n)) for n in range(count)]


FINE = Figures(
    seed=1,
    seconds=LONG_SECONDS,
    capacity=20.0,
    rate=200.0,
    sent=[sent(float(at)) for at in range(60)],
    ended_at=NOON,
    backlog=[waited(500, None, 0.0), *in_order(300), waited(501, -5 * timedelta(hours=1), 400.0)],
    rows_waiting=900,
    drained=4.0,
    at_rest=5.0,
    sizes={"web.1": [10, 12], "worker.1": [0]},
)


def found(figures: Figures) -> Sequence[str]:
    return [violation.checker for violation in violations(figures)]


def test_a_flood_in_which_all_went_well_violates_nothing() -> None:
    assert found(FINE) == []
    assert found(replace(FINE, sent=[*FINE.sent, sent(3.0, 503, asked=True)])) == []


@pytest.mark.parametrize("status", [0, 202, 401, 500])
def test_any_answer_but_a_200_and_a_503_is_a_violation(status: int) -> None:
    assert found(replace(FINE, sent=[*FINE.sent, sent(3.0, status)])) == ["answer"]


def test_a_503_that_does_not_say_when_to_come_again_is_a_violation() -> None:
    assert found(replace(FINE, sent=[*FINE.sent, sent(3.0, 503)])) == ["answer"]


def test_who_overtakes_many_riskier_ones_is_a_violation_and_a_neighbour_is_none() -> None:
    near = in_order(300)
    far_first = [*near[:-1], waited(299, timedelta(hours=300), -1.0)]
    assert found(replace(FINE, backlog=far_first)) == ["order"]
    put_off = [*far_first[:-1], replace(far_first[-1], put_off=True)]
    assert found(replace(FINE, backlog=put_off)) == []
    neighbour = [*near[:-1], waited(299, timedelta(hours=300), float(300 - SLACK) + 0.5)]
    assert found(replace(FINE, backlog=neighbour)) == []


def test_a_backlog_that_stays_is_a_violation() -> None:
    assert found(replace(FINE, drained=None)) == ["rest"]
    assert found(replace(FINE, at_rest=None)) == ["rest"]


def test_acknowledgements_that_become_slower_are_a_violation_of_a_long_flood_only() -> None:
    slower = [sent(float(at), seconds=0.01 if at < 30 else 0.9) for at in range(60)]
    assert found(replace(FINE, sent=slower)) == ["acknowledgement"]
    assert found(replace(FINE, sent=slower, seconds=LONG_SECONDS - 1)) == []


def test_a_process_that_grows_and_grows_is_a_violation() -> None:
    assert found(replace(FINE, sizes={"web.1": [10, 11, 12, MOST_GROWTH + 11]})) == ["memory"]


def test_the_fifths_are_of_the_time_asked_for_and_hold_what_was_accepted() -> None:
    all_sent = [sent(11.9, seconds=0.2), sent(1.0, seconds=0.1), sent(1.0, 503), sent(12.0)]
    assert fifth(all_sent, 0, 60.0) == [0.1, 0.2]
    assert fifth(all_sent, 4, 60.0) == []


def test_the_summary_has_a_line_for_each_figure() -> None:
    told = "\n".join(lines(FINE, COUNTS, violations(FINE)))
    assert "60 sent, 1/s (200/s wanted), 60 accepted, 0 refused with 503" in told
    assert "Violations        0" in told
    never = lines(replace(FINE, drained=None, backlog=[], sent=[]), COUNTS, [])
    assert "never" in "\n".join(never)
