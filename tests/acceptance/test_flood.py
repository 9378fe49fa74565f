"""Some seconds of far more webhooks than the workers can do. Judged by counts and order; times are only told."""

import re
from pathlib import Path

import pytest
from tests.acceptance.stage import tell

from holdfast.soak.program import holdfast, started

PATIENCE = 400.0
"""Starting nine processes and coming to rest, on a machine that does other things as well."""


@pytest.mark.soak
async def test_a_flood_of_webhooks_is_taken_in_whole_and_worked_off_by_risk(
    tmp_path: Path,
) -> None:
    flood = holdfast(tmp_path, "flood", "--minutes", "0.15", "--seed", "2", "--stock", "30")
    async with started(flood):
        code = await flood.end(PATIENCE)
    tell(flood.said())
    assert code == 0, flood.said()
    told = re.search(r"(\d+) sent, .*, (\d+) accepted, (\d+) refused", flood.said())
    assert told
    assert int(told[1]) == int(told[2]) + int(told[3]) > 100
    assert "Violations        0" in flood.said()
