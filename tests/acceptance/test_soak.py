"""A minute of everything among faults, by a fixed seed: nothing lost, nothing sold twice by us."""

import re
from pathlib import Path

import pytest

from holdfast.soak.program import holdfast, started

SEED = 4
MINUTE = 60
PATIENCE = 300.0
"""Starting, the minute itself, and coming to rest on a machine that does other things as well."""


@pytest.mark.soak
async def test_a_minute_among_faults_violates_nothing(tmp_path: Path) -> None:
    soak = holdfast(tmp_path, "soak", "--minutes", "1", "--seed", str(SEED))
    async with started(soak):
        code = await soak.end(PATIENCE)
    assert code == 0, soak.said()
    faults = re.search(r"Faults +(\d+)", soak.said())
    assert faults
    assert int(faults[1]) >= MINUTE / 4, soak.said()
    assert "Violations        0" in soak.said()
