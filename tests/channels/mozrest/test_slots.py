"""Times without a zone become instants, and single answers a whole window, however starts are picked."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import patient

from holdfast.channels.mozrest.slots import HOUR, STEP, Shown, Start, Walk, ceil_to_step, shown
from holdfast.channels.mozrest.wire import Availability
from holdfast.inventory.model import Span

PARIS = ZoneInfo("Europe/Paris")
BEGIN = datetime(2027, 3, 16, tzinfo=UTC)
DAYS = 3


def read(times: list[str], around: datetime, zone: tzinfo = PARIS) -> tuple[list[str], bool]:
    answer = Availability.model_validate({"slots": [{"time": time} for time in times]})
    told = shown(answer, around, zone)
    return [start.at.isoformat() for start in told.starts], told.clear


def test_times_are_read_on_the_venues_clock_or_on_utc() -> None:
    asked = datetime(2027, 7, 1, 12, tzinfo=UTC)
    assert read(["14:00"], asked)[0] == ["2027-07-01T12:00:00+00:00"]
    assert read(["14:00"], asked, UTC)[0] == ["2027-07-01T14:00:00+00:00"]


def test_starts_after_midnight_belong_to_the_next_day() -> None:
    asked = datetime(2027, 7, 1, 21, 45, tzinfo=UTC)
    assert read(["23:30", "00:15"], asked)[0] == [
        "2027-07-01T21:30:00+00:00",
        "2027-07-01T22:15:00+00:00",
    ]


def test_starts_before_midnight_belong_to_the_day_before() -> None:
    asked = datetime(2027, 7, 1, 22, 15, tzinfo=UTC)
    assert read(["23:45"], asked)[0] == ["2027-07-01T21:45:00+00:00"]


def test_a_time_that_the_clock_skips_is_no_start() -> None:
    asked = datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert read(["02:30", "03:00"], asked) == (["2027-03-28T01:00:00+00:00"], False)


def test_a_time_that_comes_twice_is_two_starts_when_it_is_told_twice() -> None:
    asked = datetime(2027, 10, 31, 1, tzinfo=UTC)
    assert read(["02:30", "02:30"], asked) == (
        ["2027-10-31T00:30:00+00:00", "2027-10-31T01:30:00+00:00"],
        True,
    )


def test_a_time_that_comes_twice_but_is_told_once_is_not_sure() -> None:
    starts, clear = read(["02:30"], datetime(2027, 10, 31, 1, 15, tzinfo=UTC))
    assert (starts, clear) == (["2027-10-31T01:30:00+00:00"], False)


def test_on_utc_nothing_comes_twice() -> None:
    assert read(["02:30"], datetime(2027, 10, 31, 1, tzinfo=UTC), UTC)[1]


@pytest.mark.parametrize(("minute", "rounded"), [(0, 0), (1, 15), (15, 15), (46, 60)])
def test_probes_fall_on_quarters_of_an_hour(minute: int, rounded: int) -> None:
    assert ceil_to_step(BEGIN + timedelta(minutes=minute)) == BEGIN + timedelta(minutes=rounded)


def told(free: list[datetime], picked: list[datetime], probe: datetime, hints: bool) -> Shown:
    """What a provider that shows `picked` of `free` answers."""
    taken = hints and probe not in free
    after = [at for at in free if at > probe]
    before = [at for at in free if at < probe]
    return Shown(
        starts=[Start(at=at, bookable=True) for at in sorted(picked)],
        clear=True,
        following=after[0] if taken and after else None,
        ends=taken and not after,
        preceding=before[-1] if taken and before else None,
    )


def within_an_hour(free: list[datetime], probe: datetime) -> list[datetime]:
    return [at for at in free if abs(at - probe) <= HOUR]


def nine_nearest(free: list[datetime], probe: datetime) -> list[datetime]:
    near = [at for at in free if abs(at - probe) < timedelta(hours=11)]
    return sorted(near, key=lambda at: abs(at - probe))[:9]


def four_before_and_five_from(free: list[datetime], probe: datetime) -> list[datetime]:
    near = [at for at in free if abs(at - probe) < timedelta(hours=11)]
    before = [at for at in near if at < probe]
    return [*before[-4:], *[at for at in near if at >= probe][:5]]


QUARTERS = DAYS * 96
FREE = st.sets(st.integers(0, QUARTERS - 1), max_size=120) | st.builds(
    lambda first, length: set(range(first, min(first + length, QUARTERS))),
    st.integers(0, QUARTERS),
    st.integers(0, 200),
)


@pytest.mark.parametrize("pick", [within_an_hour, nine_nearest, four_before_and_five_from])
@pytest.mark.parametrize("hints", [True, False])
@patient
@given(free=FREE)
def test_a_finished_walk_has_seen_every_start(pick: object, hints: bool, free: set[int]) -> None:
    assert callable(pick)
    starts = sorted(BEGIN + number * STEP for number in free)
    window = Span(start=BEGIN, end=BEGIN + timedelta(days=DAYS))
    walk, found = Walk.through(window), set[datetime]()
    for _ in range(4 * QUARTERS):
        if walk.done:
            break
        answer = told(starts, pick(starts, walk.probe), walk.probe, hints)
        found |= answer.bookable
        walk = walk.after(answer)
    assert walk.done
    assert found == set(starts)


def test_a_full_day_costs_few_probes() -> None:
    starts = [BEGIN + timedelta(hours=8) + number * STEP for number in range(53)]
    walk, probes = Walk.through(Span(start=BEGIN, end=BEGIN + timedelta(days=1))), 0
    while not walk.done:
        probe = walk.probe
        walk, probes = (
            walk.after(told(starts, within_an_hour(starts, probe), probe, True)),
            probes + 1,
        )
    assert probes <= 10


def test_a_hint_that_leads_nowhere_does_not_stop_the_walk() -> None:
    lying = Shown(starts=[], clear=True, following=BEGIN - HOUR, ends=False, preceding=None)
    walk = Walk.through(Span(start=BEGIN, end=BEGIN + timedelta(hours=6)))
    for _ in range(8):
        walk = walk.after(lying)
    assert walk.done
