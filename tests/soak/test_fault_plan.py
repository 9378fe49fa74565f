"""Which faults strike is the seed's to say, and every kind has its turn."""

from collections import Counter

from holdfast.soak.faults import LONG_FROM, RARE, TARGETS, planned


def test_one_seed_is_one_plan_and_another_seed_another() -> None:
    assert planned(7, 60, 2) == planned(7, 60, 2)
    assert planned(7, 60, 2) != planned(8, 60, 2)


def test_every_kind_comes_once_before_any_comes_twice() -> None:
    kinds = [fault.kind for fault in planned(7, 600, 2) if fault.kind not in RARE]
    assert set(kinds[: len(TARGETS)]) == set(TARGETS)
    counts = Counter(kinds).values()
    assert max(counts) - min(counts) <= 1


def test_a_short_soak_has_every_kind() -> None:
    missed = [set(TARGETS) - {fault.kind for fault in planned(seed, 30, 2)} for seed in range(40)]
    assert sum(map(bool, missed)) <= 2, "gaps are random"
    assert max(map(len, missed)) <= 2


def test_a_fault_strikes_what_it_may_strike_within_the_time() -> None:
    for fault in planned(7, LONG_FROM, 1):
        assert fault.target in TARGETS.get(fault.kind, ("postgres",))
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
