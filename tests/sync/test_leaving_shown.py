"""What is leaving, and what changes under guests, is said wherever somebody looks."""

import re
from pathlib import Path

import aiohttp
import pytest
from tests.configuration.test_leaving import booked
from tests.sync.test_leaving_in_steps import ANNEX, GLASSHOUSE
from tests.test_log_commands import holdfast
from tests.town import CALM, Plan, Town, configuration_text


def written(t: Town, folder: Path, *changes: tuple[str, str], more: str = "") -> str:
    text = configuration_text({name: side.url for name, side in t.sides.items()}, Plan(pace=CALM))
    for old, new in changes:
        assert re.search(old, text), old
        text = re.sub(old, new, text, count=1)
    file = folder / "holdfast.toml"
    file.write_text(text + more, encoding="utf-8")
    return str(file)


async def test_apply_doctor_and_the_first_page_say_what_is_leaving(
    database_url: str, tmp_path: Path
) -> None:
    """The kind: a state that nobody sees. It stands for whatever is leaving: venues, accounts, listings."""
    async with booked(database_url) as t:
        (until,) = await t.rows("select max(upper(during)) as at from bookings")
        file = written(t, tmp_path, (GLASSHOUSE, ""), more=ANNEX)
        code, told = await holdfast(t, "apply", file, "--yes-remove", "glasshouse")
        assert code == 0
        day = f"{until['at'].day} {until['at']:%b}"
        line = rf"venue glasshouse is leaving: \d+ blocks? to release, 1 booking until {day}"
        assert re.search(line, told), told
        assert re.search(line, (await holdfast(t, "doctor"))[1])
        async with aiohttp.ClientSession() as session, session.get(t.web_url) as answer:
            assert re.search(line, await answer.text())


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            'timezone = "Europe/Paris"',
            'timezone = "Europe/Lisbon"',
            "! venue glasshouse changes under 1 live booking, .*: timezone",
            id="its zone",
        ),
        pytest.param(
            r'(name = "salon-boseat"\n(?s:.*?))units = \["salon"\]',
            r'\1units = ["salon", "board-room"]',
            "! listing salon-boseat changes under 1 live booking: units",
            id="its units",
        ),
    ],
)
async def test_apply_says_what_changes_under_guests(
    database_url: str, tmp_path: Path, old: str, new: str, line: str
) -> None:
    """The same kind, for a change: only removals were weighed. It stands for units and takes of listings, and for zones."""
    async with booked(database_url) as t:
        file = written(t, tmp_path, (old, new))
        code, told = await holdfast(t, "apply", file, "--dry-run")
        assert code == 0, told
        assert re.search(line, told), told
