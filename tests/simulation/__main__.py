"""`python -m tests.simulation --seeds 20000 --from 1`: any number of seeds by hand; `--seed 17` tells one story."""

import argparse
import gc
import sys
import time
from collections import Counter

from tests.simulation.owed import unexpected
from tests.simulation.plot import plot_of
from tests.simulation.scene import run


def main() -> int:
    """Exit 1 on any violation that is not known, with the story of the first seed that has one."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one, with its story")
    parser.add_argument("--broken", action="append", default=[], help="a variant, by its name")
    asked = parser.parse_args()
    if asked.seed is not None:
        outcome = run(asked.seed, asked.broken)
        sys.stdout.write(outcome.text() + "\n")
        return 1 if outcome.violations else 0
    return _many(range(asked.first, asked.first + asked.seeds), asked.broken)


def _many(seeds: range, broken: list[str]) -> int:
    gc.freeze()  # what was imported need not be looked at again and again
    began, faults = time.process_time(), Counter[str]()
    wrong, known = Counter[str](), Counter[str]()
    first: dict[str, int] = {}
    for seed in seeds:
        outcome = run(seed, broken)
        faults.update(outcome.faults)
        found = unexpected(plot_of(seed), outcome.violations)
        wrong.update({name for name, _ in found})
        known.update({name for name, _ in outcome.violations} - {name for name, _ in found})
        for name, _ in found:
            if first.setdefault(name, seed) == seed and len(first) == 1:
                sys.stdout.write(outcome.text() + "\n\n")
    seconds = time.process_time() - began
    told = [
        f"{len(seeds)} seeds in {seconds:.1f} s of CPU time, {len(seeds) / seconds * 60:.0f} a minute",
        f"faults: {', '.join(f'{name} {count}' for name, count in sorted(faults.items()))}",
        f"known, and not mended yet: {dict(known) or 'none'}",
        f"violations: {dict(wrong) or 'none'}; first seeds {first}",
    ]
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
