"""The mark by which the echo of one of our blocks is told from a guest's booking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.inventory.marker import mark, marker_of

MARKERS = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)


@given(MARKERS)
def test_what_was_marked_is_recognised(marker: str) -> None:
    assert marker_of(mark("house@glasshouse.example", marker)) == marker


@given(MARKERS, MARKERS)
def test_marking_again_replaces_the_mark(first: str, second: str) -> None:
    twice = mark(mark("house@glasshouse.example", first), second)
    assert twice == mark("house@glasshouse.example", second)


def test_the_mark_is_a_plus_tag_behind_what_was_there() -> None:
    assert mark("house+events@glasshouse.example", "b-7f") == (
        "house+events+hf-b-7f@glasshouse.example"
    )


def test_a_provider_may_change_case_and_add_white_space() -> None:
    assert marker_of(" House+HF-B7@Glasshouse.Example ") == "b7"


@pytest.mark.parametrize(
    "email",
    [
        None,
        "",
        "ada@example.test",
        "ada+hf@example.test",
        "ada+hf-@example.test",
        "ada+hf--x@example.test",
        "ada+hf-b7",
        "+hf-b7",
        "ada+hf-b7@two@ats.test",
        "ada+hf-b7+other@example.test",
    ],
)
def test_a_guests_address_carries_no_mark(email: str | None) -> None:
    assert marker_of(email) is None


@pytest.mark.parametrize("marker", ["", "B7", "b_7", "-b7", "b7-", "b--7", "b7@x", "é"])
def test_a_marker_that_could_not_be_read_back_is_refused(marker: str) -> None:
    with pytest.raises(ValueError, match="marker"):
        mark("house@glasshouse.example", marker)


@pytest.mark.parametrize("email", ["house", "@glasshouse.example", "house@", "a@b@c"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match="address"):
        mark(email, "b7")
