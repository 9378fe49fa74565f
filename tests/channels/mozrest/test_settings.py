"""Settings are complete or refused at once, with the reason."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from holdfast.channels.mozrest.settings import AccountSettings, ListingSettings

ACCOUNT = {"base_url": "https://api.mozrest.com", "api_key": {"env": "KEY"}}


@pytest.mark.parametrize(
    ("party", "minutes"), [(1, 90), (2, 90), (3, 120), (4, 120), (6, 150), (40, 150)]
)
def test_a_party_stays_as_long_as_the_next_larger_one_named(party: int, minutes: int) -> None:
    turns = {"2": 90, "4": 120, "6": 150}
    settings = ListingSettings.model_validate({"venue_id": "v", "turn_minutes": turns})
    assert settings.turn(party) == timedelta(minutes=minutes)
    assert settings.longest_turn == timedelta(minutes=150)


def test_one_turn_is_for_all_parties() -> None:
    settings = ListingSettings.model_validate({"venue_id": "v", "turn_minutes": 75})
    assert settings.turn(9) == settings.longest_turn == timedelta(minutes=75)


@pytest.mark.parametrize("turn", [0, -5, {}, {"2": 0}, None, "long"])
def test_a_listing_without_a_turn_is_refused(turn: object) -> None:
    with pytest.raises(ValidationError):
        ListingSettings.model_validate({"venue_id": "v", "turn_minutes": turn})


@pytest.mark.parametrize(
    ("auth", "missing"),
    [
        ({"webhook_auth": "basic"}, "webhook_user and webhook_password"),
        ({"webhook_auth": "basic", "webhook_user": "moz"}, "webhook_password"),
        ({"webhook_auth": "header", "webhook_token": {"env": "T"}}, "webhook_header"),
    ],
)
def test_half_a_webhook_credential_is_refused(auth: dict[str, object], missing: str) -> None:
    with pytest.raises(ValidationError, match=missing):
        AccountSettings.model_validate({**ACCOUNT, **auth})


def test_a_list_of_secrets_rotates_and_an_empty_one_is_refused() -> None:
    both = {"webhook_token": [{"env": "NEW"}, {"env": "OLD"}]}
    assert len(AccountSettings.model_validate({**ACCOUNT, **both}).webhook_token or ()) == 2
    with pytest.raises(ValidationError):
        AccountSettings.model_validate({**ACCOUNT, "webhook_token": []})


@pytest.mark.parametrize(
    "wrong",
    [{"slot_clock": "local"}, {"locale": "english"}, {"api_kee": 1}, {"base_url": "ftp://x"}],
)
def test_a_setting_that_there_is_not_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AccountSettings.model_validate({**ACCOUNT, **wrong})
