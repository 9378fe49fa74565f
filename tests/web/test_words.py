"""The verdict and the words it is made of."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal, get_args

import pytest
from tests.web.rows import HOUR, NOON, NOW

from holdfast.inventory.freshness import Cause, Judged, State
from holdfast.inventory.model import Status
from holdfast.store.freshness import Knowledge, Unknown, Unreadable
from holdfast.store.reading import AccountRow, ExposureRow
from holdfast.web.masking import masked_email, masked_name, masked_phone
from holdfast.web.verdict import Verdict, verdict
from holdfast.web.words import STATUS, exact, lasting

SECOND = timedelta(seconds=1)
WELL = AccountRow(
    name="rooms-main",
    channel="rooms",
    mode="live",
    last_webhook_at=None,
    polled_at=NOW - 30 * SECOND,
    poll_failures=0,
    webhooks=0,
    polled=0,
    unprocessed=0,
    oldest_unprocessed_at=None,
    done=0,
    dead=0,
    waiting=0,
    shadow=0,
    oldest_waiting_at=None,
    blocks=0,
    soonest_expiry_at=None,
    braked_at=None,
    brake_reason=None,
    brake_gone=None,
    brake_live=None,
)


FRESH = Judged(state="fresh")
KNOWN = Knowledge(states={"rooms-main": FRESH}, channels={"rooms-main": "rooms"})


def known_to_be(state: State, cause: Cause, reason: str) -> Knowledge:
    return replace(KNOWN, states={"rooms-main": Judged(state=state, cause=cause, reason=reason)})


def judged(
    account: AccountRow = WELL,
    *exposures: ExposureRow,
    conflicts: int = 0,
    known: Knowledge = KNOWN,
) -> Verdict:
    return verdict([account], exposures, conflicts, known, NOW - 5 * SECOND, NOW)


def texts(found: Verdict) -> list[tuple[str, str]]:
    return [(phrase.level, phrase.text) for phrase in found.phrases]


def an_exposure(mode: str) -> ExposureRow:
    return ExposureRow(
        listing="salon-rooms",
        venue="glasshouse",
        account="rooms-main",
        channel="rooms",
        mode=mode,
        starts_at=NOON,
        ends_at=NOON + HOUR,
        read_at=NOW,
        because=[1],
        units=["salon"],
    )


def test_when_nothing_is_wrong_all_channels_agree() -> None:
    assert texts(judged()) == []
    assert (judged().level, judged().agreed, judged().title) == ("good", True, "All channels agree")


def test_before_anything_is_connected_nothing_is_claimed() -> None:
    nothing = verdict([], [], 0, Knowledge(states={}), None, NOW)
    assert (nothing.connected, nothing.title) == (False, "Nothing is connected yet")


@pytest.mark.parametrize(
    ("seconds", "level"), [(60, None), (61, "late"), (180, "late"), (181, "bad")]
)
def test_what_waits_is_late_after_a_minute_and_stuck_after_three(
    seconds: int, level: str | None
) -> None:
    since = NOW - seconds * SECOND
    for late in (
        replace(WELL, oldest_waiting_at=since),
        replace(WELL, oldest_unprocessed_at=since),
    ):
        assert [each for each, _ in texts(judged(late))] == ([level] if level else [])


@pytest.mark.parametrize("mode", ["shadow", "paused"])
def test_an_account_that_sends_nothing_is_mentioned_but_never_late(
    mode: Literal["shadow", "paused"],
) -> None:
    waiting = NOW - 5 * HOUR
    found = judged(replace(WELL, mode=mode, oldest_waiting_at=waiting))
    assert [level for level, _ in texts(found)] == ["note"]
    assert found.calm


def test_what_a_person_paused_is_late_by_his_name_and_by_nothing_else() -> None:
    hours = NOW - 5 * HOUR
    old = replace(WELL, oldest_waiting_at=hours, oldest_unprocessed_at=hours, polled_at=hours)
    held = replace(old, intake_paused_at=NOW - HOUR, intake_paused_by="eva")
    assert texts(judged(held)) == [
        ("bad", "rooms-main pushes 5 h late"),
        ("late", "rooms-main intake paused by eva for 1 h"),
    ]
    held = replace(held, pushes_paused_at=NOW - 2 * HOUR, pushes_paused_by="ina")
    assert texts(judged(held)) == [
        ("late", "rooms-main intake paused by eva for 1 h"),
        ("late", "rooms-main pushes paused by ina for 2 h"),
    ]
    assert {phrase.link for phrase in judged(held).phrases} == {"/accounts/rooms-main"}


def test_only_offers_that_we_could_close_count_as_exposed() -> None:
    found = judged(WELL, an_exposure("live"), an_exposure("shadow"))
    assert texts(found) == [("bad", "1 offer exposed")]


def test_the_worst_comes_first_and_the_title_counts_open_conflicts() -> None:
    late = replace(WELL, oldest_waiting_at=NOW - 90 * SECOND, dead=2, mode="live")
    first = "first reading under way, 12 of 31 lists"
    found = judged(late, conflicts=2, known=known_to_be("blind", "first", first))
    assert texts(found) == [
        ("bad", "2 open conflicts"),
        ("bad", "2 pushes to rooms-main given up (last 24 h)"),
        ("late", "rooms-main pushes 1 min late"),
        ("late", "rooms-main: first reading under way, 12 of 31 lists"),
    ]
    assert found.title == "(2) 2 open conflicts"
    assert judged(late).title == "2 pushes to rooms-main given up (last 24 h)"


@pytest.mark.parametrize(("seconds", "silent"), [(30, False), (31, True)])
def test_a_worker_that_is_silent_for_half_a_minute_is_missed(seconds: int, silent: bool) -> None:
    found = verdict([WELL], [], 0, KNOWN, NOW - seconds * SECOND, NOW)
    assert texts(found) == ([("bad", "no worker heard of for 31 s")] if silent else [])


@pytest.mark.parametrize(
    ("state", "cause", "level"),
    [
        ("late", "reading", "late"),
        ("late", "limit", "late"),
        ("blind", "first", "late"),
        ("blind", "reading", "bad"),
        ("down", "credentials", "bad"),
        ("down", "worker", None),
        ("down", "provider", None),
        ("paused", "paused", None),
    ],
)
def test_an_account_that_is_not_fresh_is_named_once_with_its_reason(
    state: State, cause: Cause, level: str | None
) -> None:
    """Its worker's silence, its provider's and a pause have phrases of their own."""
    found = judged(known=known_to_be(state, cause, "so it is"))
    assert texts(found) == ([(level, "rooms-main: so it is")] if level else [])
    assert not found.agreed


def test_a_booking_that_cannot_be_read_is_named_by_its_reference() -> None:
    strange = Unreadable(
        account="rooms-main", ref="bk-7", field="date", first_at=NOW - HOUR, seen_at=NOW
    )
    found = judged(known=replace(KNOWN, unreadable=[strange]))
    assert texts(found) == [("late", "booking bk-7 of rooms-main cannot be read (date)")]
    assert found.phrases[0].link == "/accounts/rooms-main#unreadable"


def test_what_is_not_known_is_no_agreement() -> None:
    """The kind of fault: an exposure that was never looked for counted as none."""
    soon = judged(known=replace(KNOWN, unknown=Unknown(within=[5, 7, 9, 11])))
    assert texts(soon) == [
        ("late", "4 bookings (5, 7, 9 and 1 more): not known yet whether still sold elsewhere")
    ]
    far = judged(known=replace(KNOWN, unknown=Unknown(beyond=[5])))
    assert texts(far) == [
        ("note", "1 booking (5): beyond what is read, not known whether sold elsewhere")
    ]
    assert (far.calm, far.agreed, far.title) == (True, False, "Nothing is known to be wrong")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "1 d"),
        (100_800, "1 d 4 h"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_parts(seconds: float, text: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == text


def test_every_status_has_an_icon_and_a_word_of_its_own() -> None:
    statuses = get_args(Status)
    assert set(STATUS) == set(statuses)
    assert len({mark.icon for mark in STATUS.values()}) == len(statuses)
    assert len({mark.word for mark in STATUS.values()}) == len(statuses)


def test_an_exact_instant_has_milliseconds_and_a_z() -> None:
    assert exact(NOW) == "2026-11-20T10:05:30.000Z"


@pytest.mark.parametrize(
    ("masked", "text"),
    [
        (masked_name("Jane Doe"), "J*** D***"),
        (masked_name("  Jane  "), "J***"),
        (masked_name(None), None),
        (masked_email("jane@example.test"), "j***@e***"),
        (masked_email("jane"), "j***"),
        (masked_email(""), None),
        (masked_phone("+33 6 12 34 56 78"), "***78"),
        (masked_phone("1234"), "***"),
        (masked_phone(None), None),
    ],
)
def test_a_guest_is_recognisable_only_to_those_who_know_the_guest(
    masked: str | None, text: str | None
) -> None:
    assert masked == text
