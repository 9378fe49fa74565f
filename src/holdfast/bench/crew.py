"""Modules of this package as processes of their own: contenders, and those who load them."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.soak.program import HERE, PATIENCE, Missed, Program, environment, finished

READY = "ready"


def contender(folder: Path, module: str, *arguments: str, **environ: str) -> Program:
    """Not started yet. It says `ready` once it can be asked."""
    return Program(
        name="-".join((module, *arguments[:1])),
        command=[sys.executable, "-m", f"holdfast.bench.{module}", *arguments],
        folder=folder,
        environ=environment(**environ),
    )


async def answer_of(folder: Path, module: str, *arguments: str, **environ: str) -> Any:
    """What a process that ends by itself printed, as JSON. Raises Missed where it failed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"holdfast.bench.{module}", *arguments),
        cwd=folder,
        env=environment(**environ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    if process.returncode:
        raise Missed(f"{module} {' '.join(arguments)}: {err.decode()}")
    return json.loads(out)


async def prepared(folder: Path, settings: Mapping[str, str]) -> None:
    """The database is made and configured as holdfast.toml in the folder says."""
    for command in (["migrate"], ["apply", "--yes"]):
        done = await finished(folder, *command, **settings)
        if done.code:
            raise Missed(done.err)


NO_REDIS = f"redis://{HERE}:1/0"
