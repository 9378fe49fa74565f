"""Payloads without guests and secrets: what is not clearly harmless is masked, whatever its provider calls it."""

import json

import pytest
from pydantic import JsonValue

from holdfast.web.redaction import HIDDEN, headers_shown, payload_shown, redacted

HARMLESS: list[JsonValue] = [
    "2026-11-21",
    "2026-11-21T20:15:00Z",
    "2026-11-21T20:15:00.123+01:00",
    "20:15",
    "5f0c7a2e-9f1b-4f4e-8a57-3f2d6a6f0c11",
    "64f1c0ffee0123456789abcd",
    "42",
    4,
    12.5,
    True,
    None,
]
PRIVATE: list[JsonValue] = [
    "Jane",
    "JANE DOE",
    "DUPONT",
    "jane@example.test",
    "jane.doe",
    "33612345678",
    "+33 6 12 34 56 78",
    "a table by the window",
    "deadbeef",
    "Bearer 5f0c7a2e9f1b4f4e8a573f2d6a6f0c11",
    "9" * 40,
    "0123456789abcdef" * 4,
    33612345678,
    float("nan"),
    "\u0662\u0660\u0662\u0666-11-21",
    "2026-11-21\nJane",
]


@pytest.mark.parametrize("value", HARMLESS)
def test_what_is_clearly_harmless_is_shown(value: JsonValue) -> None:
    assert redacted({"from": value}) == {"from": value}


@pytest.mark.parametrize("value", PRIVATE)
def test_everything_else_is_masked(value: JsonValue) -> None:
    assert redacted({"from": value}) == {"from": HIDDEN}


@pytest.mark.parametrize(
    "key", ["firstName", "phone_number", "birthday", "zip", "X-Signature", "apiToken", "notes"]
)
@pytest.mark.parametrize("value", ["2026-11-21", "75001", 42, "CONFIRMED"])
def test_what_a_private_key_holds_is_masked_whatever_it_looks_like(
    key: str, value: JsonValue
) -> None:
    assert redacted({key: value, "deep": [{key: [value]}]}) == {
        key: HIDDEN,
        "deep": [{key: [HIDDEN]}],
    }


def test_all_below_a_private_key_is_private() -> None:
    shown = redacted({"customer": {"id": "42", "status": "NEW", "more": [{"type": "booking.x"}]}})
    assert shown == {
        "customer": {"id": HIDDEN, "status": HIDDEN, "more": [{"type": HIDDEN}]},
    }


@pytest.mark.parametrize("word", ["CONFIRMED", "booking.cancelled", "no_show", "update"])
def test_words_are_shown_only_where_a_word_is_expected(word: str) -> None:
    assert redacted({"status": word, "what": word}) == {"status": word, "what": HIDDEN}


def test_a_key_that_is_no_name_is_masked_with_the_value_below_it_kept_apart() -> None:
    assert redacted({"jane@example.test": {"party": 4}}) == {HIDDEN: {"party": 4}}


def test_a_payload_is_shown_as_text_that_can_be_read() -> None:
    body = json.dumps({"type": "booking.created", "data": {"name": "Jane", "party": 4}}).encode()
    assert payload_shown(body) == (
        '{\n  "type": "booking.created",\n  "data": {\n    "name": "•••",\n    "party": 4\n  }\n}'
    )


@pytest.mark.parametrize("body", [None, b"", b"<html>Jane</html>", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_not_shown(body: bytes | None) -> None:
    assert payload_shown(body) is None


def test_depth_and_length_have_an_end() -> None:
    deep: JsonValue = 1
    for _ in range(50):
        deep = [deep]
    assert HIDDEN in json.dumps(redacted(deep), ensure_ascii=False)
    long = redacted(list(range(1000)))
    assert isinstance(long, list)
    assert len(long) == 100


def test_of_the_headers_only_those_are_shown_that_tell_nothing() -> None:
    kept = {"Content-Type": "application/json", "Authorization": "Bearer x", "cookie": "y"}
    assert headers_shown(json.dumps(kept)) == {"Content-Type": "application/json"}
    assert headers_shown(None) == {}
