"""What a soak writes into holdfast.toml is what it means to write, and nothing else changes."""

import tomllib
from collections.abc import Mapping
from typing import Any

import pytest

from holdfast import configuration
from holdfast.configuration import ConfigurationError
from holdfast.example import both_examples
from holdfast.kind import discover
from holdfast.soak import edits

TEXT = both_examples({"boseat": "http://127.0.0.1:1", "mozrest": "http://127.0.0.1:2"})


def told(text: str) -> dict[str, Any]:
    configuration.parse(text, "holdfast.toml", discover())
    return tomllib.loads(text)


def venue(text: str, name: str) -> Mapping[str, Any]:
    return next(one for one in told(text)["venues"] if one["name"] == name)


@pytest.mark.parametrize(
    ("table", "old"),
    [
        ("accounts", "boseat-main"),
        ("accounts", "mozrest-main"),
        ("venues", "glasshouse"),
        ("venues.units", "salon"),
        ("venues.units", "table-03"),
        ("venues.listings", "salon-boseat"),
    ],
)
def test_a_rename_says_what_it_was_and_is_taken_back_by_another(table: str, old: str) -> None:
    away = edits.renamed(TEXT, table, old, "other-name")
    assert f'name = "other-name"\nrenamed_from = "{old}"' in away
    assert f'"{old}"' not in away.replace(f'renamed_from = "{old}"', "")
    told(away)
    again = edits.renamed_back(TEXT, table, old, "other-name")
    assert again.replace('renamed_from = "other-name"\n', "") == TEXT
    told(again)


def test_one_key_of_one_table_is_set() -> None:
    text = edits.put(TEXT, "venues", "glasshouse", "conflicts", '"auto"')
    assert venue(text, "glasshouse")["conflicts"] == "auto"
    assert venue(text, "harbour-house")["conflicts"] == "propose"
    text = edits.put(TEXT, "venues.units", "salon", "cleanup_minutes", "10")
    units = {unit["name"]: unit for unit in venue(text, "glasshouse")["units"]}
    assert units["salon"] == {"name": "salon", "seats": 12, "cleanup_minutes": 10}
    assert "cleanup_minutes" not in units["board-room"]


def test_a_pools_unit_goes_from_wherever_it_is_sold() -> None:
    text = edits.without_unit(TEXT, "table-03")
    house = venue(text, "harbour-house")
    assert "table-03" not in text
    assert [len(one["units"]) for one in house["listings"]] == [9, 1, 1, 9]
    assert venue(text, "glasshouse") == venue(TEXT, "glasshouse")


def test_a_venue_goes_with_all_that_is_sold_there() -> None:
    assert [one["name"] for one in told(edits.without_venue(TEXT, "glasshouse"))["venues"]] == [
        "harbour-house"
    ]
    cut = told(edits.cut_short(TEXT))
    assert [one["name"] for one in cut["venues"]] == ["glasshouse"]


def test_the_second_account_is_refused_for_what_it_sells_and_for_nothing_else() -> None:
    with pytest.raises(ConfigurationError) as refused:
        told(edits.known_twice(TEXT))
    lines = str(refused.value).splitlines()
    assert len(lines) == 1
    assert "sold-once-more" in lines[0] or "listings" in lines[0]
