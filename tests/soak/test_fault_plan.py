"""Which faults strike is the seed's to say, and every kind has its turn."""

from collections import Counter

from holdfast.soak.changes import CHANGES as WAYS
from holdfast.soak.faults import (
    A_ROUND,
    CHANGES,
    LONG_FROM,
    QUIET_AT_THE_END,
    RARE,
    TARGETS,
    kinds,
    planned,
)


def test_one_seed_is_one_plan_and_another_seed_another() -> None:
    assert planned(7, 60, 2) == planned(7, 60, 2)
    assert planned(7, 60, 2) != planned(8, 60, 2)


def test_every_kind_comes_once_before_any_comes_twice() -> None:
    struck = [fault.kind for fault in planned(7, 600, 2) if fault.kind not in RARE]
    every = len(TARGETS) + len(CHANGES)
    assert set(struck[:every]) == {*TARGETS, *CHANGES}
    counts = [count for kind, count in Counter(struck).items() if kind in TARGETS]
    assert max(counts) - min(counts) <= 1


def test_changes_of_the_configuration_need_time_and_are_over_before_the_end() -> None:
    assert not set(kinds(7, LONG_FROM - 1)) & set(CHANGES)
    some = set(kinds(7, LONG_FROM)) & set(CHANGES)
    assert 0 < len(some) < len(CHANGES)
    assert some != set(kinds(8, LONG_FROM)) & set(CHANGES)
    for seconds in (LONG_FROM, 600):
        changed = [f for f in planned(7, seconds, 2) if f.kind in CHANGES]
        assert {f.kind for f in changed} == set(kinds(7, seconds)) & set(CHANGES)
        assert max(f.at for f in changed) < seconds - QUIET_AT_THE_END
    round_of = len(TARGETS) + A_ROUND
    later = [f.kind for f in planned(7, 1200, 2)][len(TARGETS) + len(CHANGES) :][:round_of]
    assert sum(kind in CHANGES for kind in later) == A_ROUND


def test_there_is_a_way_to_make_every_change() -> None:
    written = {kind for kind in (*TARGETS, *CHANGES) if kind.startswith("configuration")}
    assert written - set(WAYS) == {"configuration refused", "configuration secret"}


def test_one_file_is_changed_by_one_at_a_time() -> None:
    changed = [f for f in planned(7, 600, 2) if f.kind.startswith("configuration")]
    assert len({fault.thing for fault in changed}) == 1


def test_a_short_soak_has_every_kind() -> None:
    missed = [set(TARGETS) - {fault.kind for fault in planned(seed, 30, 2)} for seed in range(40)]
    assert not any(missed)


def test_a_fault_strikes_what_it_may_strike_within_the_time() -> None:
    for fault in planned(7, LONG_FROM, 1):
        assert fault.target in (TARGETS | CHANGES).get(fault.kind, ("postgres",))
        assert 0 < fault.at < LONG_FROM


def test_what_takes_much_work_comes_once_in_a_long_soak_and_in_a_short_one_never() -> None:
    for seed in range(20):
        assert not {fault.kind for fault in planned(seed, LONG_FROM - 1, 2)} & set(RARE)
        rare = [fault for fault in planned(seed, LONG_FROM, 2) if fault.kind in RARE]
        assert sorted(fault.kind for fault in rare) == sorted(RARE)
        ends = {fault.kind: LONG_FROM - fault.at - fault.seconds for fault in rare}
        assert all(left >= RARE[kind][2] for kind, left in ends.items())


def test_a_key_that_is_tried_again_only_after_minutes_is_not_refused_in_a_short_soak() -> None:
    short = [f.target for f in planned(7, LONG_FROM - 1, 0.2) if f.kind == "token revoked"]
    long = [f.target for f in planned(7, LONG_FROM, 0.2) if f.kind == "token revoked"]
    assert set(short) == {"boseat"}
    assert set(long) == {"boseat", "mozrest"}
