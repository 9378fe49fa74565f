"""A minute of everything among faults, by a fixed seed: nothing lost, nothing sold twice by us."""

import re
from pathlib import Path

import pytest

from holdfast.soak.faults import TARGETS
from holdfast.soak.program import holdfast, started
from holdfast.soak.rest import LATE_SECONDS

SEED = 4
PATIENCE = 2 * LATE_SECONDS
"""Starting, half a minute under fire, and coming to rest on a machine that does other things as well."""


@pytest.mark.soak
async def test_a_short_soak_has_every_fault_and_violates_nothing(tmp_path: Path) -> None:
    """As `.ci/run` runs it."""
    soak = holdfast(tmp_path, "soak", "--minutes", "0.5", "--seed", str(SEED))
    async with started(soak):
        code = await soak.end(PATIENCE)
    assert code == 0, soak.said()
    struck = set(re.findall(r"(?m)^ +\d+ (\w+ .+)$", soak.said()))
    assert struck >= set(TARGETS), soak.said()
    assert "Violations        0" in soak.said()
