"""Who may know whom, and what the repository holds."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "holdfast"

# Where a channel may be named outside its own folder, and why. A folder covers all below it.
CHANNEL_NAMES_ALLOWED = {
    "example": "the example sells on all channels, so it has to say which",
}

# Where a process is put together, and the two that drive processes; all others are handed a clock.
MACHINES_CLOCK_ALLOWED = {
    *("clock.py", "starting.py", "terminal.py", "up.py", "simulator_process.py"),
    *("bench", "soak"),
}

# What a person reads on this machine while it happens, and the test of that.
MACHINES_ZONE_ALLOWED = {"narrator.py", "listening.py", "test_looking_commands.py"}

TOP_LEVEL = {
    *("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "Procfile"),
    *("src", "tests", "deploy"),
}

# In two parts each, or this file would be the one that names them.
REGISTRIES = [
    "".join(parts)
    for parts in (
        ("pypi.", "org"),
        ("python", "hosted.org"),
        ("npm", "js."),
        ("yarn", "pkg.com"),
        ("un", "pkg.com"),
        ("js", "delivr"),
        ("crates", ".io"),
        ("ruby", "gems.org"),
        ("ana", "conda.org"),
        ("golang", ".org"),
        ("docker", ".io"),
        ("ghcr", ".io"),
        ("quay", ".io"),
    )
]


async def output(*command: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    text, _ = await process.communicate()
    return process.returncode, text.decode()


@pytest.fixture
async def project_files() -> list[Path]:
    """Everything of the project, committed or not; nothing that git ignores."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: what belongs to the project cannot be told")
    code, text = await output(git, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    assert code == 0, text
    files = [ROOT / name for name in text.split("\0") if name]
    return [file for file in files if file.is_file()]


def channel_names() -> list[str]:
    folders = (PACKAGE / "channels").iterdir()
    return sorted(folder.name for folder in folders if (folder / "__init__.py").exists())


def sources_outside(channel: str) -> list[Path]:
    own = PACKAGE / "channels" / channel
    allowed = [own, *(PACKAGE / path for path in CHANNEL_NAMES_ALLOWED)]
    sources = [path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".sql", ".html"}]
    return [path for path in sources if not any(path.is_relative_to(place) for place in allowed)]


async def test_imports_keep_to_their_contracts() -> None:
    code, text = await output(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")
    assert code == 0, text


@pytest.mark.parametrize("channel", channel_names())
def test_no_channel_is_named_outside_its_own_folder(channel: str) -> None:
    naming = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources_outside(channel)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if channel in line.lower()
    ]
    assert naming == []


@pytest.mark.parametrize("path", CHANNEL_NAMES_ALLOWED)
def test_a_place_that_may_name_channels_does_name_one(path: str) -> None:
    place = PACKAGE / path
    files = [place] if place.is_file() else list(place.rglob("*.py"))
    text = "\n".join(file.read_text().lower() for file in files)
    assert any(channel in text for channel in channel_names())


def test_only_a_whole_process_takes_its_machines_clock() -> None:
    """A fault of two clocks at once: a command compared what the database had written with its own machine's time.

    Such stood in the lists of events, calls and conflicts, in plans, in `apply`, `explain`, `brake show` and `trigger`.
    """
    taking = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if "SystemClock" in path.read_text()
    }
    assert taking == MACHINES_CLOCK_ALLOWED


def test_only_lines_that_tell_the_readers_own_time_ask_for_the_machines_zone() -> None:
    """A fault of a test that was right in one zone: with no zone given, `astimezone` takes the machine's."""
    bare = ".astimezone" + "()"
    found = {
        path.name
        for top in (PACKAGE, ROOT / "tests")
        for path in top.rglob("*.py")
        if bare in path.read_text()
    }
    assert found == MACHINES_ZONE_ALLOWED


def test_every_query_asks_for_the_time_by_a_function() -> None:
    """Syntax like `current_timestamp` cannot be moved to another moment, as a function on the search path can."""
    syntax = re.compile(r"\b(current_(timestamp|date|time)|local(timestamp|time))\b", re.IGNORECASE)
    files = list(PACKAGE.rglob("*.sql"))
    assert [path.name for path in files if syntax.search(path.read_text())] == []


def test_no_file_names_a_package_registry(project_files: list[Path]) -> None:
    naming = {
        str(file.relative_to(ROOT)): host
        for file in project_files
        for host in REGISTRIES
        if host.encode() in file.read_bytes().lower()
    }
    assert naming == {}


def test_the_top_level_holds_what_every_repository_holds(project_files: list[Path]) -> None:
    names = {file.relative_to(ROOT).parts[0] for file in project_files}
    assert {name for name in names if not name.startswith(".")} <= TOP_LEVEL
