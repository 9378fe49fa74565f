"""What `apply`, `plan` and `doctor` warn of: well formed, yet probably not meant.

The kind of fault: one command knew of it and the command that should have stopped a person did not say it.
"""

import json
from pathlib import Path

from tests.test_log_commands import holdfast

from holdfast.example import example_configuration

LOFT = '\n[[venues.units]]\nname = "loft"\nseats = 4\n\n[[venues.listings]]\nname = "salon-boseat"'
UNSOLD = "warning: venue glasshouse: units sold by no listing: loft"


def written(folder: Path, *changes: tuple[str, str]) -> str:
    text = example_configuration({})
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "holdfast.toml").write_text(text, encoding="utf-8")
    return str(folder / "holdfast.toml")


async def test_a_unit_in_no_listing_is_warned_of_by_apply_plan_and_doctor(
    database_url: str, tmp_path: Path
) -> None:
    file = written(tmp_path, ('\n[[venues.listings]]\nname = "salon-boseat"', LOFT))
    code, told = await holdfast(database_url, "apply", "--dry-run", file)
    assert (code, told.count(UNSOLD)) == (0, 1)
    await holdfast(database_url, "apply", "--yes", file)
    _, told = await holdfast(database_url, "apply", "--yes", file)
    assert ("Nothing to change." in told, UNSOLD in told) == (True, True)
    assert UNSOLD in (await holdfast(database_url, "plan"))[1]
    _, told = await holdfast(database_url, "doctor", "--json")
    rows = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    (units,) = (row for row in rows if row["what"] == "units")
    assert (units["health"], units["told"]) == ("warn", UNSOLD.removeprefix("warning: "))


async def test_a_secret_that_is_not_there_is_warned_of_before_web_and_worker_end_for_it(
    database_url: str, tmp_path: Path
) -> None:
    file = written(
        tmp_path,
        ('"BOSEAT_CLIENT_ID"', '"NOT_THERE"'),
        ('{ env = "MOZREST_API_KEY" }', f'{{ file = "{tmp_path / "none"}" }}'),
        (
            '{ env = "BOSEAT_WEBHOOK_SECRET" }',
            '[{ env = "BOSEAT_CLIENT_SECRET" }, { env = "OLD_ONE" }]',
        ),
    )
    code, told = await holdfast(database_url, "apply", "--yes", file)
    warnings = [line for line in told.splitlines() if line.startswith("warning: ")]
    assert code == 0
    assert [line.split(" here;")[0] for line in warnings] == [
        "warning: account boseat-main: client_id: the environment variable NOT_THERE is not set",
        "warning: account boseat-main: webhook_secret: the environment variable OLD_ONE is not set",
        f"warning: account mozrest-main: api_key: the secret file {tmp_path / 'none'} cannot be read: "
        "No such file or directory",
    ]
