"""A guest who buys what another has already is the proof that something was exposed at that moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from holdfast.inventory.model import Span
from holdfast.soak.books import Books
from holdfast.soak.bounds import Exposed
from holdfast.soak.evidence import Clock, Made, Witness
from holdfast.soak.sales import Sale, ours, sold_twice, unmeasured

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LUNCH = Span.of(NOON + 24 * HOUR, HOUR)
FIRST = Made(ref="g1", unit="salon", span=LUNCH, ours=False, marker=None, made=NOON, over=None)
SECOND_GUEST = replace(FIRST, ref="g2", made=NOON + 30 * SECOND)
EXPOSED = Exposed(source="rooms", target="tables", ref="g1", began=NOON, ended=NOON + 31 * SECOND)


def sales(
    first: Made, second: Made, *clocks: Clock, moved: frozenset[str] = frozenset()
) -> list[Sale]:
    books = Books(taken={}, offers={}, taken_twice=0)
    rooms, tables = (
        Witness(books=books, made=[m], accepted={}, creates=0) for m in (first, second)
    )
    return list(sold_twice({"rooms": rooms, "tables": tables}, clocks, moved))


def test_what_was_bought_after_another_had_it_was_sold_twice() -> None:
    (sale,) = sales(FIRST, SECOND_GUEST)
    assert (sale.side, sale.ref, sale.of, sale.holder) == ("tables", "g2", "rooms", "g1")
    assert sales(replace(FIRST, over=NOON + 29 * SECOND), SECOND_GUEST) == []
    assert sales(FIRST, replace(SECOND_GUEST, unit="board-room")) == []
    assert sales(FIRST, replace(SECOND_GUEST, ours=True)) == []
    assert sales(FIRST, SECOND_GUEST, moved=frozenset({"g2"})) == []
    ahead = Clock(side="tables", set_at=NOON - HOUR, ahead=40.0)
    (turned,) = sales(FIRST, SECOND_GUEST, ahead)
    assert (turned.side, turned.at) == ("rooms", NOON)


def test_a_sale_at_a_moment_at_which_nothing_was_measured_shows_that_the_measure_is_wrong() -> None:
    """The kind of fault: an exposure that begins late or ends early, and nobody compares it with the providers' books."""
    (sale,) = sales(FIRST, SECOND_GUEST)
    assert unmeasured([sale], [EXPOSED]) == []
    assert unmeasured([sale], [replace(EXPOSED, ended=NOON + 20 * SECOND)]) == [sale]
    assert unmeasured([sale], [replace(EXPOSED, began=NOON + 40 * SECOND)]) == [sale]
    assert unmeasured([sale], [replace(EXPOSED, ref="g3")]) == [sale]


def test_how_wrong_a_providers_clock_was_when_it_showed_a_time() -> None:
    clocks = [
        Clock(side="rooms", set_at=NOON, ahead=-15.0),
        Clock(side="rooms", set_at=NOON + 60 * SECOND, ahead=5.0),
    ]
    assert ours(clocks, "rooms", NOON) == NOON + 15 * SECOND
    assert ours(clocks, "rooms", NOON + 64 * SECOND) == NOON + 79 * SECOND
    assert ours(clocks, "rooms", NOON + 65 * SECOND) == NOON + 60 * SECOND
    assert ours(clocks, "tables", NOON + 65 * SECOND) == NOON + 65 * SECOND
