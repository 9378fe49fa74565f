"""What the simulated API demands of the bodies it is sent. Raises `No`."""

from collections.abc import Mapping
from datetime import timedelta

from holdfast.channels.mozrest.simulator.books import Entry
from holdfast.channels.mozrest.simulator.state import No, State

MANDATORY = ("firstname", "lastname", "email", "locale")
ACTORS = frozenset({"user", "restaurant"})


def valid_contact(state: State, body: Mapping[str, object]) -> dict[str, object]:
    """The contact of a commit or a request, with an id. Raises No."""
    contact = body.get("contact")
    if not isinstance(contact, dict) or not all(contact.get(name) for name in MANDATORY):
        raise No(400, "a contact needs firstname, lastname, email and locale")
    telephone = contact.get("telephone")
    if telephone is not None and not str(telephone).isdecimal():
        raise No(400, "telephone: digits only")
    address = contact.get("address")
    has_country = isinstance(address, dict) and address.get("country")
    if state.says("address", "mandatory") and not has_country:
        raise No(400, "contact.address.country is missing")
    return {**contact, "id": state.new_id()}


def check_cancelling(state: State, booking: Entry, body: Mapping[str, object]) -> str:
    """Who cancels. Raises No for a body or a moment that the switches refuse."""
    actor = body.get("cancelActor")
    if not isinstance(actor, str) or not actor:
        raise No(400, "cancelActor is missing")
    if state.says("cancel_body", "closed_list") and actor not in ACTORS:
        raise No(400, "cancelActor: user or restaurant")
    if state.says("cancel_body", "reason_refused") and "cancelReason" in body:
        raise No(400, "cancelReason is not known")
    notice = timedelta(hours=booking.venue.min_advance_cancelling)
    if state.says("cancel_late", "refused") and booking.span.start < state.now + notice:
        raise No(402, "too late to cancel")
    return actor


def check_quota(state: State, channel: str) -> None:
    """Raises No when the channel has as many live holds as it may."""
    quota = state.number("hold_quota")
    held = [
        entry
        for entry in state.books.entries.values()
        if entry.status == "held" and entry.channel == channel and entry.takes_at(state.now)
    ]
    if quota is not None and len(held) >= quota:
        raise No(402, "too many pending bookings")


def text(value: object) -> str | None:
    return value if isinstance(value, str) else None
