"""On which listing a booking is, and whether it is told to be at a place that is not ours."""

import json
from typing import Any

import pytest
from tests.channels.mozrest.test_samples import LISTINGS, NOW, reply

from holdfast.channels.mozrest.replies import read_bookings
from holdfast.channels.mozrest.translate import seen
from holdfast.inventory.model import Seen

OURS = "60e890aca5f07b6ee5b950b1"
MANY = "many-areas"
SALON = "Zk3vQ8mT2xLr-pYb0NsW1A"
SALONS_TYPE = "64ca5f2cab23a4112a7d2dd1"


def read(believed: str | None = None, asked: str | None = None, **told: Any) -> Seen:
    row = {"id": "b1", "status": "confirmed", "date": "2026-12-05T19:00:00Z", **told}
    (found,) = read_bookings("scan", reply({"data": [row]}), NOW).bookings
    return seen(found, LISTINGS, believed, NOW, asked)


@pytest.mark.parametrize(
    "told",
    [
        {"venueId": "0123456789abcdef01234567"},
        {"venueId": OURS.upper()},
        {"venueId": MANY, "areaId": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"venueId": MANY, "areaId": SALON.lower()},
        {"venueId": MANY, "areaId": "A", "bookingType": SALONS_TYPE},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("believed", [None, "area-salon"])
def test_a_venue_or_an_area_that_is_not_ours_is_elsewhere(
    told: dict[str, Any], believed: str | None
) -> None:
    """The kind of fault: told to be elsewhere, and not told where, are one and the same to us."""
    found = read(believed, MANY, **told)
    assert (found.listing, found.elsewhere) == (None, True)


@pytest.mark.parametrize(
    ("told", "listing"),
    [
        ({"venueId": OURS}, "dining-room"),
        ({"venueId": OURS, "areaId": "whichever"}, "dining-room"),
        ({"venueId": OURS, "bookingType": "brunch"}, "dining-room"),
        ({"venueId": MANY, "areaId": SALON}, "area-salon"),
        ({"venueId": MANY, "bookingType": SALONS_TYPE}, "area-salon"),
        ({"venueId": MANY, "bookingType": "brunch"}, None),
        ({"venueId": MANY, "areaId": {}}, None),
        ({"venueId": MANY, "areaId": None}, None),
        ({}, None),
        ({"venueId": {}}, None),
    ],
    ids=json.dumps,
)
def test_what_is_not_told_or_cannot_be_read_is_not_elsewhere(
    told: dict[str, Any], listing: str | None
) -> None:
    found = read(**told)
    assert (found.listing, found.elsewhere) == (listing, False)


@pytest.mark.parametrize("venue", [{}, [], None, True, ""], ids=repr)
def test_without_a_venue_it_is_at_the_one_that_was_asked_for_or_believed(venue: object) -> None:
    assert read(asked=OURS, venueId=venue).listing == "dining-room"
    assert read("area-chefs", venueId=venue).listing == "area-chefs"
    assert read(venueId=venue, bookingType=SALONS_TYPE).listing == "area-salon"


def test_what_may_be_on_one_of_several_listings_is_taken_for_the_longest_turn_of_them() -> None:
    """Only where something of it cannot be read: what is not told at all has been known before."""
    found, silent = read(venueId=MANY, areaId={}), read(venueId=MANY)
    assert found.span is not None
    assert (found.span.length.total_seconds(), silent.span) == (120 * 60, None)
