"""Mozrest's requests as values and its replies as wire models or as the right failure. No I/O.

Facts: https://bc-api.mozrest.com/bc-api/bookings.md and its neighbours; see the README beside this file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from urllib.parse import quote

from pydantic import SecretStr

from holdfast.channel import Contact
from holdfast.channels.mozrest.settings import AccountSettings, Address, ListingSettings
from holdfast.exchange import Budget, Request

PAGE = 50
"""The most rows a page may have (https://bc-api.mozrest.com/api-basics)."""

BLOCK_NOTE = "Placed by Holdfast: this time is taken on another channel."

Method = Literal["GET", "POST", "PUT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Builds the requests of one API key. Instants go out as epoch seconds, list days as dates (C3)."""

    base_url: str
    """The host, without `/v1/bc`."""
    api_key: SecretStr = field(repr=False)
    cancel_actor: str = "user"
    send_cancel_reason: bool = False
    locale: str = "en"
    address: Address | None = None

    def venues(self, *, filters: Mapping[str, str], offset: int) -> Request:
        """`filters`: criteria (part of the name), city (part of it), countryCode (two letters)."""
        chosen = [(f"filters[{name}]", text) for name, text in filters.items()]
        return self._get("venues", "/venues", [*chosen, *_paging(offset)])

    def venue(self, venue_id: str) -> Request:
        return self._get("venue", f"/venues/{quote(venue_id, safe='')}")

    def areas(self, venue_id: str, party_size: int, at: datetime) -> Request:
        """The venue's id is called `mzId` here and nowhere else (C22)."""
        query = [("mzId", venue_id), ("partySize", str(party_size)), ("date", _epoch_text(at))]
        return self._get("areas", "/areas", query)

    def availability(self, listing: ListingSettings, party_size: int, at: datetime) -> Request:
        query = [
            ("venueId", listing.venue_id),
            ("date", _epoch_text(at)),
            ("partySize", str(party_size)),
        ]
        if listing.area_id is not None:
            query.append(("areaId", listing.area_id))
        return self._get("offers", "/availability", query)

    def hold(self, listing: ListingSettings, party_size: int, at: datetime) -> Request:
        """https://bc-api.mozrest.com/bc-api/bookings.md, "Create Pending Booking"."""
        body = {
            "venueId": listing.venue_id,
            "partySize": party_size,
            "date": int(at.timestamp()),
            "areaId": listing.area_id,
            "bookingType": listing.booking_type,
        }
        return self._write("hold", "POST", "/pending-booking", _without_none(body))

    def commit(self, pending_id: str, contact: Contact) -> Request:
        """https://bc-api.mozrest.com/bc-api/bookings.md, "Commit Pending Booking"."""
        body = {"notes": BLOCK_NOTE, "contact": self._contact(contact)}
        return self._write("commit", "PUT", f"/pending-booking/{quote(pending_id, safe='')}", body)

    def booking_request(
        self, venue_id: str, party_size: int, at: datetime, contact: Contact
    ) -> Request:
        """Asks for a booking that the venue confirms or declines: no hold, no block.

        https://bc-api.mozrest.com/bc-api/booking-requests
        """
        body = {
            "venueId": venue_id,
            "partySize": party_size,
            "date": int(at.timestamp()),
            "contact": self._contact(contact),
        }
        return self._write("booking_request", "POST", "/booking-request", body)

    def booking(self, booking_id: str) -> Request:
        return self._get("fetch", f"/booking/{quote(booking_id, safe='')}")

    def bookings_of_day(self, venue_id: str, day: date, offset: int) -> Request:
        query = [("venueId", venue_id), ("date", day.isoformat()), *_paging(offset)]
        return self._get("scan", "/booking", query)

    def bookings_of_email(self, venue_id: str, email: str, offset: int) -> Request:
        query = [("email", email), ("venueId", venue_id), *_paging(offset)]
        return self._get("find", "/booking", query)

    def move(self, booking_id: str, party_size: int, at: datetime) -> Request:
        """Both fields always: one revision demands them (C16)."""
        body = {"partySize": party_size, "date": int(at.timestamp())}
        return self._write("move", "PUT", f"/booking/{quote(booking_id, safe='')}", body)

    def cancel(self, booking_id: str, reason: str) -> Request:
        """The curl line of the page lacks `/cancel`, its "HTTP Request" line has it (C15)."""
        body = {"cancelActor": self.cancel_actor}
        if self.send_cancel_reason:
            body["cancelReason"] = reason
        return self._write("cancel", "PUT", f"/booking/{quote(booking_id, safe='')}/cancel", body)

    def _contact(self, contact: Contact) -> dict[str, object]:
        first, _, last = contact.name.strip().partition(" ")
        body = {
            "firstname": first or "Holdfast",
            "lastname": last.strip() or first or "Holdfast",
            "email": contact.email,
            # Country code included but no sign, so digits only (C10).
            "telephone": "".join(filter(str.isdecimal, contact.phone)) or None,
            "locale": self.locale,
            "address": _address(self.address),
            "optInConsent": False,
        }
        return _without_none(body)

    def _get(self, operation: str, path: str, query: Sequence[tuple[str, str]] = ()) -> Request:
        return Request(
            operation=operation,
            method="GET",
            url=self._url(path),
            budget="read",
            headers=self._headers(),
            query=tuple(query),
        )

    def _write(
        self, operation: str, method: Method, path: str, body: Mapping[str, object]
    ) -> Request:
        budget: Budget = "write"
        return Request(
            operation=operation,
            method=method,
            url=self._url(path),
            budget=budget,
            headers={**self._headers(), "content-type": "application/json"},
            body=json.dumps(body).encode(),
        )

    def _url(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}/v1/bc{path}"

    def _headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self.api_key.get_secret_value()}",
            "accept": "application/json",
            "x-locale": self.locale,
        }


def _paging(offset: int) -> list[tuple[str, str]]:
    return [("offset", str(offset)), ("limit", str(PAGE))]


def _epoch_text(at: datetime) -> str:
    return str(int(at.timestamp()))


def _without_none(body: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in body.items() if value is not None}


def _address(address: Address | None) -> dict[str, object] | None:
    if address is None:
        return None
    return _without_none(
        {
            "country": address.country,
            "city": address.city,
            "region": address.region,
            "address": address.address,
            "postalCode": address.postal_code,
        }
    )


def protocol_of(settings: AccountSettings, environ: Mapping[str, str]) -> Protocol:
    return Protocol(
        base_url=str(settings.base_url),
        api_key=settings.api_key.reveal(environ),
        cancel_actor=settings.cancel_actor,
        send_cancel_reason=settings.send_cancel_reason,
        locale=settings.locale,
        address=settings.address,
    )
