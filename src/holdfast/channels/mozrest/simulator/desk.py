"""What callers of the simulated API can do: hold, commit, ask, amend, cancel. Raises `No`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from holdfast.channels.mozrest.simulator.books import By, Entry
from holdfast.channels.mozrest.simulator.checks import (
    check_cancelling,
    check_quota,
    text,
    valid_contact,
)
from holdfast.channels.mozrest.simulator.hours import starts_about
from holdfast.channels.mozrest.simulator.state import No, State
from holdfast.channels.mozrest.simulator.world import Area, Venue
from holdfast.inventory.model import Span

NEAREST = timedelta(hours=1)
"""How far off a start may be that is taken for the asked one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose key it is; `by` guest for acts of the control side."""

    channel: str
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `area` None: no area was named."""

    venue: Venue
    party: int
    at: datetime
    area_id: str | None = None
    booking_type: str | None = None


class Desk:
    """The acts, in the books."""

    def __init__(self, state: State) -> None:
        self._state = state

    def hold(self, caller: Caller, wish: Wish) -> Entry:
        """Takes tables atomically: nothing awaits between the look and the entry."""
        if caller.by == "client":
            check_quota(self._state, caller.channel)
        area = self._area(wish)
        if area.type == "request":
            raise No(402, "this can only be requested")
        span = self._span(wish, area)
        tables = self._state.tables(wish.venue, area, wish.party, span)
        if tables is None or not self._is_open(wish, area, span):
            raise No(self._state.switches["hold_taken"], "not available")
        entry = self._entry(caller, wish, area, span)
        entry.tables, entry.status = tables, "held"
        entry.expires = self._state.now + self._kept(wish.venue)
        return self._state.books.add(entry)

    def told_seconds(self, venue: Venue) -> int:
        """The holdingTime that is told."""
        seconds = self._state.number("holding_time")
        return seconds if seconds is not None else venue.holding_seconds

    def commit(self, caller: Caller, hold_id: str, body: dict[str, object]) -> Entry:
        """A booking with an id of its own takes the place of the hold."""
        hold = self._hold_of(caller, hold_id)
        if hold.committed_as is not None:
            return self._committed_again(hold)
        if not hold.takes_at(self._state.now):
            hold.status = "expired"
            raise No(self._state.switches["commit_expired"], "the pending booking has expired")
        contact = valid_contact(self._state, body)
        hold.status = "committed"
        booking = self._book(hold, contact, body)
        hold.committed_as = booking.id
        return booking

    def drop(self, caller: Caller, hold_id: str) -> None:
        """The undocumented release, where a switch says that it works."""
        self._hold_of(caller, hold_id).status = "expired"

    def request(self, caller: Caller, wish: Wish, body: dict[str, object]) -> Entry:
        """Takes nothing until the venue confirms it."""
        contact = valid_contact(self._state, body)
        area = self._area(wish)
        entry = self._entry(caller, wish, area, Span.of(wish.at, area.turn_of(wish.party)))
        entry.contact, entry.notes = contact, text(body.get("notes"))
        return self._state.books.add(entry)

    def amend(self, booking: Entry, party: int, at: datetime) -> Entry:
        """Other tables may be needed; those it has now count as free."""
        refusal = self._state.switches["amend_confirmed"]
        if booking.status == "confirmed" and refusal != "allowed":
            raise No(refusal, "a confirmed booking cannot be amended")
        if booking.status not in ("pending", "confirmed", "require_payment"):
            raise No(402, "this booking is over")
        span = Span.of(at, booking.area.turn_of(party))
        tables = self._state.tables(booking.venue, booking.area, party, span, besides=booking)
        on_grid = at in starts_about(booking.venue, booking.area, party, at)
        if tables is None or not on_grid or at < self._state.now:
            raise No(402, "not available")
        booking.remember(self._state.now)
        self._state.books.reseat(booking, booking.area, span, tables if booking.tables else ())
        booking.party = party
        self._state.mails += 1
        return booking

    def carry(self, booking: Entry, to: tuple[Venue, Area], at: datetime) -> None:
        """Into another area of its venue. Raises No."""
        venue, area = to
        span = Span.of(at, area.turn_of(booking.party))
        tables = self._state.tables(venue, area, booking.party, span, besides=booking)
        if venue is not booking.venue or tables is None:
            raise No(402, "not available there")
        booking.remember(self._state.now)
        self._state.books.reseat(booking, area, span, tables)
        booking.booking_type = area.booking_type

    def cancel(self, booking: Entry, body: dict[str, object]) -> Entry:
        """Frees the tables at once."""
        actor = check_cancelling(self._state, booking, body)
        if booking.status == "canceled":
            return self._cancelled_again(booking)
        if booking.status in ("completed", "no-show", "declined"):
            raise No(402, "this booking is over")
        echo = "user" if self._state.says("cancel_actor_echo", "user") else actor
        mark_cancelled(booking, self._state.now, echo, text(body.get("cancelReason")))
        self._state.mails += 1
        return booking

    def _area(self, wish: Wish) -> Area:
        areas = wish.venue.areas
        if wish.booking_type is None and self._state.says("booking_type", "needed"):
            raise No(400, "bookingType is missing")
        for area in areas:
            if wish.area_id is not None and area.id == wish.area_id:
                return area
        if wish.area_id is not None:
            raise No(400, "no such area")
        typed = [a for a in areas if wish.booking_type and a.booking_type == wish.booking_type]
        if typed or not wish.venue.bookable_areas:
            return (typed or areas)[0]
        return self._default_area(wish)

    def _default_area(self, wish: Wish) -> Area:
        if self._state.says("area_missing", "any"):
            sold = (
                a for a in wish.venue.areas if self._state.sale(wish.venue, a, wish.party)(wish.at)
            )
            return next(sold, wish.venue.areas[0])
        if self._state.says("area_missing", "default"):
            return wish.venue.areas[0]
        raise No(400, "areaId is missing")

    def _span(self, wish: Wish, area: Area) -> Span:
        """Off the grid the nearest start counts, or the call is refused."""
        grid = starts_about(wish.venue, area, wish.party, wish.at)
        near = [start for start in grid if abs(start - wish.at) <= NEAREST]
        if wish.at in near or not near:
            return Span.of(wish.at, area.turn_of(wish.party))
        alignment = self._state.switches["date_alignment"]
        if alignment != "nearest":
            raise No(alignment.removeprefix("exact_"), "date is not a start")
        return Span.of(min(near, key=lambda start: abs(start - wish.at)), area.turn_of(wish.party))

    def _is_open(self, wish: Wish, area: Area, span: Span) -> bool:
        grid = starts_about(wish.venue, area, wish.party, span.start)
        return span.start in grid and self._state.sale(wish.venue, area, wish.party)(span.start)

    def _kept(self, venue: Venue) -> timedelta:
        seconds = self.told_seconds(venue)
        return timedelta(seconds=seconds / 2 if self._state.says("hold_kept", "half") else seconds)

    def _entry(self, caller: Caller, wish: Wish, area: Area, span: Span) -> Entry:
        return Entry(
            id=self._state.new_id(),
            channel=caller.channel,
            by=caller.by,
            venue=wish.venue,
            area=area,
            party=wish.party,
            span=span,
            tables=(),
            status="pending",
            made_at=self._state.now,
            booking_type=wish.booking_type or area.booking_type,
        )

    def _hold_of(self, caller: Caller, hold_id: str) -> Entry:
        hold = self._state.books.entries.get(hold_id)
        if hold is None or not hold.is_hold or hold.channel != caller.channel:
            raise No(404, "no such pending booking")
        return hold

    def _committed_again(self, hold: Entry) -> Entry:
        booking = self._state.books.entries[hold.committed_as or ""]
        if self._state.says("commit_repeated", "same"):
            return booking
        if self._state.says("commit_repeated", "second"):
            return self._book(hold, booking.contact, {})
        raise No(self._state.switches["commit_repeated"], "already committed")

    def _book(self, hold: Entry, contact: dict[str, object], body: dict[str, object]) -> Entry:
        tables = self._state.tables(hold.venue, hold.area, hold.party, hold.span)
        booking = Entry(
            id=self._state.booking_id(),
            channel=hold.channel,
            by=hold.by,
            venue=hold.venue,
            area=hold.area,
            party=hold.party,
            span=hold.span,
            tables=hold.tables if hold.committed_as is None else tables or (),
            status=self._state.switches["commit_status"],
            made_at=self._state.now,
            booking_type=hold.booking_type,
            contact=contact,
            notes=text(body.get("notes")),
            changed_at=self._state.now,
        )
        if hold.area.card:
            self._await_payment(booking, hold)
        self._state.mails += 1
        return self._state.books.add(booking)

    def _await_payment(self, booking: Entry, hold: Entry) -> None:
        booking.status = "require_payment"
        if self._state.says("payment_hold", "released"):
            booking.tables = ()
        elif self._state.says("payment_hold", "holding_time"):
            booking.expires = hold.expires
        else:
            seconds = self._state.number("payment_time") or 0
            booking.expires = self._state.now + timedelta(seconds=seconds)

    def _cancelled_again(self, booking: Entry) -> Entry:
        if not self._state.says("cancel_twice", "200"):
            raise No(self._state.switches["cancel_twice"], "already canceled")
        return booking


def mark_cancelled(booking: Entry, now: datetime, actor: str, reason: str | None) -> None:
    booking.remember(now)
    booking.status, booking.canceled_at = "canceled", now
    booking.cancel_actor, booking.cancel_reason = actor, reason
