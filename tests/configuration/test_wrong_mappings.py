"""Mistakes in what a listing is at its provider, and in where an account's credentials go: refused as the file is read.

The kind of fault: a file that is well formed, yet means something that cannot be. Each stands in every channel's
settings, across accounts and venues, so most of these run over both channels.
"""

from collections.abc import Sequence

import pytest

from holdfast.channels.boseat.settings import BoseatAccount, BoseatListing
from holdfast.channels.mozrest.settings import AccountSettings
from holdfast.configuration import ConfigurationError, parse
from holdfast.example import both_examples, example_configuration
from holdfast.kind import discover

FIRST_SPACE, SECOND_SPACE = (f"b4e2d8e1-0000-4000-8000-00000000000{n}" for n in (1, 2))
FIRST_PRODUCT, SECOND_PRODUCT = (f"a3f1d7d0-0000-4000-8000-00000000000{n}" for n in (1, 2))
SALON_AREA, CHEFS_AREA = "Zk3vQ8mT2xLr-pYb0NsW1A", "u7Hc_4RfJd9eGqXo2ViK5w"
SALON_TYPE, CHEFS_TYPE = "64ca5f2cab23a4112a7d2dd1", "64ca5f2cab23a4112a7d2dd2"
SALON_BOSEAT, SALON_MOZREST = "venues[0].listings[0]", "venues[0].listings[1]"
CHEFS_BOSEAT, CHEFS_MOZREST = "venues[0].listings[2]", "venues[0].listings[3]"


def problems(*changes: tuple[str, str], text: str | None = None) -> list[str]:
    """What is said of the example after changes; each is made wherever its text stands."""
    text = text or example_configuration({})
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    try:
        parse(text, "holdfast.toml", discover())
    except ConfigurationError as refused:
        return [f"{one.key}: {one.text}" for one in refused.problems]
    return []


def second_account(channel: str, **other: str) -> str:
    """The example with another account on the same server, and a listing of it like the channel's first."""
    text = example_configuration({})
    account = text.split("[[accounts]]")[1 if channel == "boseat" else 2].partition("[[venues]]")[0]
    listing = text.split("[[venues.listings]]")[1 if channel == "boseat" else 2]
    listing = listing.replace("-main", "-two").replace(f'"salon-{channel}"', '"salon-again"')
    for old, new in other.items():
        listing = listing.replace(f"{old} = ", f'{old} = "{new}" # ')
    accounts = f"[[accounts]]{account.replace('-main', '-two')}"
    return f"{accounts}{text}\n[[venues.listings]]{listing}"


def test_two_rooms_on_one_boseat_space_are_refused_whatever_is_sold_there() -> None:
    (line,) = problems((f'"{SECOND_SPACE}"', f'"{FIRST_SPACE}"'))
    assert line == (
        f"{CHEFS_BOSEAT}.space_id: like {SALON_BOSEAT}; one space is one set of units: "
        "expected the same units, or another space"
    )


def test_two_products_of_one_space_are_two_listings_of_the_same_room() -> None:
    shared = ('units = ["chefs-table"]', 'units = ["salon"]')
    assert problems((SECOND_SPACE, FIRST_SPACE), shared) == []
    (line,) = problems((SECOND_SPACE, FIRST_SPACE), (SECOND_PRODUCT, FIRST_PRODUCT), shared)
    assert line.startswith(f"{CHEFS_BOSEAT}.space_id: like {SALON_BOSEAT}; a product of a space")


def test_an_upper_case_space_is_the_same_space() -> None:
    (line,) = problems((f'"{SECOND_SPACE}"', f'"{FIRST_SPACE.upper()}"'))
    assert line.startswith(f"{CHEFS_BOSEAT}.space_id: like {SALON_BOSEAT}; one space")
    kept = BoseatListing(space_id=FIRST_SPACE.upper(), product_id=FIRST_PRODUCT.upper())
    assert kept == BoseatListing(space_id=FIRST_SPACE, product_id=FIRST_PRODUCT)


def test_a_booking_type_is_used_once_in_a_venue_of_mozrest() -> None:
    (line,) = problems((CHEFS_TYPE, SALON_TYPE))
    assert line == (
        f"{CHEFS_MOZREST}.booking_type: like {SALON_MOZREST}; a booking names its booking type, not its area: "
        "expected a type of its own for each listing"
    )


def test_mozrests_ids_keep_their_case() -> None:
    assert problems((CHEFS_AREA, SALON_AREA.swapcase()), (CHEFS_TYPE, SALON_TYPE.upper())) == []


def test_an_area_of_mozrest_is_listed_once() -> None:
    (line,) = problems((CHEFS_AREA, SALON_AREA), (CHEFS_TYPE, SALON_TYPE))
    assert line.startswith(f"{CHEFS_MOZREST}.area_id: like {SALON_MOZREST}; venue, area")
    text = example_configuration({})
    for key in ("area_id", "booking_type"):
        text = "\n".join(line for line in text.splitlines() if not line.startswith(key))
    assert [line.partition(":")[0] for line in problems(text=text)] == [
        f"{CHEFS_MOZREST}.venue_id",
        "venues[0].listings[5].venue_id",
    ]


@pytest.mark.parametrize("channel", ["boseat", "mozrest"])
@pytest.mark.parametrize("other", ["", "/", "HTTP"])
def test_one_thing_is_listed_once_across_accounts(channel: str, other: str) -> None:
    """Else each guest's booking is known twice and overlaps itself (two accounts on one workspace)."""
    text = second_account(channel)
    first = "http://127.0.0.1:9101" if channel == "boseat" else "http://127.0.0.1:9102"
    spelled = {"": first, "/": f"{first}/", "HTTP": first.replace("http", "HTTP")}[other]
    text = text.replace(f'base_url = "{first}"', f'base_url = "{spelled}"', 1)
    (line,) = problems(text=text)
    where = SALON_BOSEAT if channel == "boseat" else SALON_MOZREST
    assert line.partition(": ")[2].startswith(f"like {where}; ")


@pytest.mark.parametrize("channel", ["boseat", "mozrest"])
def test_the_same_ids_on_another_server_are_another_thing(channel: str) -> None:
    text = second_account(channel)
    port = "9101" if channel == "boseat" else "9102"
    assert (
        problems(text=text.replace(f'"http://127.0.0.1:{port}"', '"http://127.0.0.1:9"', 1)) == []
    )


def test_one_space_in_two_venues_is_refused_though_the_units_are_called_alike() -> None:
    text = both_examples({}).replace("b4e2d8e1-0000-4000-8000-000000000004", FIRST_SPACE)
    (line,) = problems(text=text)
    assert line.startswith(f"venues[1].listings[1].space_id: like {SALON_BOSEAT}; one space")


@pytest.mark.parametrize("key", ["space_id", "product_id"])
@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "b4e2d8e1-0000-4000-8000-00000000001",
        "prod_123",
        f" {FIRST_SPACE}",
        f"{{{FIRST_SPACE}}}",
        FIRST_SPACE.replace("-", ""),
        FIRST_SPACE.replace("b", "ß"),
        f"{FIRST_SPACE}\\n",
    ],
)
def test_an_id_of_boseat_has_its_shape(key: str, wrong: str) -> None:
    right = FIRST_SPACE if key == "space_id" else FIRST_PRODUCT
    (line,) = problems((f'"{right}"', f'"{wrong}"'))
    assert line.startswith(f"{SALON_BOSEAT}.{key}: ")
    assert "expected" in line
    assert wrong == "" or "8-4-4-4-12" in line


def test_the_documentations_own_sample_is_no_hexadecimal_and_is_taken() -> None:
    assert problems((FIRST_SPACE, "b4e2d8e1-fg2e-4b2e-aad2-123456789abc")) == []


ADDRESSES = [
    ("boseat", "base_url", "http://127.0.0.1:9101"),
    ("boseat", "token_url", "http://127.0.0.1:9101/oauth/token"),
    ("mozrest", "base_url", "http://127.0.0.1:9102"),
]


@pytest.mark.parametrize(("channel", "key", "old"), ADDRESSES)
@pytest.mark.parametrize(
    "new",
    [
        "http://api.boseat.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "http://[2001:db8::1]",
        "http://0.0.0.0",
    ],
)
def test_credentials_leave_this_machine_encrypted_only(
    channel: str, key: str, old: str, new: str
) -> None:
    (line,) = problems((f'{key} = "{old}"', f'{key} = "{new}"'))
    assert line.startswith(
        f"accounts[{channel == 'mozrest':d}].{key}: http would carry credentials"
    )
    assert "expected an address that begins with https://" in line


@pytest.mark.parametrize(("channel", "key", "old"), ADDRESSES)
def test_an_address_holds_no_password_and_it_is_not_repeated(
    channel: str, key: str, old: str
) -> None:
    (line,) = problems((f'{key} = "{old}"', f'{key} = "https://me:canary@api.example"'))
    assert f"accounts[{channel == 'mozrest':d}].{key}: holds a user name or a password" in line
    assert "canary" not in line


@pytest.mark.parametrize(("channel", "key", "old"), ADDRESSES)
@pytest.mark.parametrize(
    "new", ["http://localhost:9101", "http://127.8.0.1", "http://[::1]:9", "https://api.example"]
)
def test_this_machine_may_be_spoken_to_in_clear(channel: str, key: str, old: str, new: str) -> None:
    assert problems((f'{key} = "{old}"', f'{key} = "{new}"')) == []


@pytest.mark.parametrize(
    "zone",
    [
        "localtime",
        "Factory",
        "posixrules",
        "",
        "posix/Europe/Paris",
        "right/Europe/Paris",
        "/usr/share/zoneinfo/Europe/Paris",
        "../Europe/Paris",
        "europe/paris",
        "Europe",
        "tzdata.zi",
    ],
)
def test_a_zone_means_the_same_on_every_machine(zone: str) -> None:
    (line,) = problems(("Europe/Paris", zone))
    assert line == (
        f"venues[0].timezone: expected an IANA time zone such as Europe/Paris, got {zone!r}"
    )


def causes(lines: Sequence[str]) -> list[str]:
    return [line.partition(":")[0] for line in lines]


def test_an_account_named_twice_is_the_only_thing_told() -> None:
    """A cause is not hidden among what only follows from it."""
    (line,) = problems(('name = "mozrest-main"', 'name = "boseat-main"'))
    assert line == (
        "accounts[1].name: expected a name of its own, got 'boseat-main' like accounts[0]"
    )


def test_a_unit_named_twice_is_told_before_what_follows_from_it() -> None:
    lines = problems(('name = "chefs-table"\n', 'name = "salon"\n'))
    assert causes(lines)[0] == "venues[0].units[1].name"


def test_what_an_earlier_release_stored_goes_on_working() -> None:
    """A check that is new refuses a file; a worker reads what was applied, and does not end at an update."""
    secret = {"env": "X"}
    stored = {"base_url": "http://api.boseat.com", "client_id": secret, "client_secret": secret}
    read = BoseatAccount.model_validate(stored | {"token_url": "http://auth.example"})
    assert str(read.base_url) == "http://api.boseat.com/"
    mozrest = {"base_url": "http://mozrest.example", "api_key": secret}
    assert AccountSettings.model_validate(mozrest).base_url.scheme == "http"
    assert BoseatListing(space_id="S1", product_id="p1").space_id == "s1"
