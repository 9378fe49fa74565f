"""Odd fields in answers that are no bookings: what stands beside them is read, and nothing is taken for done."""

from datetime import UTC, datetime

import pytest
from tests.channels.mozrest.test_samples import ASKED, LONDON, NOW, reply

from holdfast.channel import Unknown
from holdfast.channels.mozrest import replies, wire
from holdfast.channels.mozrest.slots import Shown, shown
from holdfast.exchange import Reply

HALF_PAST = datetime(2022, 9, 28, 15, 30, tzinfo=UTC)


def offered(**answer: object) -> Shown:
    return shown(replies.read(wire.Availability, "offers", reply(answer), NOW), ASKED, LONDON)


@pytest.mark.parametrize(
    "beside",
    [
        {"amount": "a lot"},
        {"amount": {"value": 3}},
        {"requireCreditCard": "maybe"},
        {"type": ["instant"]},
    ],
    ids=repr,
)
def test_an_odd_field_of_an_offer_costs_nothing(beside: dict[str, object]) -> None:
    """The kind of fault: one field of one start costs the whole answer, and what is sold is not known."""
    found = offered(date="soon", slots=[{"time": "16:30", **beside}])
    assert (found.bookable, found.clear) == ({HALF_PAST}, True)


@pytest.mark.parametrize(
    "odd", [None, 7, "16:30", [], {}, {"time": 1630}, {"time": None}], ids=repr
)
def test_an_offer_that_cannot_be_read_costs_the_others_nothing_and_is_not_passed_over(
    odd: object,
) -> None:
    found = offered(slots=[odd, {"time": "16:30"}])
    assert (found.bookable, found.clear) == ({HALF_PAST}, False)


def test_whether_a_length_must_be_told_is_not_passed_over_either() -> None:
    found = offered(slots=[{"time": "16:30"}], requiresDuration={"of": 2})
    assert not found.clear


@pytest.mark.parametrize("hint", [{"date": "soon"}, "tomorrow", [1], {"date": None}], ids=repr)
def test_a_hint_that_cannot_be_read_is_none_and_ends_nothing(hint: object) -> None:
    found = offered(slots=[{"time": "16:30"}], nextAvailability=hint)
    assert (found.bookable, found.following, found.ends) == ({HALF_PAST}, None, False)


def test_one_odd_venue_or_area_costs_the_others_nothing() -> None:
    odd: list[object] = [{"id": {}}, None, 7, {"name": "nobody"}]
    rows = [*odd, {"id": 12, "minAdvanceBooking": "a while", "minCovers": [], "maxCovers": "8"}]
    (venue,) = replies.read_venues(reply({"data": rows, "total": "?"}), NOW)
    assert (venue.id, venue.max_covers, venue.min_covers) == ("12", 8, None)
    assert [area.id for area in replies.read_areas(reply(rows), NOW)] == ["12"]


@pytest.mark.parametrize("status", [{"code": "canceled"}, ["canceled"], True], ids=repr)
def test_a_cancelling_is_certain_only_where_its_status_can_be_read(status: object) -> None:
    with pytest.raises(Unknown):
        replies.ensure_cancelled(reply({"id": "b1", "status": status}), NOW)
    replies.ensure_cancelled(reply({"id": "b1", "status": "Canceled", "date": "?"}), NOW)
    replies.ensure_cancelled(Reply(status=204, headers={}, body=b""), NOW)
