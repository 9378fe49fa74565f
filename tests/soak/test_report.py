"""What a soak prints: its figures, and the history of a booking that a violation names."""

from datetime import UTC, datetime, timedelta

from holdfast.soak.crowd import Act
from holdfast.soak.evidence import Clock, Violation
from holdfast.soak.gather import error
from holdfast.soak.report import Summary, concerned, story

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BOOKED = Act(at=NOON, side="rooms", what="book", ref="ref-1", outcome="salon")
REFUSED = Act(at=NOON, side="rooms", what="move", ref="ref-1", outcome="no: Refused")
LOST = Violation(checker="end_state", what="not in the store: ('rooms', 'ref-1')")


def test_every_figure_is_printed() -> None:
    summary = Summary(
        seed=7,
        seconds=60,
        acts=[BOOKED, REFUSED],
        struck={"redis flushed": 2},
        spoilt={"webhooks": 3},
        counts={"bookings": 1, "webhooks": 2, "attempts": 5, "unknown": 4, "conflicts": 6},
        exposures=[0.0, 1.0, 2.0],
        convergence=1.5,
        violations=[LOST],
    )
    text = "\n".join(summary.lines())
    for words in (
        "seed 7",
        "2 by guests: 1 book; 1 refused",
        "2 redis flushed",
        "5, 4 of unknown outcome",
        "3 webhooks",
        "p50 1.00 s",
        "max 2.00 s",
        "1.5 s after",
        "Violations        1",
        "end_state: not in the store",
    ):
        assert words in text


def test_the_booking_that_a_violation_names_is_told_in_order() -> None:
    assert concerned([LOST], ["ref-0", "ref-1", "ref-1"]) == ["ref-1"]
    other = Act(at=NOON, side="rooms", what="book", ref="ref-2", outcome="-")
    lines = story("ref-1", [BOOKED, other], ["11:59:59.000000 webhook booking.created"])
    assert [line.split()[1] for line in lines[1:]] == ["webhook", "guest"]


def test_how_wrong_a_providers_clock_was_when_it_showed_a_time() -> None:
    clocks = [
        Clock(side="rooms", set_at=NOON, ahead=-15.0),
        Clock(side="rooms", set_at=NOON + 60 * SECOND, ahead=5.0),
    ]
    assert error(clocks, "rooms", NOON) == -15.0
    assert error(clocks, "rooms", NOON + 64 * SECOND) == -15.0
    assert error(clocks, "rooms", NOON + 65 * SECOND) == 5.0
    assert error(clocks, "tables", NOON + 65 * SECOND) == 0.0
