"""What a soak prints: its figures, and the history of a booking that a violation names."""

from datetime import UTC, datetime, timedelta

from holdfast.soak.bounds import Bound, Exposed, Shares, Struck
from holdfast.soak.crowd import Act
from holdfast.soak.evidence import Violation
from holdfast.soak.report import Summary, concerned, story
from holdfast.soak.sales import Sale

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BOOKED = Act(at=NOON, side="rooms", what="book", ref="ref-1", outcome="salon")
REFUSED = Act(at=NOON, side="rooms", what="move", ref="ref-1", outcome="no: Refused")
SALE = Sale(side="tables", ref="ref-2", of="rooms", holder="ref-1", at=NOON)
LOST = Violation(checker="end_state", what="not in the store: ('rooms', 'ref-1')")


def exposed(seconds: float) -> Exposed:
    return Exposed(
        source="rooms", target="tables", began=NOON, ended=NOON + seconds * SECOND, ref="ref-1"
    )


def test_every_figure_is_printed() -> None:
    summary = Summary(
        seed=7,
        seconds=60,
        acts=[BOOKED, REFUSED],
        staff=[BOOKED],
        struck={"redis flushed": 2},
        stood=[Struck(kind="redis killed", side=None, began=NOON, ended=NOON + SECOND)],
        spoilt={"webhooks": 3},
        counts={"bookings": 1, "webhooks": 2, "attempts": 5, "unknown": 4, "conflicts": 6},
        exposures=[exposed(0.0), exposed(1.0), exposed(2.0)],
        shares=[Shares(outage=1.5, waits=0.25, ours=0.25)] * 3,
        convergence=1.5,
        sales=[SALE, SALE],
        unmeasured=[SALE],
        pages="12, p99 0.10 s",
        bounds=[Bound(name="convergence", figure=1.5, limit=1.0, unit=" s")],
        violations=[LOST],
    )
    text = "\n".join(summary.lines())
    for words in (
        "seed 7",
        "2 by guests: 1 book; 1 refused",
        "1 at the venue: 1 book; 0 refused",
        "2 redis flushed",
        "5, 4 of unknown outcome",
        "3 webhooks",
        "p50 1.00 s",
        "max 2.00 s",
        "p50 0.25 s",
        "0.2 s: rooms ref-1 on tables from 12:00:00, redis killed 00:00-01",
        "4 s while a provider was out of reach, 1 s while no calls were wanted",
        "2 times, 1 of them with no exposure measured",
        "0 of 1 kept",
        "convergence: 1.5 s of 1 s, too much",
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
