"""Guessing passwords gets slower and slower, and takes only so much of the machine."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.web.signing_in import CHEAP, PASSWORD

from holdfast import passwords
from holdfast.web.door import AT_ONCE, FREE, LONGEST_WAIT, WAITING, Door, Tries
from holdfast.web.problems import Problem
from holdfast.web.screens.login import own_path

NOW = datetime(2026, 11, 20, tzinfo=UTC)
KEY = ("vera", "192.0.2.7")
NONE = timedelta()


def test_a_few_tries_are_free_then_each_waits_twice_as_long_and_nobody_for_ever() -> None:
    tries, waits = Tries(), []
    for _ in range(FREE + 12):
        waits.append(tries.wait(KEY, NOW))
        tries.count(KEY, NOW)
    seconds = [wait.total_seconds() for wait in waits]
    assert seconds == [0.0] * FREE + [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert tries.wait(("vera", "192.0.2.8"), NOW) == NONE
    assert tries.wait(KEY, NOW + LONGEST_WAIT) == NONE
    tries.right(KEY)
    assert tries.wait(KEY, NOW) == NONE


def test_only_so_many_are_watched_and_who_tries_on_is_not_forgotten() -> None:
    tries = Tries(most=3)
    for number in range(10):
        for _ in range(FREE + 1):
            tries.count(KEY, NOW)
        tries.count((f"other-{number}", "192.0.2.9"), NOW)
    assert tries.wait(KEY, NOW) > NONE
    assert tries.wait(("other-0", "192.0.2.9"), NOW) == NONE


async def test_more_checks_than_can_wait_are_sent_away() -> None:
    door = Door()
    many = [door.opens(PASSWORD, CHEAP) for _ in range(AT_ONCE + WAITING + 5)]
    found = await asyncio.gather(*many, return_exceptions=True)
    assert [isinstance(one, Problem) for one in found].count(True) == 5
    assert found.count(True) == AT_ONCE + WAITING
    assert await door.opens(PASSWORD, CHEAP)
    assert not await door.opens("another password", CHEAP)


def test_a_hash_carries_its_cost_and_who_has_none_is_checked_at_ours() -> None:
    assert passwords.matches(PASSWORD, CHEAP)
    assert not passwords.matches(PASSWORD, None)
    assert not passwords.matches(PASSWORD, CHEAP.replace("$16$", "$32$"))
    assert passwords.hashed(PASSWORD, b"another of these", 2**4) != CHEAP
    assert passwords.NOBODY.split("$")[1] == str(passwords.COST) == "32768"
    assert PASSWORD not in CHEAP


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("/bookings?venue=salon&cursor=x", "/bookings?venue=salon&cursor=x"),
        ("/", "/"),
        ("", "/"),
        ("bookings", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("https://elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\t/elsewhere.example", "/"),
        ("/login?next=/login", "/"),
        ("/logout", "/"),
        ("/é", "/"),
        ("/" + "x" * 1000, "/"),
    ],
)
def test_after_signing_in_nobody_is_sent_to_another_site(asked: str, goes_to: str) -> None:
    assert own_path(asked) == goes_to
