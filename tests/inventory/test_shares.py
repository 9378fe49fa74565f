"""No use of a budget starves another, none is wasted, and no minute has more calls than the contract."""

from collections.abc import Mapping, Sequence
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.inventory.made import patient

from holdfast.inventory.shares import SHARES, Levels, Terms, Use, admitted, terms_of

USES: Sequence[Use] = get_args(Use)
TICK = 0.25
"""Seconds."""


class Meter:
    """A budget on a clock of its own."""

    def __init__(self, per_minute: int) -> None:
        self.burst = max(1, per_minute // 4)
        self.interval = 60 / (per_minute - self.burst)
        self.now = 1000.0
        self.all = 0.0
        self.own = dict.fromkeys(USES, 0.0)
        self.calls: list[tuple[float, Use]] = []

    def terms(self, use: Use) -> Terms:
        return terms_of(self.burst, self.interval, use)

    def take(self, use: Use) -> float:
        levels = Levels(all=self.all, own=self.own[use])
        taken, wait, after = admitted(self.terms(use), levels, self.now, 1)
        if not taken:
            return wait
        self.all, self.own[use] = after.all, after.own
        self.calls.append((self.now, use))
        return 0.0

    def run(self, wanting: Sequence[Use], seconds: float) -> Mapping[Use, float]:
        """Each of them takes whatever it can; the part of all calls that each had."""
        for _ in range(int(seconds / TICK)):
            self.now += TICK
            for use in wanting:
                self.take(use)
        return {u: sum(use == u for _, use in self.calls) / len(self.calls) for u in wanting}

    @property
    def most_in_a_minute(self) -> int:
        times = [at for at, _ in self.calls]
        return max(sum(start <= at < start + 60 for at in times) for start in times)


sharing = st.lists(st.sampled_from([u for u in USES if u != "acting"]), min_size=1, unique=True)


@settings(patient, max_examples=25)
@given(sharing, st.sampled_from([24, 60, 240]))
def test_each_use_gets_its_least_share_while_all_others_want_everything(
    wanting: list[Use], per_minute: int
) -> None:
    meter = Meter(per_minute)
    got = meter.run(wanting, 600)
    one_call = 1 / len(meter.calls)
    assert all(got[use] >= 0.9 * SHARES[use].least - 2 * one_call for use in wanting)
    assert meter.most_in_a_minute <= per_minute


@pytest.mark.parametrize("use", USES)
def test_who_is_alone_has_all_of_it(use: Use) -> None:
    meter = Meter(60)
    meter.run([use], 600)
    assert len(meter.calls) >= 0.98 * 600 / meter.interval


def test_beyond_the_least_shares_the_more_urgent_use_goes_first() -> None:
    got = Meter(60).run(["audit", "hints"], 600)
    assert got["hints"] > 0.9
    got = Meter(60).run(["offers", "bookings", "probes"], 600)
    assert got["bookings"] > got["probes"] > got["offers"]


@patient
@given(st.lists(st.tuples(st.sampled_from(USES), st.floats(0, 5)), max_size=60), st.integers(1, 90))
def test_however_they_come_no_minute_has_too_many_and_a_wait_is_never_too_short(
    asked: list[tuple[Use, float]], per_minute: int
) -> None:
    meter = Meter(max(2, per_minute))
    for use, pause in asked:
        meter.now += pause
        wait = meter.take(use)
        if wait:
            meter.now += wait
            assert meter.take(use) == 0
    if meter.calls:
        assert meter.most_in_a_minute <= max(2, per_minute)
