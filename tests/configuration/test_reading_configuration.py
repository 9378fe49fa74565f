"""What a valid holdfast.toml means."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from holdfast.configuration import Configuration, ConfigurationError, Vocabulary, parse, read

Configured = Callable[..., Configuration]


def test_what_is_left_out_has_the_documented_value(configured: Configured) -> None:
    account = configured().accounts[0]
    assert (account.mode, account.reads_per_minute, account.writes_per_minute) == ("live", 60, 20)
    assert (account.poll_seconds, account.offers_seconds) == (60, 300)
    assert (account.audit_seconds, account.horizon_days) == (900, 30)
    venue = configured().venues[0]
    assert (venue.holds, venue.conflicts) == ("rehold", "propose")
    assert (venue.units[1].setup_minutes, venue.units[1].cleanup_minutes) == (0, 0)


def test_what_is_written_is_kept(configured: Configured) -> None:
    account = configured().accounts[1]
    assert (account.mode, account.reads_per_minute, account.writes_per_minute) == (
        "shadow",
        240,
        30,
    )
    assert (account.poll_seconds, account.offers_seconds) == (5, 61)
    assert (account.audit_seconds, account.horizon_days) == (901, 3)
    salon = configured().venues[0].units[0]
    assert (salon.seats, salon.setup_minutes, salon.cleanup_minutes) == (12, 5, 15)


def test_a_channel_keeps_its_own_keys_as_they_are_in_the_file(configured: Configured) -> None:
    rooms, tables = configured().accounts
    assert rooms.settings == {"key": {"env": "ROOMHUB_KEY"}}
    assert tables.settings == {"hooks": [{"file": "/run/secrets/hook"}, {"env": "OLD_HOOK"}]}
    assert configured().venues[0].listings[1].settings == {"turn": {"2": 90, "8": 120}}


def test_a_channel_reads_its_keys_back_from_what_is_kept(
    configured: Configured, kinds: Mapping[str, Vocabulary]
) -> None:
    kept = configured().venues[0].listings[1].settings
    again = kinds["tablehub"].listing_settings.model_validate(kept)
    assert again.model_dump() == {"turn": {2: 90, 8: 120}}


def test_blocks_are_placed_for_two_unless_the_unit_is_smaller(configured: Configured) -> None:
    sizes = {x.name: x.party_size for x in configured().venues[0].listings}
    assert sizes == {"salon-rooms": 2, "salon-tables": 4, "bar-rooms": 1}


def test_a_pool_is_asked_for_a_party_that_its_smallest_unit_seats(configured: Configured) -> None:
    pool = ('units = ["bar"]\ntakes = "all"', 'units = ["salon", "bar"]\ntakes = "one"')
    listing = configured(pool).venues[0].listings[2]
    assert (listing.takes, listing.units, listing.party_size) == ("one", ("salon", "bar"), 1)
    larger = configured(pool, ("seats = 1\n", "seats = 3\n")).venues[0].listings[2]
    assert larger.party_size == 2


def test_a_listing_may_take_several_units_at_once(configured: Configured) -> None:
    combined = configured(('units = ["bar"]', 'units = ["bar", "salon"]')).venues[0].listings[2]
    assert (combined.takes, combined.units, combined.party_size) == ("all", ("bar", "salon"), 2)


def test_units_of_different_venues_may_share_a_name(configured: Configured) -> None:
    annexe = (
        '\n[[venues]]\nname = "annexe"\ntimezone = "UTC"\nunits = [{ name = "bar", seats = 2 }]\n'
        'house_contact = { name = "H", email = "h@annexe.example", phone = "+33123456789" }\n'
    )
    venues = configured(('space = "two"\n', f'space = "two"\n{annexe}')).venues
    assert [venue.units[-1].name for venue in venues] == ["bar", "bar"]


def test_a_configuration_cannot_be_changed_after_it_was_read(configured: Configured) -> None:
    with pytest.raises(ValidationError):
        configured().accounts[0].__setattr__("mode", "paused")


def test_a_file_is_read_and_its_problems_bear_its_path(
    tmp_path: Path, edited: Callable[..., str], kinds: Mapping[str, Vocabulary]
) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text(edited())
    assert read(file, kinds) == parse(edited(), "other", kinds)
    file.write_text(edited(("seats = 1\n", "seats = 0\n")))
    with pytest.raises(ConfigurationError) as caught:
        read(file, kinds)
    assert str(caught.value).startswith(f"{file}: venues[0].units[1].seats: expected ")


def test_a_file_that_is_not_there_is_a_problem(
    tmp_path: Path, kinds: Mapping[str, Vocabulary]
) -> None:
    with pytest.raises(ConfigurationError, match=r"holdfast\.toml: cannot be read: No such file"):
        read(tmp_path / "holdfast.toml", kinds)


def test_a_file_that_is_not_text_is_a_problem(
    tmp_path: Path, kinds: Mapping[str, Vocabulary]
) -> None:
    (tmp_path / "holdfast.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="expected UTF-8"):
        read(tmp_path / "holdfast.toml", kinds)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('a = 1\nb = "x\n', "at line 2, column 7"),
        ("a = 1\na = 2\n", "at line 2, column 6"),
        ("a = [1,\n 2", "at the end: line 2, column 3"),
    ],
)
def test_a_slip_of_the_pen_is_shown_by_line_and_column(
    text: str, place: str, kinds: Mapping[str, Vocabulary]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "holdfast.toml", kinds)
    assert str(caught.value).startswith("holdfast.toml: expected TOML: ")
    assert place in str(caught.value)
