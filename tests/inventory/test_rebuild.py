"""The canon from its journals: rows as they were last told of, and every difference from a store in plain words."""

from holdfast.inventory.rebuild import After, differences, folded, rebuilt

HELD = {"venue_id": 1, "status": "held"}
FIRM = {"venue_id": 1, "status": "confirmed", "version": 2}
GRANT = {"during": "2026-11-23T11:00:00Z/2026-11-23T12:00:00Z"}


def test_a_row_is_as_it_was_told_of_last() -> None:
    told: list[After] = [{"bookings": {"7": HELD}}, {"bookings": {"8": HELD}}]
    told.append({"bookings": {"7": FIRM}})
    assert folded(told)["bookings"] == {"7": FIRM, "8": HELD}


def test_a_grant_that_was_given_back_is_no_more() -> None:
    told: list[After] = [{"allocations": {"7-1": GRANT}}, {"allocations": {"7-1": None}}]
    assert folded(told)["allocations"] == {}
    assert folded([*told, told[0]])["allocations"] == {"7-1": GRANT}


def test_a_booking_that_went_to_another_venue_is_what_that_ones_journal_says() -> None:
    """Each venue has a journal of its own; the one that the booking left may not hear of it any more."""
    there = {**FIRM, "venue_id": 2}
    first: list[After] = [{"bookings": {"7": HELD}, "allocations": {"7-1": GRANT}}]
    second: list[After] = [{"bookings": {"7": there}, "allocations": {"7-1": None, "7-5": GRANT}}]
    found = rebuilt({1: first, 2: second})
    assert found["bookings"] == {"7": there}
    assert found["allocations"] == {"7-5": GRANT}


def test_what_maps_to_no_venue_any_more_is_left_out() -> None:
    assert rebuilt({1: [{"bookings": {"7": {"status": "confirmed"}}}]})["bookings"] == {}


def test_what_is_the_same_differs_in_nothing() -> None:
    both = folded([{"bookings": {"7": FIRM}, "allocations": {"7-1": GRANT}}])
    assert differences(both, both) == []


def test_each_difference_is_told_in_plain_words() -> None:
    told = folded([{"bookings": {"7": HELD, "8": HELD}}])
    stored = folded([{"bookings": {"7": FIRM}, "allocations": {"7-1": GRANT}}])
    assert differences(told, stored) == [
        "booking 8 is in a journal, and not in the store",
        "booking 7: status is held by the journal, confirmed in the store",
        "booking 7: version is not set by the journal, 2 in the store",
        "allocation 7-1 is in the store, and in no journal",
    ]


def test_only_what_is_older_than_the_after_images_may_be_told_of_by_none() -> None:
    nothing, stored = folded([]), folded([{"blocks": {"3": HELD, "4": HELD}}])
    assert differences(nothing, stored, {("blocks", "3")}) == [
        "block 4 is in the store, and in no journal"
    ]
