"""A server's program files, where another user of this machine may run them.

Postgres refuses to be root, so root starts it as another user; and it asks the kernel whether *that* user may run its
files, whatever right into folders it was lent. In a checkout that only root may enter it finds none. They are then
copied once, to a folder of root's that all may enter.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

SHELVES = (Path("/var/lib/holdfast"), Path("/var/tmp/holdfast"), Path("/tmp/holdfast"))  # noqa: S108 - only if ours
"""The first that we may write to and others may enter is taken."""

UNUSED = shutil.ignore_patterns("include", "__pycache__")
ENTER, READ, WRITE = stat.S_IXOTH, stat.S_IROTH, stat.S_IWGRP | stat.S_IWOTH


class NoShelf(Exception):
    """There is no folder for a copy that other users may enter; the message names those that were tried."""


def may_run(file: Path) -> bool:
    """Whether every user of the machine may."""
    way = all(folder.stat().st_mode & ENTER for folder in file.parents)
    return way and file.stat().st_mode & (ENTER | READ) == ENTER | READ


def copied(site: Path, names: Sequence[str], key: str) -> Path:
    """A folder with these folders of `site`, for everybody; one copy for each key. Raises NoShelf."""
    shelf = next(filter(_is_usable, SHELVES), None)
    if shelf is None:
        raise NoShelf(f"no other user could run a copy in {', '.join(map(str, SHELVES))}")
    wanted = shelf / key
    if not _is_ours(wanted):
        _make(site, names, wanted)
    return wanted


def _make(site: Path, names: Sequence[str], wanted: Path) -> None:
    """Under another name first: two at the same time end with one whole copy."""
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=wanted.parent))
    try:
        for name in names:
            shutil.copytree(site / name, unfinished / name, symlinks=True, ignore=UNUSED)
        for path in (unfinished, *unfinished.rglob("*")):
            _open(path)
        with suppress(OSError):  # the other one was faster
            unfinished.rename(wanted)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    if not _is_ours(wanted):
        raise NoShelf(f"{wanted} is not ours: delete it")


def _open(path: Path) -> None:
    """Whatever the mask was under which it was installed."""
    if path.is_symlink():
        return
    mode = path.stat().st_mode
    runs = path.is_dir() or mode & stat.S_IXUSR
    path.chmod(0o755 if runs else 0o644)


def _is_usable(shelf: Path) -> bool:
    with suppress(OSError):
        shelf.mkdir(mode=0o755, exist_ok=True)
        return (
            _is_ours(shelf)
            and os.access(shelf, os.W_OK)
            and all(folder.stat().st_mode & ENTER for folder in (shelf, *shelf.parents))
        )
    return False


def _is_ours(folder: Path) -> bool:
    """Made by us, and nobody else may have put anything there."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & WRITE
    )
