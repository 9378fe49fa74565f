"""What one thing costs on this machine: from what the benches found, and from a store with many venues."""

import asyncio
import json
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import click

from holdfast.bench.absorb import KEPT, LOGGED
from holdfast.bench.crew import printed
from holdfast.bench.figures import Figure
from holdfast.bench.hall import Size, another, built, parts_on
from holdfast.bench.needs import Costs
from holdfast.complaints import Unusable
from holdfast.embedded import embedded_postgres
from holdfast.store import configuration

BENCHES = ("ingest", "absorb", "scan")
FEW, SEVERAL, ROOMS = 10, 500, 4
"""Venues whose configuration is followed, to see what one more takes; and rooms of each."""

LOOKS = 5
Record = Mapping[str, object]


def records_in(document: Path) -> Sequence[Record]:
    """The figures of a run. Raises Unusable for a file that holds none."""
    try:
        found: Sequence[Record] = json.loads(document.read_text(encoding="utf-8"))["figures"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{document}: expected what `bench figures --json` prints") from error
    return found


def records_of(figures: Sequence[Figure]) -> Sequence[Record]:
    """The same of figures that were measured just now."""
    return [figure.as_record() for figure in figures]


async def costs(records: Sequence[Record]) -> Costs:
    """All of them. Raises Unusable when a bench is missing that they rest on."""
    process, known, followed = await _of_knowing()
    return Costs(
        webhook=1 / _middle(records, "ingest", "2xx"),
        booking=1 / _middle(records, "absorb", "backlog"),
        statements=1 / _floor(records, "absorb", "backlog"),
        read_row=1 / _middle(records, "scan", "unchanged"),
        stored=_middle(records, "absorb", KEPT),
        logged=_middle(records, "absorb", LOGGED),
        process=process,
        known=known,
        followed=followed,
    )


def _found(records: Sequence[Record], bench: str, word: str) -> Iterator[Record]:
    return (one for one in records if one["bench"] == bench and word in str(one["what"]))


def _record(records: Sequence[Record], bench: str, word: str) -> Record:
    found = next(_found(records, bench, word), None)
    if found is None:
        raise Unusable(f"no figure of {bench} ({word}): run the benches {', '.join(BENCHES)}")
    return found


def _middle(records: Sequence[Record], bench: str, word: str) -> float:
    ours = _record(records, bench, word)["ours"]
    return float(dict(ours)["median"]) if isinstance(ours, Mapping) else 0.0


def _floor(records: Sequence[Record], bench: str, word: str) -> float:
    others = _record(records, bench, word)["others"]
    return float(others[-1]["median"]) if isinstance(others, Sequence) else 0.0


async def _of_knowing() -> tuple[float, float, float]:
    """Mebibytes of a process, and for each venue more; seconds for each venue at a look."""
    with TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        async with embedded_postgres(folder, durable=False) as server:
            few, _ = await _knowing(folder, server, FEW)
            many, seconds = await _knowing(folder, server, SEVERAL)
    known = max(0.0, many - few) / (SEVERAL - FEW)
    return few, known, seconds / SEVERAL


async def _knowing(folder: Path, server: str, venues: int) -> tuple[float, float]:
    url = await another(server, f"venues_{venues}")
    await built(url, Size(halls=venues, rooms=ROOMS, days=0))
    mebibytes, seconds = map(float, (await printed(folder, "costs", url)).split())
    return mebibytes, seconds


async def _know(url: str) -> None:
    """A process of its own that knows all venues and follows them: its mebibytes, the seconds of a look."""
    async with parts_on(url) as parts:
        times = []
        for _ in range(LOOKS):
            began = perf_counter()
            await configuration.mark(parts.pool)
            times.append(perf_counter() - began)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    click.echo(f"{most} {median(times)}")


if __name__ == "__main__":
    asyncio.run(_know(sys.argv[1]))
