"""A server that belongs to a folder: one owner at a time, quiet, and gone when its owner is.

What keeps a folder in order whatever happens to us:

- `NAME.lock` is locked by the process that uses the folder, so a second one is told who has it.
- `NAME.pid` is locked by us *and*, by inheritance, by the server and all its children. Found locked
  while nobody uses the folder, it proves that a server outlived its owner; the number in it may
  then be signalled without fear of hitting a stranger that was given the same number.
- On Linux the kernel also signals a server whose owner died, be it by kill -9. That follows the
  *thread* that started it, so start it on one that lives as long as the server should.
"""

import asyncio
import fcntl
import os
import pwd
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

START_SECONDS = 60  # recovery after a crash replays the log, which can take a while
STOP_SECONDS = 10  # for each of a server's stop signals
LOOK_SECONDS = 0.01
NOBODY = 65534

# The user's own variables (PGPORT, PGDATA, LC_ALL) would change what a server does.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedError(Exception):
    """A server could not be started or stopped; the message says what, why, and where its log is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A server program; its folder, log and lock are named after it."""

    name: str
    stop_signals: tuple[signal.Signals, ...]  # the mildest first
    refuses_root: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder while it is ours."""

    folder: Path
    program: Program
    pid_file: IO[str]

    @property
    def data(self) -> Path:
        """What the server keeps between runs."""
        return self.folder / self.program.name

    @property
    def log(self) -> Path:
        """All that the server ever said."""
        return self.folder / f"{self.program.name}.log"

    def failure(self, what: str) -> EmbeddedError:
        """The error to raise: what happened, the server's last words, its log."""
        self.log.touch()
        last_words = " / ".join(self.log.read_text(errors="replace").splitlines()[-3:])
        return EmbeddedError(f"{self.program.name} {what}: {last_words} (log: {self.log})")


@asynccontextmanager
async def claimed(folder: Path, program: Program, *, fresh: bool) -> AsyncIterator[Place]:
    """The folder, ours alone, with no server in it; `fresh` drops what was kept there.

    Raises EmbeddedError if another process uses it.
    """
    folder = _made(folder)
    with (
        (folder / f"{program.name}.lock").open("a+") as lock,
        (folder / f"{program.name}.pid").open("a+") as pid,
    ):
        if not _locked(lock):
            raise EmbeddedError(
                f"folder {folder} is in use by process {_read(lock)}: stop it or choose another folder"
            )
        _write(lock, str(os.getpid()))
        place = Place(folder=folder, program=program, pid_file=pid)
        await _stop_leftover(place)
        if fresh:
            emptied(place.data)
        yield place


async def _stop_leftover(place: Place) -> None:
    if _locked(place.pid_file):
        return
    number = _read(place.pid_file)

    async def unlocked() -> bool:
        return _locked(place.pid_file)

    await _stop(
        place,
        lambda sign: os.kill(int(number), sign) if number else None,
        lambda: _until(unlocked),
    )


@asynccontextmanager
async def running(
    place: Place, command: list[str], *, stdin: bytes = b""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command's process, stopped when the block ends. Raises EmbeddedError if it does not stop."""
    _write(place.pid_file, "")  # a crash right after the next line must not leave an old number
    process = await _spawn(place, command)
    try:
        _write(place.pid_file, str(process.pid))
        await _feed(process, stdin)
        yield process
    finally:
        await _stop(place, process.send_signal, process.wait)


async def until_ready(
    place: Place, process: asyncio.subprocess.Process, ready: Callable[[], Awaitable[bool]]
) -> None:
    """Return once the server is ready. Raises EmbeddedError if it ends or takes too long."""

    async def ready_or_dead() -> bool:
        return process.returncode is not None or await ready()

    try:
        async with asyncio.timeout(START_SECONDS):
            await _until(ready_or_dead)
    except TimeoutError as exc:
        raise place.failure(f"did not answer in {START_SECONDS} s") from exc
    if process.returncode is not None:
        raise place.failure("ended at once")


async def _spawn(place: Place, command: list[str]) -> asyncio.subprocess.Process:
    with place.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *_launcher(place.program),
            *command,
            cwd=place.folder,
            env=ENVIRONMENT,
            stdin=asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[place.pid_file.fileno()],
            start_new_session=True,  # the terminal's Ctrl-C is for us; we stop them in order
        )


def _launcher(program: Program) -> list[str]:
    # Without setpriv (only Linux has it) a server may outlive us, until the folder is used again.
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    last_will = program.stop_signals[0].name.removeprefix("SIG")
    return [setpriv, "--pdeathsig", last_will, *_identity(program)]


def is_another_user(program: Program) -> bool:
    """Whether the server does not run as the user that we are."""
    return program.refuses_root and os.geteuid() == 0


def _identity(program: Program) -> list[str]:
    # It becomes nobody but keeps root's way into folders: this one may well be under /root.
    if not is_another_user(program):
        return []
    user, group = _nobody()
    return [
        *("--reuid", str(user), "--regid", str(group), "--clear-groups"),
        *("--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"),
    ]


def _nobody() -> tuple[int, int]:
    """Its numbers, also where the system has no name for it."""
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY, NOBODY
    return nobody.pw_uid, nobody.pw_gid


async def _feed(process: asyncio.subprocess.Process, text: bytes) -> None:
    if process.stdin:
        with suppress(ConnectionError):  # it ended already; whoever waits for it says why
            process.stdin.write(text)
            await process.stdin.drain()
        process.stdin.close()


async def _stop(
    place: Place, send: Callable[[int], None], ended: Callable[[], Awaitable[object]]
) -> None:
    for sign in place.program.stop_signals:
        with suppress(ProcessLookupError):
            send(sign)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await ended()
                return
    raise place.failure("does not stop")


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await condition():
            return
        await asyncio.sleep(LOOK_SECONDS)


def emptied(path: Path) -> Path:
    """The path, with nothing there any more. Raises EmbeddedError if it cannot be deleted."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        pass
    except OSError as exc:
        raise EmbeddedError(f"folder {path} cannot be deleted: {exc}") from exc
    return path


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise EmbeddedError(f"folder {folder} cannot be made: {exc}") from exc
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EmbeddedError(f"folder {folder} cannot be used: you may not write there")
    return folder.resolve()


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _write(file: IO[str], text: str) -> None:
    file.truncate(0)
    file.write(text)
    file.flush()
