"""What an account needs and what there is, in words that an operator can act on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.inventory.made import patient

from holdfast.inventory.sums import Rate, Sum, lasting
from holdfast.inventory.timetable import Load

RESTAURANT = Load(near=3, soon=7, far=21, near_offers=90, far_offers=1260)
DEFAULTS = Sum(
    reads=Rate(contract=60, steady=45),
    writes=Rate(contract=20, steady=15),
    poll_seconds=60,
    offers_seconds=300,
    horizon_days=30,
    hold_seconds=420,
    venues=1,
    load=RESTAURANT,
)
SPACES = replace(DEFAULTS, load=Load(soon=6, near_offers=6, far_offers=6), hold_seconds=900)


def test_the_sums_say_how_often_what_is_read_and_how_much_can_be_closed() -> None:
    reads, writes = DEFAULTS.lines
    assert reads == (
        "reads: 36 of 60 a minute. Bookings of the next 2 days every 20 s, of 8 days every 60 s, "
        "up to 30 days within 4 min. Offers of the next 2 days every 9 min, up to 30 days within 6 h."
    )
    assert writes == (
        "writes: 20 a minute allowed, 15 in the long run: about 7 bookings a minute can be closed, "
        "105 holds kept"
    )
    assert DEFAULTS.doubts == []


def test_a_channel_with_one_list_for_all_days_has_one_period() -> None:
    reads, _ = SPACES.lines
    assert "Bookings every 60 s. Offers of the next 2 days every 5 min, up to" in reads
    past = replace(SPACES, load=replace(SPACES.load, past=600))
    assert ", the past within 3 h. Offers" in past.lines[0]


def test_a_short_horizon_is_not_exceeded_in_words() -> None:
    short = replace(
        DEFAULTS, horizon_days=3, load=Load(near=3, soon=2, near_offers=18, far_offers=9)
    )
    assert "Bookings of the next 2 days every 20 s, up to 3 days within 60 s" in short.lines[0]
    assert "Bookings every 20 s." in replace(short, horizon_days=2).lines[0]


def test_an_account_that_sells_nothing_needs_nothing() -> None:
    idle = replace(DEFAULTS, venues=0, load=Load())
    assert (idle.lines, idle.doubts) == ([], [])


def test_what_cannot_be_kept_is_said_with_what_to_change() -> None:
    five = replace(
        DEFAULTS, venues=5, load=Load(near=15, soon=35, far=105, near_offers=450, far_offers=6300)
    )
    near, offers = five.doubts
    assert near == (
        "5 venues on one key need 95 reads a minute and 45 are there: near bookings are read every "
        "85 s, not 60 s. Raise reads_per_minute to 127 if the contract "
        "allows it, raise poll_seconds, or divide the venues between several keys"
    )
    assert offers.startswith("offers_seconds = 300 cannot be kept: offers of the next 2 days are")
    enough = replace(five, reads=Rate(contract=195, steady=195 * 0.75))
    assert not [doubt for doubt in enough.doubts if "on one key" in doubt]


def test_the_same_is_said_where_one_list_tells_of_all_days() -> None:
    """The kind: a warning for one shape of list only. The other channel has no near lists."""
    crowded = replace(SPACES, load=Load(soon=60))
    (near,) = [doubt for doubt in crowded.doubts if "on one key" in doubt]
    assert ": bookings are read every 3 min, not 60 s" in near


def test_what_is_too_late_is_said_loudly() -> None:
    chain = Load(near=90, soon=200)
    tiny = replace(DEFAULTS, reads=Rate(contract=12, steady=9), venues=30, load=chain)
    assert "too late to prevent double bookings" in tiny.doubts[0]


def test_too_few_writes_to_keep_holds_are_named() -> None:
    (told,) = replace(DEFAULTS, writes=Rate(contract=1, steady=1)).doubts
    assert told.startswith("writes_per_minute = 1 keeps 7 holds at the most")
    assert replace(DEFAULTS, hold_seconds=None).lines[1].endswith("can be closed")


counts = st.integers(0, 5000)


@patient
@given(
    load=st.builds(
        Load,
        near=counts,
        soon=counts,
        far=counts,
        past=counts,
        near_offers=counts,
        far_offers=counts,
    ),
    reads=st.integers(1, 1000),
    writes=st.integers(1, 1000),
    days=st.integers(1, 730),
)
def test_whatever_the_settings_the_sums_can_be_said(
    load: Load, reads: int, writes: int, days: int
) -> None:
    whole = replace(
        DEFAULTS,
        load=load,
        reads=Rate(contract=reads, steady=max(1, reads - reads // 4)),
        writes=Rate(contract=writes, steady=max(1, writes - writes // 4)),
        horizon_days=days,
    )
    assert len(whole.lines) == 2
    assert all(doubt.isprintable() for doubt in whole.doubts)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (20, "20 s"),
        (100, "2 min"),
        (5999, "100 min"),
        (6000, "2 h"),
        (10800, "3 h"),
        (172800, "2 days"),
    ],
)
def test_a_length_is_never_said_shorter_than_it_is(seconds: float, told: str) -> None:
    assert lasting(seconds) == told
