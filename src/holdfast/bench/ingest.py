"""`ingest`: signed webhooks, answered once they are committed, by one web process without Redis or worker."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from holdfast.bench.crew import NO_REDIS, NOBODY, READY, contender, printed
from holdfast.bench.figures import Demand, Figure, Series
from holdfast.bench.ground import Ground
from holdfast.embedded import embedded_postgres
from holdfast.soak.house import SECRETS, set_up, write_configuration
from holdfast.soak.program import Program, free_port, holdfast, started
from holdfast.store.queries import load

_SQL = load("ordinary", "holdfast.bench")

OURS, ORDINARY, NOTHING = "holdfast", "ordinary handler", "aiohttp, storing nothing"
EACH = 5_000
"""Webhooks in one run of one contender."""

Found = Mapping[str, float]


async def measure(ground: Ground) -> Sequence[Figure]:
    """Throughput, and how long the slowest hundredth waits."""
    found: dict[str, list[Found]] = {OURS: [], ORDINARY: [], NOTHING: []}
    async with embedded_postgres(ground.folder) as url, _contenders(ground.folder, url) as ports:
        for _ in ground.turns():
            for name, port in ports.items():
                found[name].append(
                    json.loads(
                        await printed(ground.folder, "post", str(port), url, str(EACH), **SECRETS)
                    )
                )
    return [
        Figure(
            bench="ingest",
            what="webhooks answered 2xx",
            unit="1/s",
            ours=_series(found, OURS, "rate"),
            others=[_series(found, name, "rate") for name in (ORDINARY, NOTHING)],
            demands=[
                Demand(against=ORDINARY, at_least=2.0),
                Demand(against=NOTHING, at_least=0.5),
            ],
        ),
        Figure(
            bench="ingest",
            what="p99 until the answer",
            unit="ms",
            ours=_series(found, OURS, "p99", 1000),
            others=[_series(found, name, "p99", 1000) for name in (ORDINARY, NOTHING)],
            demands=[Demand(against=ORDINARY, at_most=1.0)],
        ),
    ]


def _series(
    found: Mapping[str, Sequence[Found]], name: str, figure: str, times: float = 1
) -> Series:
    return Series(name=name, runs=[times * one[figure] for one in found[name]])


@asynccontextmanager
async def _contenders(folder: Path, url: str) -> AsyncIterator[Mapping[str, int]]:
    """All three of them, each a process of its own, and where they answer."""
    write_configuration(folder, NOBODY)
    settings = {**SECRETS, "HOLDFAST_DATABASE_URL": url, "HOLDFAST_REDIS_URL": NO_REDIS}
    await set_up(folder, settings)
    connection = await asyncpg.connect(url)
    await connection.execute(_SQL["table"])
    await connection.close()
    ports = {name: free_port() for name in (OURS, ORDINARY, NOTHING)}
    ours = holdfast(folder, "web", **settings, HOLDFAST_PORT=str(ports[OURS]))
    rivals = [_rival(folder, name, ports[name], url) for name in (ORDINARY, NOTHING)]
    async with started(ours, *rivals):
        await ours.says('"web_ready"')
        for rival in rivals:
            await rival.says(READY)
        yield ports


def _rival(folder: Path, name: str, port: int, url: str) -> Program:
    which = "ordinary" if name == ORDINARY else "nothing"
    return contender(folder, "webhooks", which, str(port), url, **SECRETS)
