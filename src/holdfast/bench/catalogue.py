"""Which benches there are, and how some of them are run."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from holdfast.bench.figures import Figure
from holdfast.bench.ground import Ground
from holdfast.bench.machine import machine
from holdfast.bench.table import as_document, as_table, told
from holdfast.clock import SystemClock
from holdfast.complaints import Unusable
from holdfast.logs import set_up_logs
from holdfast.progress import steps
from holdfast.terminal import tell


async def measured(names: Sequence[str], *, rounds: int, whole: bool, as_json: bool) -> None:
    """Run these benches one after the other and print what they found.

    Raises Unusable when something demanded does not hold.
    """
    figures = [figure for name in names for figure in await figures_of(name, rounds, whole)]
    of = await machine(SystemClock())
    tell([as_document(of, figures)] if as_json else [*as_table(figures), told(of)])
    missed = [f"{figure.bench} ({figure.what})" for figure in figures if not figure.met()]
    if missed:
        raise Unusable(f"not met: {', '.join(missed)}")


async def figures_of(name: str, rounds: int, whole: bool = False) -> Sequence[Figure]:
    """Each bench is a module of its name."""
    set_up_logs(sys.stderr, SystemClock())  # what comes out is for programs, too
    measure = import_module(f"holdfast.bench.{name}").measure
    with TemporaryDirectory(prefix="holdfast-bench-") as folder, steps(rounds, name) as step:
        at = Path(folder)
        ground = Ground(folder=at, rounds=rounds, whole=whole, step=lambda: step(()))
        found: Sequence[Figure] = await measure(ground)
    return found
