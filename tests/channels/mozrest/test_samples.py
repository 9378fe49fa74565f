"""Every file in samples/ means what its reviewed expectation says; unreadable ones are refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import holdfast.channels.mozrest
from holdfast.channel import Broken, Listing, Malformed, Unknown
from holdfast.channels.mozrest import replies, wire
from holdfast.channels.mozrest.settings import ListingSettings
from holdfast.channels.mozrest.slots import shown
from holdfast.channels.mozrest.translate import seen, status_of
from holdfast.channels.mozrest.webhook import read_hints
from holdfast.exchange import Reply

SAMPLES = sorted((Path(holdfast.channels.mozrest.__file__).parent / "samples").glob("*.json"))
NOW = datetime(2027, 1, 1, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
ASKED = datetime(2022, 9, 28, 15, tzinfo=UTC)

READ_SIDE = {1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 22, 23, 24, 25, 27, 28, 31}
"""The contradictions that show in what we read; the others are about what we send, or the RMS side."""


def a_listing(name: str, **settings: object) -> Listing:
    own = ListingSettings.model_validate({"turn_minutes": 90, **settings})
    return Listing(name=name, zone=LONDON, party_size=2, settings=own)


LISTINGS = [
    a_listing("dining-room", venue_id="60e890aca5f07b6ee5b950b1", turn_minutes={"4": 90, "6": 150}),
    a_listing(
        "area-salon",
        venue_id="many-areas",
        area_id="Zk3vQ8mT2xLr-pYb0NsW1A",
        booking_type="64ca5f2cab23a4112a7d2dd1",
        turn_minutes=120,
    ),
    a_listing(
        "area-chefs",
        venue_id="many-areas",
        area_id="u7Hc_4RfJd9eGqXo2ViK5w",
        booking_type="64ca5f2cab23a4112a7d2dd2",
    ),
]


def reply(body: object) -> Reply:
    return Reply(status=200, headers={}, body=json.dumps(body).encode())


def booking(body: object) -> object:
    one = seen(replies.read(wire.Booking, "fetch", reply(body), NOW), LISTINGS, None, NOW)
    assert one.read_at == NOW
    return {
        "external_id": one.external_id,
        "listing": one.listing,
        "status": one.status,
        "raw_status": one.raw_status,
        "payment": one.payment,
        "start": one.span.start.isoformat() if one.span else None,
        "end": one.span.end.isoformat() if one.span else None,
        "party_size": one.party_size,
        "guest": [one.guest.name, one.guest.email, one.guest.phone, one.guest.locale],
        "marker": one.marker,
        "extra": dict(one.extra),
    }


def commit(body: object) -> object:
    answer = replies.read(wire.Commit, "commit", reply(body), NOW)
    status, payment = status_of(answer)
    return {"id": answer.id, "status": status, "payment": payment}


def hold(body: object) -> object:
    answer = replies.read(wire.PendingBooking, "hold", reply(body), NOW)
    return {"id": answer.id, "seconds": answer.holding_seconds}


def bookings(body: object) -> object:
    page = replies.read_bookings("scan", reply(body), NOW)
    ids = [one.id for one in page.bookings]
    return {"ids": ids, "rows": page.rows, "total": page.total, "whole": page.whole}


def availability(body: object, zone: tzinfo = LONDON) -> object:
    answer = shown(replies.read(wire.Availability, "offers", reply(body), NOW), ASKED, zone)
    others = {start.at for start in answer.starts} - answer.bookable
    return {
        "bookable": [at.isoformat() for at in sorted(answer.bookable)],
        "others": [at.isoformat() for at in sorted(others)],
        "clear": answer.clear,
        "following": answer.following.isoformat() if answer.following else None,
        "ends": answer.ends,
        "preceding": answer.preceding.isoformat() if answer.preceding else None,
    }


def availability_utc(body: object) -> object:
    return availability(body, UTC)


def areas(body: object) -> object:
    return [area.id for area in replies.read_areas(reply(body), NOW)]


def venue(body: object) -> object:
    one = replies.read(wire.Venue, "venue", reply(body), NOW)
    return {
        "id": one.id,
        "name": one.name,
        "country": one.country_code,
        "timezone": one.timezone,
        "covers": [one.min_covers, one.max_covers],
        "areas": one.bookable_areas,
        "hours": [one.min_advance_booking_hours, one.min_advance_cancelling_hours],
        "card": one.payment is not None and one.payment.require_credit_card,
    }


def venues(body: object) -> object:
    return [one.id for one in replies.read_venues(reply(body), NOW)]


def webhook(body: object) -> object:
    return [[hint.external_id, hint.raw_type] for hint in read_hints(json.dumps(body).encode())]


READERS: dict[str, Callable[[object], object]] = {
    "booking": booking,
    "commit": commit,
    "hold": hold,
    "bookings": bookings,
    "availability": availability,
    "availability-utc": availability_utc,
    "areas": areas,
    "venue": venue,
    "venues": venues,
    "webhook": webhook,
}


def load(path: Path) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return sample


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_means_what_its_review_says(path: Path) -> None:
    sample = load(path)
    read = READERS[sample["read_as"]]
    if sample["means"] == "unreadable":
        with pytest.raises((Broken, Unknown, Malformed)):
            read(sample["body"])
    else:
        assert read(sample["body"]) == sample["means"]


def test_every_contradiction_that_shows_in_an_answer_has_a_sample() -> None:
    shown_numbers = {number for path in SAMPLES for number in load(path)["shows"]}
    assert shown_numbers >= {f"C{number}" for number in READ_SIDE}


def test_an_unreadable_answer_names_fields_but_never_what_was_in_them() -> None:
    body = {"id": "b1", "date": "a date with John Doe"}
    with pytest.raises(Broken) as failure:
        booking(body)
    assert "date" in str(failure.value)
    assert "John" not in str(failure.value)
