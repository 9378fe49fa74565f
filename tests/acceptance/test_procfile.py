"""The Procfile, as runners read it that start every line and end all with the first that ends."""

import asyncio
import shlex
from pathlib import Path

from tests.acceptance.stage import READY, procfile, release
from tests.conftest import Surroundings

from holdfast.soak.house import SECRETS, write_configuration
from holdfast.soak.program import HERE, Program, environment, free_port, started

LOOK_SECONDS = 2.0


async def test_every_line_of_the_procfile_keeps_running(
    tmp_path: Path, surroundings: Surroundings, database_url: str
) -> None:
    """A line that does its work and ends, ends everything (`release` did after seven seconds, with exit code 0)."""
    lines = procfile()
    assert set(lines) == {"web", "worker"}
    settings = {
        **SECRETS,
        "HOLDFAST_DATABASE_URL": database_url,
        "HOLDFAST_REDIS_URL": surroundings.redis_url,
        "HOLDFAST_PORT": str(free_port()),
    }
    write_configuration(tmp_path, {"boseat": f"http://{HERE}:9", "mozrest": f"http://{HERE}:9"})
    assert (await release(tmp_path, **settings)).code == 0
    programs = [
        Program(
            name=name,
            command=shlex.split(command),
            folder=tmp_path,
            environ=environment(**settings),
        )
        for name, command in lines.items()
    ]
    async with started(*programs):
        await asyncio.gather(*(one.says(READY.get(one.name, '"worker_ready"')) for one in programs))
        await asyncio.sleep(LOOK_SECONDS)
        assert not [one.name for one in programs if one.ended]
