"""Small pictures and the numbers above them: pure, and honest about what was not measured."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.web.rows import NOW
from tests.web.test_words import FRESH, KNOWN, WELL, known_to_be

from holdfast.inventory.freshness import Cause, State
from holdfast.store.freshness import Knowledge, Unknown
from holdfast.store.operations import (
    ClashHour,
    ExposedHour,
    ExposedRow,
    GivenUpRow,
    History,
    SentHour,
    ToldRow,
    WaitHour,
)
from holdfast.web.spark import brief, spark
from holdfast.web.tiles import Measured, Tile, tiles

SECOND = timedelta(seconds=1)
QUIET = History(
    waits=[WaitHour(hour=23, amount=3, longest=0.4)],
    sent=[SentHour(hour=23, amount=2, longest=0.3, told=0.2, placed=2, soon=2, dead=0)],
    exposed=[ExposedHour(hour=22, amount=1, p95=0.5)],
    clashes=[],
    exposure=ExposedRow(amount=1, p95=0.5, p99=0.5),
)
EMPTY = History(
    waits=[],
    sent=[],
    exposed=[],
    clashes=[],
    exposure=ExposedRow(amount=0, p95=None, p99=None),
)
CALM = Measured(
    now=NOW,
    accounts=[WELL],
    known=KNOWN,
    exposed=0,
    conflicts=0,
    told=ToldRow(amount=2, p95=0.2),
    given_up=GivenUpRow(amount=0, lately=0),
    history=QUIET,
)


def states(found: Measured) -> dict[str, str]:
    return {tile.key: tile.state for tile in tiles(found)}


def tile(found: Measured, key: str) -> Tile:
    return next(one for one in tiles(found) if one.key == key)


def test_a_calm_day_is_good_six_times() -> None:
    assert set(states(CALM).values()) == {"good"}
    assert [one.value for one in tiles(CALM)] == [
        *("nothing waits", "nothing waits", "200 ms", "none now", "0", "0")
    ]


def test_what_nothing_was_measured_of_is_never_good() -> None:
    nobody = Knowledge(states={})
    told = ToldRow(amount=0, p95=None)
    nothing = replace(CALM, history=EMPTY, told=told, accounts=[], known=nobody)
    assert set(states(nothing).values()) == {"unmeasured"}
    assert {one.value for one in tiles(nothing)} == {"no data"}
    assert all("nothing was measured" in one.spark.words for one in tiles(nothing))


NOT_FRESH: tuple[tuple[State, Cause], ...] = (
    ("late", "reading"),
    ("blind", "first"),
    ("down", "worker"),
    ("paused", "paused"),
)


@pytest.mark.parametrize(("state", "cause"), NOT_FRESH)
def test_without_fresh_evidence_no_number_says_that_all_is_well(state: State, cause: Cause) -> None:
    found = replace(CALM, known=known_to_be(state, cause, "so it is"))
    silent = states(found)
    assert [silent[key] for key in ("event", "push", "exposure", "conflicts")] == ["unmeasured"] * 4
    assert tile(found, "exposure").value == "no data"
    some = replace(found, known=replace(found.known, states={**found.known.states, "b": FRESH}))
    value = "none now" if state == "paused" else "none known"
    assert tile(some, "exposure").value == value


def test_what_was_never_looked_for_is_not_none() -> None:
    unknown = replace(CALM, known=replace(KNOWN, unknown=Unknown(beyond=[3])))
    assert states(unknown)["exposure"] == "unmeasured"
    assert {states(unknown)[key] for key in ("event", "push", "conflicts")} == {"good"}


def test_what_is_wrong_is_so_whoever_works() -> None:
    down = known_to_be("down", "worker", "no worker heard of for 1 min")
    bad = replace(CALM, known=down, exposed=2, conflicts=3, given_up=GivenUpRow(amount=5, lately=1))
    assert [states(bad)[key] for key in ("exposure", "conflicts", "dead")] == ["bad"] * 3
    assert tile(bad, "exposure").value == "2 offers"
    assert "1 of them in 24 h" in tile(bad, "dead").scope
    old = replace(CALM, given_up=GivenUpRow(amount=10_001, lately=0))
    assert (tile(old, "dead").value, tile(old, "dead").state) == ("10 000+", "late")


@pytest.mark.parametrize(
    ("seconds", "state", "value"),
    [(60, "good", "60 s"), (61, "late", "61 s"), (180, "late", "3 min"), (181, "bad", "3 min")],
)
def test_the_oldest_is_late_after_a_minute(seconds: int, state: str, value: str) -> None:
    since = NOW - seconds * SECOND
    old = replace(WELL, oldest_waiting_at=since, oldest_unprocessed_at=since)
    for key in ("event", "push"):
        found = tile(replace(CALM, accounts=[WELL, old]), key)
        assert (found.state, found.value) == (state, value)
    shadow = replace(old, mode="shadow")
    assert tile(replace(CALM, accounts=[WELL, shadow]), "push").state == "good"


def test_percentiles_are_judged_by_their_targets() -> None:
    slow = replace(CALM, told=ToldRow(amount=9, p95=31.0))
    assert (tile(slow, "told").state, tile(slow, "told").value) == ("late", "31 s")
    assert tile(replace(slow, told=ToldRow(amount=9, p95=121.0)), "told").state == "bad"
    day = replace(QUIET, sent=[replace(QUIET.sent[0], placed=3000, soon=2999)])
    assert "99.9 % within 30 s" in tile(replace(CALM, history=day), "told").scope
    for exposure in (
        ExposedRow(amount=9, p95=61.0, p99=61.0),
        ExposedRow(amount=9, p95=1, p99=301),
    ):
        exposed = replace(CALM, history=replace(QUIET, exposure=exposure))
        assert tile(exposed, "exposure").state == "late"


def test_a_picture_has_a_bar_for_each_hour_that_was_measured_and_says_so_in_words() -> None:
    found = spark("Longest wait", {0: 0.0, 5: 120.0, 23: 30.0, 24: 999.0}, 60, "s")
    assert [(bar.x, bar.height, bar.over) for bar in found.bars] == [
        (0, 1.0, False),
        (25, 24.0, True),
        (115, 6.0, False),
    ]
    assert {bar.y + bar.height for bar in found.bars} == {24.0}
    assert found.words == (
        "Longest wait, by the hour, last 24 h: measured in 3 hours, at most 2 min 18 to 19 h ago, over its target in 1"
    )
    clashes = replace(QUIET, clashes=[ClashHour(hour=23, amount=2)])
    told = tile(replace(CALM, history=clashes), "conflicts")
    assert "2 opened in 24 h" in told.scope
    assert "at most 2 in the last hour, over its target in 1" in told.spark.words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 ms"), (0.04, "40 ms"), (2.44, "2.4 s"), (41, "41 s"), (150, "2 min"), (7300, "2 h")],
)
def test_a_length_of_time_is_put_briefly(seconds: float, text: str) -> None:
    assert brief(seconds) == text
