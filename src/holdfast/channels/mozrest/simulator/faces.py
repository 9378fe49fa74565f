"""How the simulated Mozrest writes things as JSON, in every documented spelling. No I/O."""

from collections.abc import Mapping
from datetime import UTC, datetime

from holdfast.channels.mozrest.simulator.books import Entry
from holdfast.channels.mozrest.simulator.state import State
from holdfast.channels.mozrest.simulator.world import Area, Venue

WORDS: dict[str, dict[str, str]] = {
    "current": {"seated": "confirmed"},
    "legacy": {
        "completed": "honored",
        "no-show": "faked",
        "declined": "canceled",
        "seated": "confirmed",
    },
    "partner": {"pending": "pending_confirmation", "declined": "rejected"},
    "new": {"seated": "arrived", "confirmed": "reconfirmed"},
}
MIXED = {"commit": "iso_z", "booking": "iso_offset", "list": "epoch_int", "move": "epoch_string"}
SPARSE = ("status", "cancelActor", "cancelReason", "canceledAt", "bookingChannelId")


class Faces:
    """Writes bookings, holds, venues and areas as the switches say."""

    def __init__(self, state: State) -> None:
        self._state = state

    def booking(self, entry: Entry, endpoint: str) -> dict[str, object]:
        """`endpoint` is commit, booking, list, move, cancel or request: dates may differ by it."""
        face: dict[str, object] = {
            "id": entry.id,
            "venueId": entry.venue.id,
            "bookingChannelId": entry.channel,
            "partySize": entry.party,
            "status": self.status(entry),
            "date": self._date(entry.span.start, entry.venue, endpoint),
            "notes": entry.notes,
            "bookingType": entry.booking_type,
            "cancelActor": entry.cancel_actor,
            "cancelReason": entry.cancel_reason,
            "canceledAt": self._maybe_date(entry.canceled_at, entry.venue, endpoint),
            "contact": self._contact(entry.contact),
        }
        if self._state.says("area_in_booking", "present"):
            face["areaId"] = entry.area.id
        if self._state.says("booking_fields", "sparse"):
            face = {name: value for name, value in face.items() if name not in SPARSE}
        return self.grown(face)

    def committed(self, entry: Entry, origin: str) -> dict[str, object]:
        """A commit's answer: with a session, and perhaps with where to pay."""
        face = self.booking(entry, "commit")
        face["session"] = (
            "dinner" if entry.span.start.astimezone(entry.venue.zone).hour >= 17 else "lunch"
        )
        if entry.status == "require_payment":
            face["status"] = self.status(entry)
            face["mzPaymentUrl"] = f"{origin}/pay?token={entry.id}"
            if self._state.says("payment_answer_id", "without"):
                face = {name: face[name] for name in ("status", "mzPaymentUrl")}
        return face

    def hold(self, entry: Entry, seconds: int) -> dict[str, object]:
        face: dict[str, object] = {"id": entry.id, "holdingTime": seconds}
        if self._state.says("pending_message", "notes"):
            return {**face, "notes": {"en": entry.venue.message or ""}}
        told = entry.venue.message if self._state.says("pending_message", "string") else None
        return self.grown({**face, "venueMessage": told})

    def status(self, entry: Entry) -> str:
        if entry.status == "require_payment":
            return self._state.switches["payment_word"]
        words = WORDS[self._state.switches["status_words"]]
        return words.get(entry.status, entry.status)

    def venue(self, venue: Venue) -> dict[str, object]:
        """https://bc-api.mozrest.com/bc-api/venues"""
        face: dict[str, object] = {
            "id": venue.id,
            "name": venue.name,
            "city": venue.city,
            "address": "1 Orangery Lane",
            "countryCode": venue.country_code,
            "postalCode": "75001",
            "latitude": None,
            "longitude": None,
            "timezone": venue.timezone,
            "minCovers": min(area.covers[0] for area in venue.areas),
            "maxCovers": max(area.covers[1] for area in venue.areas),
            "bookableAreas": venue.bookable_areas,
            "minAdvanceBooking": venue.min_advance_booking,
            "minAdvanceOnlineCancelling": venue.min_advance_cancelling,
            "currency": "EUR",
            "paymentDefinition": {"requireCreditCard": any(area.card for area in venue.areas)},
        }
        return self.grown(_legacy(face) if self._state.says("venue_keys", "legacy") else face)

    def area(self, area: Area, locale: str) -> dict[str, object]:
        return self.grown({"id": area.id, "name": area.translations.get(locale, area.name)})

    def grown(self, face: Mapping[str, object]) -> dict[str, object]:
        """With a field nobody knows, as v1 may grow at any time."""
        sometimes = self._state.says("extra_fields", "sometimes")
        lucky = sometimes and self._state.bench.random.random() < 0.2
        if lucky or self._state.says("extra_fields", "always"):
            return {**face, "loyalty": {"tier": "gold", "points": [1, 2]}}
        return dict(face)

    def _date(self, at: datetime, venue: Venue, endpoint: str) -> object:
        form = self._state.switches["date_out"]
        return written(at, venue, MIXED.get(endpoint, "iso_offset") if form == "mixed" else form)

    def _maybe_date(self, at: datetime | None, venue: Venue, endpoint: str) -> object:
        return None if at is None else self._date(at, venue, endpoint)

    def _contact(self, contact: Mapping[str, object]) -> dict[str, object]:
        known = ("id", "firstname", "lastname", "email", "telephone", "locale", "optInConsent")
        face = {name: contact[name] for name in known if contact.get(name) is not None}
        if self._state.says("telephone_out", "int") and "telephone" in face:
            face["telephone"] = int(str(face["telephone"]))
        if self._state.says("opt_in_out", "string"):
            face["optInConsent"] = str(bool(face.get("optInConsent"))).lower()
        if self._state.says("address", "echo_street", "echo_address"):
            key = self._state.switches["address"].removeprefix("echo_")
            face["address"] = {"country": "GB", key: "Picadilly Sq. 15"}
        return face


def written(at: datetime, venue: Venue, form: str) -> object:
    """An instant in one of the documented forms."""
    epoch = int(at.timestamp())
    if form == "iso_offset":
        return at.astimezone(venue.zone).isoformat()
    if form == "iso_z":
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return epoch if form in ("epoch", "epoch_int") else str(epoch)


def _legacy(face: dict[str, object]) -> dict[str, object]:
    names = {
        "countryCode": "country",
        "maxCovers": "maxCover",
        "minAdvanceOnlineCancelling": "minAdvanceOnlineCanceling",
    }
    renamed = {names.get(name, name): value for name, value in face.items()}
    card = isinstance(d := face["paymentDefinition"], dict) and d["requireCreditCard"]
    return {
        **renamed,
        "latitude": "51.5",
        "longitude": "-0.1",
        "paymentDefinition": {"requireCreditCard": str(bool(card)).lower()},
    }
