"""What is said of an invalid holdfast.toml: the file, the key, what was expected, all at once."""

from collections.abc import Callable, Mapping

import pytest

from holdfast.configuration import ConfigurationError, Vocabulary, parse

Problems = Callable[..., list[str]]

REFERENCE = '{ env = "NAME" } or { file = "PATH" }'
UNKNOWN_UNIT = (
    "holdfast.toml: venues[0].listings[1].units: expected names of units of this venue (salon, bar), "
    "got 'saloon'"
)


def test_a_unit_that_there_is_not_is_named_with_those_there_are(problems: Problems) -> None:
    edit = (
        'account = "tables-main"\nunits = ["salon"]',
        'account = "tables-main"\nunits = ["saloon"]',
    )
    assert problems(edit) == [UNKNOWN_UNIT]


def test_all_problems_are_told_at_once_names_first_for_others_refer_to_them(
    problems: Problems,
) -> None:
    found = problems(
        (
            'account = "tables-main"\nunits = ["salon"]',
            'account = "tables-main"\nunits = ["saloon"]',
        ),
        ('timezone = "Europe/Paris"', 'timezone = "Europe/Pariss"'),
        ('key = { env = "ROOMHUB_KEY" }', ""),
        ("poll_seconds = 5", "poll_seconds = 0"),
        ('name = "bar"', 'name = "salon"'),
    )
    assert [line.split(": ")[1] for line in found] == [
        "venues[0].units[1].name",
        "accounts[0].key",
        "accounts[1].poll_seconds",
        "venues[0].listings[1].units",
        "venues[0].listings[2].units",
        "venues[0].timezone",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("poll_seconds = 5", "pol_seconds = 5", "accounts[1].pol_seconds: unknown key, did you mean poll_seconds?"),
        ('space = "two"', 'space = "two"\nflor = 2', "venues[0].listings[2].flor: unknown key, did you mean floor?"),
        ('space = "two"', 'space = "two"\nparty = 2', "venues[0].listings[2].party: unknown key, did you mean party_size?"),
        ("setup_minutes", "setupminutes", "venues[0].units[0].setupminutes: unknown key, did you mean setup_minutes?"),
        ("{ env =", '{ file = "x", evn =', "accounts[0].key.evn: unknown key, did you mean env?"),
        (", phone = ", ', fax = "1", phone = ', "venues[0].house_contact.fax: unknown key, expected one of email, name, phone"),
        ("[[venues]]\n", "[venuez]\nx = 1\n[[venues]]\n", "venuez: unknown key, did you mean venues?"),
        ('space = "two"', 'space = "two"\nsettings = {}', "venues[0].listings[2].settings: unknown key"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_a_problem_with_the_nearest_known_one(
    old: str, new: str, expected: str, problems: Problems
) -> None:
    changes = [(old, new)]
    if old == "{ env =":
        changes = [('key = { env = "ROOMHUB_KEY" }', 'key = { file = "x", evn = "ROOMHUB_KEY" }')]
    assert any(line.startswith(f"holdfast.toml: {expected}") for line in problems(*changes))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('mode = "shadow"', 'mode = "lve"', "accounts[1].mode: expected 'live', 'shadow' or 'paused', got 'lve'"),
        ("seats = 12", "seats = 0", "venues[0].units[0].seats: expected a number greater than or equal to 1, got 0"),
        ("seats = 12", 'seats = "12"', "venues[0].units[0].seats: expected a whole number, got '12'"),
        ("seats = 12", "seats = true", "venues[0].units[0].seats: expected a whole number, got true"),
        ("seats = 12", "", "venues[0].units[0].seats: expected how many people it seats, got nothing"),
        ("cleanup_minutes = 15", "cleanup_minutes = -1", "venues[0].units[0].cleanup_minutes: expected a number greater than or equal to 0, got -1"),
        ('name = "bar-rooms"', 'name = "Bar room"', "venues[0].listings[2].name: expected lower-case letters, digits and single hyphens, 63 at most, got 'Bar room'"),
        ('"Europe/Paris"', '"Paris"', "venues[0].timezone: expected an IANA time zone such as Europe/Paris, got 'Paris'"),
        ("house@glasshouse", "house+a@glasshouse", "venues[0].house_contact.email: expected an e-mail address without a plus tag (Holdfast's own mark is put there), got 'house+a@glasshouse.example'"),
        ("house@glasshouse.example", "house@glasshouse", "venues[0].house_contact.email: expected an e-mail address"),
        ("+33123456789", "0123456789", "venues[0].house_contact.phone: expected an international number such as +33123456789, got '0123456789'"),
        ('timezone = "Europe/Paris"', 'timezone = "UTC"\nholds = "keep"', "venues[0].holds: expected 'rehold', 'commit' or 'none', got 'keep'"),
        ('timezone = "Europe/Paris"', 'timezone = "UTC"\nconflicts = "ask"', "venues[0].conflicts: expected 'propose' or 'auto', got 'ask'"),
        ("party_size = 4", "party_size = 13", "venues[0].listings[1].party_size: expected at most 12, the seats of its smallest unit, got 13"),
        ('account = "tables-main"', 'account = "tables"', "venues[0].listings[1].account: expected the name of an account (rooms-main, tables-main), got 'tables'"),
        ('"roomhub"', '"roomhob"', "accounts[0].channel: expected one of the channels there are (roomhub, tablehub), got 'roomhob'"),
        ('space = "two"', "space = 2", "venues[0].listings[2].space: expected a string, got 2"),
        ("turn = { 2 = 90, 8 = 120 }", 'turn = "long"', "venues[0].listings[1].turn: expected a whole number or a table, got 'long'"),
        ("turn = { 2 = 90, 8 = 120 }", 'turn = { 2 = "x" }', "venues[0].listings[1].turn.2: expected a whole number, got 'x'"),
        ("horizon_days = 3", 'horizon_days = 3\nauth = "basic"', "accounts[1]: auth = basic needs a user"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_shown_beside_what_was_expected(
    old: str, new: str, expected: str, problems: Problems
) -> None:
    (line,) = problems((old, new))
    assert line.startswith(f"holdfast.toml: {expected}")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('name = "tables-main"', 'name = "rooms-main"', "accounts[1].name: expected a name of its own, got 'rooms-main' like accounts[0]"),
        ('name = "bar"', 'name = "salon"', "venues[0].units[1].name: expected a name of its own, got 'salon' like venues[0].units[0]"),
        ('name = "salon-tables"', 'name = "salon-rooms"', "venues[0].listings[1].name: expected a name of its own, got 'salon-rooms' like venues[0].listings[0]"),
    ],
)  # fmt: skip
def test_a_name_given_twice_is_a_problem(
    old: str, new: str, place: str, problems: Problems
) -> None:
    assert f"holdfast.toml: {place}" in problems((old, new))


def test_listing_names_are_unique_across_venues(problems: Problems) -> None:
    annexe = (
        '\n[[venues]]\nname = "annexe"\ntimezone = "UTC"\nunits = [{ name = "bar", seats = 2 }]\n'
        'house_contact = { name = "H", email = "h@annexe.example", phone = "+33123456789" }\n'
        '[[venues.listings]]\nname = "bar-rooms"\naccount = "rooms-main"\nunits = ["bar"]\n'
        'takes = "all"\nspace = "three"\n'
    )
    (line,) = problems(('space = "two"\n', f'space = "two"\n{annexe}'))
    assert "venues[1].listings[0].name: expected a name of its own, got 'bar-rooms'" in line


def test_two_listings_of_an_account_cannot_sell_the_same_thing(problems: Problems) -> None:
    (line,) = problems(('space = "two"', 'space = "one"\nfloor = 1  # the default'))
    assert line == (
        "holdfast.toml: venues[0].listings[2].space: like venues[0].listings[0]; one thing is one listing"
    )


POOL = ('units = ["bar"]\ntakes = "all"', 'units = ["bar", "salon"]\ntakes = "one"')
COMBINED = ('units = ["bar"]\ntakes = "all"', 'units = ["bar", "salon"]\ntakes = "all"')


def test_a_pool_cannot_be_asked_for_more_guests_than_its_smallest_unit_seats(
    problems: Problems,
) -> None:
    (line,) = problems(POOL, ('space = "two"', 'space = "two"\nparty_size = 2'))
    assert line.endswith("party_size: expected at most 1, the seats of its smallest unit, got 2")


def test_combined_units_can_be_asked_for_as_many_guests_as_they_seat_together(
    problems: Problems,
) -> None:
    (line,) = problems(COMBINED, ('space = "two"', 'space = "two"\nparty_size = 15'))
    assert line.endswith("party_size: expected at most 13, the seats of its units together, got 15")


def test_a_unit_that_is_named_twice_in_a_listing_is_a_problem(problems: Problems) -> None:
    (line,) = problems(('units = ["bar"]', 'units = ["bar", "salon", "bar"]'))
    assert line.endswith("listings[2].units: expected each unit once, got 'bar' twice")


def test_a_listing_without_units_is_a_problem(problems: Problems) -> None:
    (line,) = problems(('units = ["bar"]', "units = []"))
    assert line.endswith("listings[2].units: expected names of units of this venue")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('key = { env = "ROOMHUB_KEY" }', 'key = "sk-canary"', "accounts[0].key"),
        ('key = { env = "ROOMHUB_KEY" }', 'key = "https://user:sk-canary@host"', "accounts[0].key"),
        ('{ env = "OLD_HOOK" }', '"sk-canary"', "accounts[1].hooks[1]"),
        ("horizon_days = 3", 'horizon_days = 3\nspare = "sk-canary"', "accounts[1].spare"),
        ("horizon_days = 3", 'horizon_days = 3\nspare = ["sk-canary"]', "accounts[1].spare[0]"),
    ],
)
def test_a_secret_in_the_file_is_refused_without_repeating_it(
    old: str, new: str, where: str, problems: Problems
) -> None:
    (line,) = problems((old, new))
    assert line.startswith(f"holdfast.toml: {where}: expected {REFERENCE}, got a plain value")
    assert "canary" not in line


@pytest.mark.parametrize(
    "new",
    [
        'key = { env = "ROOMHUB_KEY", file = "sk-canary" }',
        'key = { env = ["sk-canary"] }',
        'key = ["sk-canary"]',
        'key = { env = "X" }\nkye = "sk-canary"',
        'key = { env = "X" }\naddress = ["sk-canary"]',
        'key = { value = "sk-canary" }',
    ],
)
def test_no_way_of_putting_a_secret_in_the_wrong_place_repeats_it(
    new: str, problems: Problems
) -> None:
    assert not [
        line for line in problems(('key = { env = "ROOMHUB_KEY" }', new)) if "canary" in line
    ]


def test_a_missing_secret_is_asked_for_by_reference(problems: Problems) -> None:
    found = problems(('key = { env = "ROOMHUB_KEY" }', ""))
    assert found == [f"holdfast.toml: accounts[0].key: expected {REFERENCE}, got nothing"]


def test_the_error_of_a_refused_file_drags_no_value_along(
    edited: Callable[..., str], kinds: Mapping[str, Vocabulary]
) -> None:
    text = edited(
        ('key = { env = "ROOMHUB_KEY" }', 'key = "sk-canary"'), ("seats = 12", "seats = 0")
    )
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "holdfast.toml", kinds)
    assert caught.value.__cause__ is None
    assert "canary" not in repr(caught.value)


@pytest.mark.parametrize("text", ["", "accounts = []\nvenues = []\n"])
def test_an_empty_file_takes_nothing_out_of_service(
    text: str, kinds: Mapping[str, Vocabulary]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "holdfast.toml", kinds)
    assert [problem.key for problem in caught.value.problems] == ["accounts", "venues"]


@pytest.mark.parametrize(
    "text",
    [
        "accounts = 1\nvenues = 'x'\n",
        "accounts = [1, [2]]\nvenues = [{}]\n",
        "[accounts]\nname = 'x'\n[venues]\n",
        "[[accounts]]\nname = 1\nchannel = []\n[[venues]]\nunits = 3\nlistings = {}\n",
        "[[venues]]\nunits = [1]\nlistings = [{ units = 'salon', account = 1, party_size = 'x' }]\n",
        "[[venues]]\nunits = [{ name = 'a', seats = 'x' }]\nlistings = [{ units = ['a', 1] }]\n",
    ],
)
def test_a_file_of_quite_another_shape_is_still_only_a_problem(
    text: str, kinds: Mapping[str, Vocabulary]
) -> None:
    with pytest.raises(ConfigurationError):
        parse(text, "holdfast.toml", kinds)
