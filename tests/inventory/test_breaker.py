"""When calls stop and when one is tried again: the breaker's rules, without a clock or a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.inventory.breaker import (
    CLOSED,
    OPENS_AFTER,
    PROBE_TIME,
    WAIT,
    Breaker,
    allowed,
    answered,
    counts,
    failed,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def after(failures: int, jitter: float = 0.0) -> Breaker:
    """So many calls without an answer, each made as soon as it may be."""
    breaker, now = CLOSED, NOW
    for _ in range(failures):
        if allowed(breaker, now) == "none" and breaker.retry_at is not None:
            now = breaker.retry_at
        if allowed(breaker, now) == "probe":
            breaker = replace(breaker, retry_at=now + PROBE_TIME, probing=True)
        breaker = failed(breaker, now, jitter)
    return breaker


def test_it_opens_after_so_many_in_a_row_and_any_answer_closes_it() -> None:
    assert allowed(after(OPENS_AFTER - 1), NOW) == "all"
    opened = after(OPENS_AFTER)
    assert (opened.opened_at, allowed(opened, NOW)) == (NOW, "none")
    assert opened.retry_at == NOW + SECOND * WAIT.base / 2
    assert allowed(opened, opened.retry_at - SECOND / 1000) == "none"
    assert allowed(opened, opened.retry_at) == "probe"
    assert answered() == CLOSED
    assert failed(answered(), NOW, 0.0).failures == 1


def test_one_tries_and_has_its_time_for_it() -> None:
    opened = after(OPENS_AFTER)
    assert opened.retry_at is not None
    probing = replace(opened, retry_at=opened.retry_at + PROBE_TIME, probing=True)
    assert allowed(probing, opened.retry_at + PROBE_TIME - SECOND) == "none"
    assert allowed(probing, opened.retry_at + PROBE_TIME) == "probe"  # whoever tried is gone


def test_what_flew_when_it_opened_says_nothing_new() -> None:
    opened = after(OPENS_AFTER)
    assert failed(opened, NOW + SECOND, 0.9) == opened


@given(st.integers(OPENS_AFTER, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_waits_double_up_to_their_cap_and_are_never_all_the_same(
    failures: int, jitter: float
) -> None:
    last = Breaker(failures=failures - 1, opened_at=NOW, retry_at=NOW, probing=True)
    again = failed(last, NOW, jitter)
    assert again.retry_at is not None
    seconds = (again.retry_at - NOW).total_seconds()
    whole = min(WAIT.cap, WAIT.base * 2 ** min(failures - OPENS_AFTER, 30))
    assert whole / 2 <= seconds <= whole
    assert (again.opened_at, again.probing) == (NOW, False)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (None, "failed"),
        *((status, "failed") for status in (401, 500, 502, 503, 504)),
        *((status, "answered") for status in (200, 302, 400, 403, 404, 408, 409, 422)),
        (429, "unsaid"),
    ],
)
def test_no_answer_5xx_and_refused_credentials_count_and_429_is_no_answer_either(
    status: int | None, word: str
) -> None:
    assert counts(status) == word
