"""A holdfast.toml that means harm, or was written by accident: only ever problems, and no secret in them."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.configuration import ConfigurationError, Vocabulary, parse
from holdfast.kind import discover
from holdfast.settings import Settings, SettingsError

CANARY = "sk-canary"
KEYS = sorted(
    {
        *("accounts", "venues", "units", "listings", "house_contact", "name", "channel", "mode"),
        *("account", "takes", "seats", "timezone", "email", "phone", "party_size", "settings"),
        *("poll_seconds", "horizon_days", "setup_minutes", "env", "file", "turn_minutes"),
        *("webhook_secret", "webhook_token", "client_secret", "api_key", "base_url", "address"),
    }
)
WORDS = (
    "boseat",
    "mozrest",
    "live",
    "all",
    "one",
    "salon",
    "Europe/Paris",
    "a",
    "",
    "\x7f",
    "\u202e",
)
EVERY_CHANNEL = discover()
GOOD = (files("holdfast.example") / "holdfast.toml").read_text(encoding="utf-8")


def text_of(value: object) -> str:
    """As TOML. Control characters that it forbids are left in on purpose."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case dict():
            return "{" + ", ".join(f"{text_of(k)} = {text_of(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(text_of, value)) + "]"
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)


scalars = st.one_of(
    st.sampled_from(WORDS),
    st.text(max_size=20),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


def problems(text: str, kinds: Mapping[str, Vocabulary] = EVERY_CHANNEL) -> list[str]:
    """What is said of it; nothing if it is in order. Raises whatever is no problem's way of saying it."""
    told: list[str] = []
    try:
        parse(text, "holdfast.toml", kinds)
    except ConfigurationError as refused:
        told = [f"{one.source}: {one.key}: {one.text}" for one in refused.problems] or [""]
    assert all(re.fullmatch("(?s)holdfast.toml: .*: .+", line) for line in told)
    return told


@settings(max_examples=150)
@given(document=st.dictionaries(st.sampled_from(KEYS), values, max_size=4))
def test_a_document_of_any_shape_is_at_worst_a_list_of_problems(
    document: dict[str, object],
) -> None:
    problems("\n".join(f"{key} = {text_of(value)}" for key, value in document.items()))


def places(table: object) -> list[tuple[dict[str, object], str]]:
    """Every key of a document, with the table that it stands in."""
    if isinstance(table, list):
        return [place for item in table for place in places(item)]
    if not isinstance(table, dict):
        return []
    return [(table, key) for key in table] + [p for value in table.values() for p in places(value)]


@settings(max_examples=150)
@given(data=st.data(), value=values)
def test_any_value_in_any_place_of_a_good_file_is_at_worst_a_problem(
    data: st.DataObject, value: object
) -> None:
    document = tomllib.loads(GOOD)
    table, key = data.draw(st.sampled_from(places(document)))
    table[key] = value
    problems("\n".join(f"{name} = {text_of(part)}" for name, part in document.items()))


@settings(max_examples=100)
@given(text=st.text(max_size=200), cut=st.integers(0, 2_000))
def test_any_text_and_any_part_of_a_good_file_is_at_worst_a_problem(text: str, cut: int) -> None:
    problems(text)
    problems(GOOD[:cut] + text + GOOD[cut:])


SECRETS = ("client_id", "client_secret", "webhook_secret", "api_key", "webhook_token")
as_wrong_secret = st.recursive(
    st.just(CANARY),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(
            st.sampled_from(["env", "file", "value", "evn", CANARY[:2]]), inner, min_size=1
        ),
    ),
    max_leaves=4,
)


@settings(max_examples=100)
@given(key=st.sampled_from(SECRETS), value=as_wrong_secret)
def test_a_secret_is_not_repeated_however_it_was_put_there(key: str, value: object) -> None:
    document = tomllib.loads(GOOD)
    for account in document["accounts"]:
        if key in account:
            account[key] = value
    text = "\n".join(f"{name} = {text_of(part)}" for name, part in document.items())
    assert CANARY not in "\n".join(problems(text))


HOSTILE = {
    "deep list": "a = " + "[" * 5_000 + "]" * 5_000,
    "deep list without an end": "a = " + "[" * 100_000,
    "deep tables": "a = " + "{b = " * 2_000 + "1" + "}" * 2_000,
    "deep keys": ".".join(["a"] * 5_000) + " = 1",
    "deep headers": "[" + ".".join(["a"] * 5_000) + "]",
    "deep but legal": "[[accounts]]\nname = 'a'\nchannel = 'boseat'\nx = " + "[" * 300 + "]" * 300,
    "a number without end": "[[accounts]]\npoll_seconds = " + "9" * 10_000,
    "a hexadecimal number without end": "[[accounts]]\npoll_seconds = 0x" + "f" * 100_000,
    "a day that is none": "a = 2027-02-30",
    "a day before the calendar": "a = 0000-01-01T00:00:00Z",
    "a time with an odd zone": "a = 2027-01-01T00:00:00+99:99",
    "a name twice": "a = 1\na = 2",
    "a table twice": "[a]\n[a]",
    "half a character": 'a = "\\ud800"',
    "a NUL": 'a = "\0"',
    "an escaped NUL": '[[accounts]]\nname = "a\\u0000b"\nchannel = "bo\\u0000seat"',
    "a very long name": f"[[accounts]]\nname = '{'x' * 100_000}'",
    "a very long key": f"{'x' * 100_000} = 1",
    "not a number": "[[accounts]]\npoll_seconds = nan\nhorizon_days = -inf",
    "an epoch": "[[accounts]]\npoll_seconds = 1e400",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_document_made_to_hurt_is_a_few_short_problems(case: str) -> None:
    told = problems(HOSTILE[case])
    assert told
    assert max(map(len, told)) < 2_000


def refused(name: str, value: str) -> Sequence[str]:
    try:
        Settings.from_environ({f"HOLDFAST_{name}": value})
    except SettingsError as error:
        return error.problems
    return ()


@settings(max_examples=150)
@given(
    name=st.sampled_from(["PORT", "HOST", "PUBLIC_URL", "CONFIG", "BODY_BYTES", "IDLE_SECONDS"]),
    value=st.one_of(
        st.text(max_size=50), st.integers().map(str), st.sampled_from(["http://[", "\u0663"])
    ),
)
def test_any_environment_is_at_worst_a_list_of_problems(name: str, value: str) -> None:
    assert all(one.startswith(f"HOLDFAST_{name}: expected ") for one in refused(name, value))


@settings(max_examples=150)
@given(
    name=st.sampled_from(["DATABASE_URL", "REDIS_URL", "API_TOKENS"]), value=st.text(max_size=30)
)
def test_no_environment_makes_us_repeat_a_secret(name: str, value: str) -> None:
    assert CANARY not in "\n".join(refused(name, f"\u00e9{CANARY}{value}"))
