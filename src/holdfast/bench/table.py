"""How figures are shown: a table to read, or one JSON document."""

import json
from collections.abc import Iterator, Mapping, Sequence

from holdfast.bench.figures import Figure, Series
from holdfast.terminal import table

HEAD = ("BENCH", "WHAT", "OURS", "AGAINST", "RATIO", "DEMANDED", "")

Machine = Mapping[str, str]


def as_table(figures: Sequence[Figure]) -> list[str]:
    """One line for each contender that ours is held against; `±` is the spread of all runs."""
    return table([HEAD, *(row for figure in figures for row in _rows(figure))])


def as_document(machine: Machine, figures: Sequence[Figure]) -> str:
    """Everything that was measured, run by run."""
    records = [figure.as_record() for figure in figures]
    return json.dumps({"machine": machine, "figures": records}, indent=2)


def told(machine: Machine) -> str:
    """The machine in one line."""
    return ", ".join(f"{name} {value}" for name, value in machine.items())


def _rows(figure: Figure) -> Iterator[Sequence[str]]:
    ours = (figure.bench, figure.what, _measured(figure.ours, figure.unit))
    if not figure.others:
        yield (*ours, figure.ours.name, "", "", "")
    for number, other in enumerate(figure.others):
        begin = ours if number == 0 else ("", "", "")
        yield (*begin, f"{other.name} {_measured(other, figure.unit)}", *_judged(figure, other))


def _judged(figure: Figure, other: Series) -> Sequence[str]:
    ratio = figure.ratio(other.name)
    demands = [demand for demand in figure.demands if demand.against == other.name]
    verdict = "met" if all(demand.met(ratio) for demand in demands) else "NOT MET"
    return f"{ratio:.3g}", ", ".join(map(str, demands)), verdict if demands else ""


def _measured(series: Series, unit: str) -> str:
    return f"{_plain(series.middle)} {unit} ±{100 * series.spread / 2:.0f}%"


def _plain(number: float) -> str:
    """Three digits that count, but a whole number whole."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
