"""Progress bars for what takes long: on stderr, and only where somebody looks, so that no output has them in it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import click

from holdfast.terminal import tell

BACK = "\r\033[K"
EVERY = 0.5
"""Seconds."""


@contextmanager
def steps(many: int, label: str) -> Iterator[Callable[[Iterable[str]], None]]:
    """What is given is called after each step, with the lines to print."""
    seen = sys.stderr.isatty() and many > 1
    with click.progressbar(length=many, label=label, file=sys.stderr, hidden=not seen) as bar:

        def step(lines: Iterable[str]) -> None:
            if seen:
                click.echo(BACK, nl=False, err=True)
            tell(lines)
            bar.update(1)

        yield step


@asynccontextmanager
async def passing(seconds: float, label: str) -> AsyncIterator[None]:
    """The time that the block is known to take."""
    task = asyncio.create_task(_pass(seconds, label)) if sys.stderr.isatty() else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _pass(seconds: float, label: str) -> None:
    length = max(1, round(seconds / EVERY))
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        for _ in range(length):
            await asyncio.sleep(EVERY)
            bar.update(1)
