"""Bars are drawn for people only, and beside what is printed, never in it."""

import asyncio
import os
import pty
import sys

import pytest

SCRIPT = """
import asyncio
from holdfast.progress import passing, steps
with steps(3, "Audit") as step:
    for name in "abc":
        step([name])
async def wait():
    async with passing(30, "Guests"):
        await asyncio.sleep(0.6)
asyncio.run(wait())
"""


async def ran(stderr: int) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SCRIPT), stdout=asyncio.subprocess.PIPE, stderr=stderr
    )
    told, _ = await process.communicate()
    assert process.returncode == 0
    return told.decode()


async def test_without_a_terminal_there_is_no_bar(capfd: pytest.CaptureFixture[str]) -> None:
    assert await ran(sys.stderr.fileno()) == "a\nb\nc\n"
    assert capfd.readouterr().err == ""


async def test_on_a_terminal_the_bar_is_on_stderr_and_the_lines_are_on_stdout() -> None:
    ours, theirs = pty.openpty()
    try:
        assert await ran(theirs) == "a\nb\nc\n"
        drawn = os.read(ours, 65536).decode()
    finally:
        os.close(theirs)
        os.close(ours)
    assert "Audit" in drawn
    assert "100%" in drawn
    assert "Guests" in drawn
