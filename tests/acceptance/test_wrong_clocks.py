"""Workers on machines whose clocks are minutes off: all go by the database's clock, and say what is wrong."""

import signal
import sys

import pytest
from tests.acceptance.stage import ROOT, Stage, seeded

from holdfast.soak.crowd import Crowd
from holdfast.soak.program import Program, environment, started, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKERS = ("worker.1", "worker.2")


def worker_ahead(stage: Stage, seconds: int) -> Program:
    return Program(
        name=f"worker.ahead.{seconds}",
        command=[sys.executable, "-m", "tests.acceptance.wrong_clock", str(seconds)],
        folder=stage.folder,
        environ=environment(PYTHONPATH=str(ROOT), **stage.settings),
    )


async def replaced(stage: Stage) -> None:
    for name in WORKERS:
        stage.programs[name].send(signal.SIGTERM)
    for name in WORKERS:
        assert await stage.programs[name].end() == 0


@pytest.mark.soak  # minutes of it
async def test_workers_whose_clocks_are_minutes_off_leave_nothing_wrong_to_those_after_them(
    on_stage: Stage,
) -> None:
    await replaced(on_stage)
    crowd = Crowd(sides=on_stage.sides, random=seeded("clocks"))
    side, refs = on_stage.boseat, []
    for seconds in (300, -300):
        wrong = worker_ahead(on_stage, seconds)
        async with started(wrong):
            await wrong.says('"worker_ready"')
            refs.append(await side.book((await side.offers("salon"))[0]))
            await until(lambda: known(on_stage, refs[-1], "confirmed"), "the booking is known")
            await crowd.crowd_in(4)
            await wrong.says('"clock_wrong"')
        assert await wrong.end() == 0
    for name in WORKERS:
        await on_stage.raise_again(name)
    for ref in refs:
        await side.act(ref, "cancel")
    await on_stage.agrees()
    for ref in refs:
        assert await known(on_stage, ref, "cancelled")


async def known(stage: Stage, ref: str, status: str) -> bool:
    query = "select status from bookings where external_id = $1"
    return bool(await stage.pool.fetchval(query, ref) == status)
