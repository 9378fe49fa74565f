"""What is demanded of a ratio decides, and the table says so."""

import json
from collections.abc import Sequence

from click.testing import CliRunner

from holdfast.bench.command_line import NAMES, bench
from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.table import as_document, as_table


def figure(ours: Sequence[float], *demands: Demand) -> Figure:
    return Figure(
        bench="ingest",
        what="2xx a second",
        unit="1/s",
        ours=Series(name="holdfast", runs=ours),
        others=(
            Series(name="ordinary", runs=(900, 1000, 1100)),
            Series(name="floor", runs=(4000, 4000, 4000)),
        ),
        demands=demands,
    )


TWICE = Demand(against="ordinary", at_least=2.0)
HALF = Demand(against="floor", at_least=0.5, at_most=1.0)


def test_the_ratio_is_of_medians_so_one_bad_run_does_not_count() -> None:
    assert figure((2100, 2000, 10)).ratio("ordinary") == 2.0


def test_every_demand_must_hold() -> None:
    assert figure((2000,), TWICE, HALF).met()
    assert not figure((1990,), TWICE, HALF).met()
    assert not figure((4100,), TWICE, HALF).met()
    assert figure((1,)).met()


def test_nothing_against_nothing_is_equal_and_something_is_too_much() -> None:
    none = Series(name="least", runs=(0.0,))
    at_most = (Demand(against="least", at_most=1.1),)
    for runs, met in (((0.0,), True), ((1.0,), False)):
        ours = Series(name="holdfast", runs=runs)
        calls = Figure(bench="calls", what="", unit="", ours=ours, others=(none,), demands=at_most)
        assert calls.met() is met


def test_the_table_says_what_was_demanded_and_what_is_not_met() -> None:
    head, first, second = as_table([figure((1900, 2000, 2100), TWICE, HALF)])
    assert head.split() == ["BENCH", "WHAT", "OURS", "AGAINST", "RATIO", "DEMANDED"]
    assert first.split() == (
        [
            "ingest",
            "2xx",
            "a",
            "second",
            "2,000",
            "1/s",
            "±5%",
            "ordinary",
            "1,000",
            "1/s",
            "±10%",
            "2",
            ">=",
            "2",
            "met",
        ]
    )
    assert second.split() == ["floor", "4,000", "1/s", "±0%", "0.5", ">=", "0.5,", "<=", "1", "met"]
    assert as_table([figure((1000,), TWICE)])[1].endswith("NOT MET")


def test_the_document_has_every_run() -> None:
    document = json.loads(as_document({"cores": "2"}, [figure((1, 2, 3), TWICE)]))
    assert document["machine"] == {"cores": "2"}
    (found,) = document["figures"]
    assert found["ours"]["runs"] == [1, 2, 3]
    assert found["demands"] == [
        {"against": "ordinary", "at_least": 2.0, "at_most": None, "met": False}
    ]


def test_what_is_no_command_is_a_name_of_a_bench() -> None:
    told = CliRunner().invoke(bench, ["nothing", "--json"])
    assert told.exit_code == 2
    assert all(name in told.output for name in NAMES)
    assert "--bookings" in CliRunner().invoke(bench, ["pages", "--help"]).output
