"""A store that went back is judged with what it knew: nothing that is lost is held against it, and nothing else is excused."""

from dataclasses import replace

from tests.soak.test_checkers import HOUR, LOOK, LUNCH, NOON, RIGHT, SECOND, TOLD, found

from holdfast.soak.bounds import Exposed
from holdfast.soak.evidence import Cancel, Look, Made, Witness, Write
from holdfast.soak.lost import Kept, Lost, beside, wrongs_then

LOST = Lost(
    began=NOON - HOUR,
    ended=NOON - HOUR + 20 * SECOND,
    inbox={7: Kept(channel="boseat", digest="late", numbered=False)},
    placed={9: "mozrest"},
    exposures={3: Exposed(source="boseat", target="mozrest", began=NOON, ended=NOON)},
    cancels=[Cancel(channel="boseat", ref="g2", actor="ann", about=())],
    told=[TOLD],
    broken={},
)
GUEST = Made(
    ref="g2", unit="salon", span=LUNCH, ours=False, marker=None, made=NOON - HOUR, over=None
)


def with_boseat(witness: Witness) -> set[str]:
    evidence = replace(RIGHT, sides={**RIGHT.sides, "boseat": witness})
    return found(beside(evidence, LOST))


BOSEAT = RIGHT.sides["boseat"]


def test_a_webhook_that_went_with_the_store_is_excused_and_one_that_was_never_kept_is_not() -> None:
    assert with_boseat(replace(BOSEAT, accepted={"digest": 2, "late": 1})) == set()
    assert with_boseat(replace(BOSEAT, accepted={"digest": 2, "late": 2})) == {"webhooks"}
    assert with_boseat(replace(BOSEAT, accepted={"digest": 3, "late": 1})) == {"webhooks"}


def test_a_block_that_was_written_down_in_the_lost_time_was_written_down() -> None:
    mozrest = replace(RIGHT.sides["mozrest"], creates=2)
    evidence = replace(RIGHT, sides={**RIGHT.sides, "mozrest": mozrest})
    assert found(evidence) == {"effects"}
    assert found(beside(evidence, LOST)) == set()


def test_a_decision_of_the_lost_time_is_one_and_none_excuses_another_guest() -> None:
    write = Write(call="POST /v1/bookings/g2/cancel", refs=frozenset({"g2"}))
    decided = replace(BOSEAT, made=[GUEST], writes=[write])
    assert with_boseat(decided) == set()
    other = replace(decided, made=[GUEST, replace(GUEST, ref="g3")])
    assert with_boseat(replace(other, writes=[replace(write, refs=frozenset({"g3"}))])) == {"harm"}


def test_a_version_falls_only_where_the_store_went_back() -> None:
    newer = replace(LOOK, versions={1: 5, 2: 1})
    older = Look(versions={1: 4}, grants=LOOK.grants)
    assert found(replace(RIGHT, looks=[newer, older])) == {"versions"}
    assert found(replace(RIGHT, looks=[newer, replace(older, age=1)])) == set()
    again = replace(older, age=1, versions={1: 3})
    assert found(replace(RIGHT, looks=[newer, replace(older, age=1), again])) == {"versions"}


def test_what_was_wrong_before_it_went_back_stays_wrong() -> None:
    over = replace(TOLD, seq=2, status="cancelled")
    revived = replace(LOST, told=[TOLD, over, replace(TOLD, seq=3)])
    assert wrongs_then(RIGHT, LOST) == []
    assert [one.checker for one in wrongs_then(RIGHT, revived)] == ["revivals"]
    assert found(beside(RIGHT, replace(LOST, broken={"glasshouse": 4}))) == {"chain"}
