"""What a soak judges besides right and wrong: how long, how much, and whose fault it was."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.soak.bounds import (
    CONVERGENCE_SECONDS,
    EXPOSURE_MAX_SECONDS,
    Bound,
    Costs,
    Exposed,
    Shares,
    Struck,
    broken,
    cost_bounds,
    shares,
    time_bounds,
)
from holdfast.soak.faults import EVERY_SIDE

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def struck(kind: str, began: float, ended: float, side: str | None = "tables") -> Struck:
    return Struck(kind=kind, side=side, began=at(began), ended=at(ended))


EXPOSED = Exposed(source="rooms", target="tables", began=at(0), ended=at(100))
COSTS = Costs(
    bookings=200,
    webhooks=600,
    calls=600,
    reads=2000,
    planned=1000,
    table_bytes=6_000_000,
    log_bytes=200_000,
)


@pytest.mark.parametrize(
    ("faults", "outage", "waits"),
    [
        ([], 0, 0),
        ([struck("provider 5xx before", 10, 20)], 10, 0),
        ([struck("provider 5xx before", 10, 20), struck("token revoked", 15, 30)], 20, 0),
        ([struck("provider 429", 90, 200)], 0, 10),
        ([struck("provider 429", 0, 50), struck("link cut", 40, 60)], 20, 40),
        ([struck("process paused", -10, 5, side="rooms")], 5, 0),
        ([struck("process paused", 10, 20, side=None)], 0, 0),
        ([struck("provider 5xx before", 10, 20, side="elsewhere")], 0, 0),
        ([struck("providers all away", 10, 20, side=EVERY_SIDE)], 10, 0),
        ([struck("webhooks lost", 10, 20), struck("redis killed", 0, 9, side=None)], 0, 0),
        ([struck("link reset", -50, -10), struck("link reset", 110, 120)], 0, 0),
    ],
)
def test_what_is_a_providers_fault_and_what_it_asked_for_is_not_ours(
    faults: list[Struck], outage: float, waits: float
) -> None:
    found = Shares(outage=outage, waits=waits, ours=100 - outage - waits)
    assert shares(EXPOSED, faults) == found


def test_a_soak_that_took_too_long_is_beyond_its_bounds() -> None:
    """The kind of fault: a figure was printed and nobody judged it. 205 s of convergence ended with 0."""
    fine = Shares(outage=400, waits=30, ours=1)
    assert list(broken(time_bounds(4.4, [fine] * 100))) == []
    assert "convergence" in str(*broken(time_bounds(205.6, [fine] * 100)))
    late = replace(fine, ours=EXPOSURE_MAX_SECONDS + 1)
    assert [b.name for b in time_bounds(4.4, [fine] * 999 + [late]) if not b.kept] == [
        "exposure max"
    ]
    names = [b.name for b in time_bounds(CONVERGENCE_SECONDS, [late] * 100) if not b.kept]
    assert names == ["exposure p99", "exposure max"]
    assert list(broken(time_bounds(None, []))) == []


@pytest.mark.parametrize(
    ("costs", "name"),
    [
        (replace(COSTS, calls=1800), "calls per booking"),
        (replace(COSTS, table_bytes=60_000_000), "table KiB per booking"),
        (replace(COSTS, log_bytes=20_000_000), "log KiB per booking"),
        (replace(COSTS, reads=18000), "reads beyond the plan per event"),
    ],
)
def test_a_soak_that_cost_too_much_is_beyond_its_bounds(costs: Costs, name: str) -> None:
    assert list(broken(cost_bounds(COSTS))) == []
    assert [bound.name for bound in cost_bounds(costs) if not bound.kept] == [name]


def test_of_a_few_bookings_no_ratio_is_taken() -> None:
    assert list(broken(cost_bounds(replace(COSTS, bookings=3, calls=900)))) == []


def test_a_bound_is_shown_with_its_figure_and_its_limit() -> None:
    bound = Bound(name="convergence", figure=205.6, limit=120.0, unit=" s")
    assert str(bound) == "convergence: 205.6 s of 120 s, too much"
    assert str(replace(bound, figure=4.4)) == "convergence: 4.4 s of 120 s"
    assert str(replace(bound, figure=None)) == "convergence: - of 120 s"
