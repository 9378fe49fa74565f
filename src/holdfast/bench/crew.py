"""Modules of this package as processes of their own: contenders, those who load them, and providers."""

import sys
from collections.abc import Sequence
from pathlib import Path

from holdfast.soak.faults import SIDES
from holdfast.soak.program import HERE, Missed, Program, ended, environment

READY = "ready"

NO_REDIS = f"redis://{HERE}:1/0"
NOBODY = dict.fromkeys(SIDES, f"http://{HERE}:1")
"""Where channels are that nobody asks for anything."""


def contender(folder: Path, module: str, *arguments: str, **environ: str) -> Program:
    """Not started yet. It says `ready` once it can be asked."""
    return Program(
        name="-".join((module, *arguments[:1])),
        command=_command(module, arguments),
        folder=folder,
        environ=environment(**environ),
    )


async def printed(folder: Path, module: str, *arguments: str, **environ: str) -> str:
    """What a process that ends by itself printed. Raises Missed where it failed."""
    done = await ended(folder, _command(module, arguments), environment(**environ))
    if done.code:
        raise Missed(f"{module} {' '.join(arguments)}: {done.err}")
    return done.out


def _command(module: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", f"holdfast.bench.{module}", *arguments]
