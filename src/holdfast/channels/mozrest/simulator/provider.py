"""The simulated Mozrest as the common control side sees it: guests, offers, the truth."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from holdfast.channels.mozrest.simulator.books import Entry
from holdfast.channels.mozrest.simulator.desk import Caller, Desk, Wish, mark_cancelled
from holdfast.channels.mozrest.simulator.hooks import Hooks
from holdfast.channels.mozrest.simulator.hours import starts_from
from holdfast.channels.mozrest.simulator.state import No, State
from holdfast.channels.mozrest.simulator.switches import CHOICES
from holdfast.channels.mozrest.simulator.world import Area, Venue
from holdfast.simulation.control import GuestWish, Moved, Refused

TRUTH_DAYS = 14


class Provider:
    """Guests book through our own booking channel, on somebody else's page."""

    def __init__(self, state: State, desk: Desk, hooks: Hooks) -> None:
        self.switches = state.switches
        self._state = state
        self._desk = desk
        self._hooks = hooks
        self._guest = Caller(channel=state.world.own, by="guest")

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        return CHOICES

    def places(self) -> list[dict[str, str]]:
        return [
            {
                "place": venue.place(area),
                "name": area.name,
                "house": venue.name,
                "zone": venue.timezone,
            }
            for venue, area in self._rooms()
        ]

    def offered(self, days: int, place: str | None) -> list[dict[str, str]]:
        """For each area's usual party."""
        return [
            {"place": venue.place(area), **offer}
            for venue, area in self._rooms()
            if place in (None, venue.place(area))
            for offer in self._offers(venue, area, days)
        ]

    def guest_books(self, wish: GuestWish) -> str:
        """The venue's turn for the party decides the end, whatever `end` says."""
        try:
            if wish.ref is not None:
                self._state.free_id(wish.ref)
            hold = self._desk.hold(self._guest, self._wish(wish))
            self._state.next_id = wish.ref if wish.confirm else None
            return self._commit(hold, wish) if wish.confirm else self._keep(hold, wish)
        except No as no:
            raise Refused(str(no)) from no

    def guest_confirms(self, ref: str) -> str:
        """The reference of the booking, which is not the hold's."""
        hold = self._entry(ref)
        try:
            return self._desk.commit(self._guest, ref, {"contact": hold.contact}).id
        except No as no:
            raise Refused(str(no)) from no

    def guest_cancels(self, ref: str) -> str:
        """A hold cannot be given back; it lapses."""
        booking = self._live(ref)
        mark_cancelled(booking, self._state.now, "user", None)
        self._hooks.cancelled(booking)
        return ref

    def guest_moves(self, ref: str, to: Moved) -> str:
        booking = self._live(ref)
        try:
            if to.place is None:
                self._desk.amend(booking, booking.party, to.start)
            else:
                self._desk.carry(booking, self.room(to.place), to.start)
        except No as no:
            raise Refused(str(no)) from no
        self._hooks.updated(booking, ["partySize", "date", *(["areaId"] if to.place else [])])
        return ref

    def accept(self, secrets: Sequence[str]) -> None:
        """API keys; those of other channels stay as they are."""
        self._state.world.accept(secrets)

    def truth(self) -> dict[str, object]:
        """Also `mails`: guest e-mails that a real venue would have sent."""
        return {
            "now": self._state.now.isoformat(),
            "places": [self._place(venue, area) for venue, area in self._rooms()],
            "taken_twice": self._state.books.taken_twice(self._state.now),
            "mails": self._state.mails,
        }

    def records(self) -> list[dict[str, object]]:
        """All that was ever made; a hold that was committed is its booking from then on."""
        entries = [*self._state.books.entries.values(), *self._state.books.former]
        holds = {one.committed_as: one.made_at for one in entries if one.committed_as is not None}
        return [
            _recorded(entry, holds.get(entry.id, entry.made_at))
            for entry in entries
            if entry.status != "committed"
        ]

    def room(self, place: str) -> tuple[Venue, Area]:
        """Raises Refused."""
        for venue, area in self._rooms():
            if venue.place(area) == place:
                return venue, area
        raise Refused(f"no place {place}")

    def _rooms(self) -> list[tuple[Venue, Area]]:
        return [(venue, area) for venue in self._state.world.venues for area in venue.areas]

    def _offers(self, venue: Venue, area: Area, days: int) -> list[dict[str, str]]:
        party = area.usual_party
        turn, sold = area.turn_of(party), self._state.sale(venue, area, party)
        return [
            {"start": at.isoformat(), "end": (at + turn).isoformat()}
            for at in starts_from(venue, area, party, self._state.now, days)
            if sold(at)
        ]

    def _place(self, venue: Venue, area: Area) -> dict[str, object]:
        now = self._state.now
        taken = [
            _taken(entry)
            for entry in self._state.books.entries.values()
            if entry.area is area
            and entry.takes_at(now)
            and entry.span.end > now - timedelta(days=1)
        ]
        return {
            "place": venue.place(area),
            "taken": sorted(taken, key=lambda one: str(one["start"])),
            "offers": self._offers(venue, area, TRUTH_DAYS),
        }

    def _wish(self, wish: GuestWish) -> Wish:
        venue, area = self.room(wish.place)
        return Wish(
            venue=venue,
            party=wish.party,
            at=wish.start,
            area_id=area.id,
            booking_type=area.booking_type,
        )

    def _keep(self, hold: Entry, wish: GuestWish) -> str:
        hold.contact = _contact(wish)
        return hold.id

    def _commit(self, hold: Entry, wish: GuestWish) -> str:
        return self._desk.commit(self._guest, hold.id, {"contact": _contact(wish)}).id

    def _live(self, ref: str) -> Entry:
        entry = self._entry(ref)
        if entry.is_hold:
            raise Refused("a hold can only be confirmed, or left to lapse")
        if entry.status not in ("pending", "confirmed", "require_payment"):
            raise Refused(f"this booking is {entry.status}")
        return entry

    def _entry(self, ref: str) -> Entry:
        if ref not in self._state.books.entries:
            raise Refused(f"no booking {ref}")
        return self._state.books.entries[ref]


def _contact(wish: GuestWish) -> dict[str, object]:
    first, _, last = wish.name.partition(" ")
    digits = "".join(filter(str.isdecimal, wish.phone))
    return {
        "firstname": first,
        "lastname": last or first,
        "email": wish.email,
        "telephone": digits or None,
        "locale": "en",
        "optInConsent": False,
        "address": {"country": "FR"},
    }


def _recorded(entry: Entry, since: datetime) -> dict[str, object]:
    return {
        "ref": entry.id,
        "place": entry.venue.place(entry.area),
        "start": entry.span.start.isoformat(),
        "end": entry.span.end.isoformat(),
        "status": entry.status,
        "by": entry.by,
        "email": entry.email,
        "made": entry.made_at.isoformat(),
        "since": since.isoformat(),
        "over": _iso(entry.over_at),
    }


def _taken(entry: Entry) -> dict[str, object]:
    return {
        "ref": entry.id,
        "start": entry.span.start.isoformat(),
        "end": entry.span.end.isoformat(),
        "status": entry.status,
        "by": entry.by,
        "email": entry.email,
        "expires": _iso(entry.expires),
        "tables": list(entry.tables),
        "party": entry.party,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
