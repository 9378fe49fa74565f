"""All that a simulated Mozrest knows, and how it says no."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from holdfast.channels.mozrest.simulator.books import Asking, Books, Entry
from holdfast.channels.mozrest.simulator.switches import CHOICES
from holdfast.channels.mozrest.simulator.world import Area, Venue, World
from holdfast.inventory.model import Span
from holdfast.kind import WebhookTarget
from holdfast.simulation.control import Bench


class No(Exception):
    """The API's refusal; `status` is what the caller gets."""

    def __init__(self, status: int | str, reason: str) -> None:
        super().__init__(reason)
        self.status = int(status)


@dataclass(slots=True, kw_only=True)
class State:
    """The world, the books, and how the switches stand."""

    bench: Bench
    world: World
    webhook: WebhookTarget | None
    books: Books = field(default_factory=Books)
    switches: dict[str, str] = field(
        default_factory=lambda: {name: values[0] for name, values in CHOICES.items()}
    )
    mails: int = 0
    """Guest e-mails that a real venue would have sent."""
    next_id: str | None = None
    """That of the next booking, where one is used again."""

    @property
    def now(self) -> datetime:
        return self.bench.clock.now()

    def says(self, switch: str, *values: str) -> bool:
        return self.switches[switch] in values

    def number(self, switch: str) -> int | None:
        """A switch that stands on a number, or None."""
        value = self.switches[switch]
        return int(value) if value.isdigit() else None

    def free_id(self, booking_id: str) -> None:
        """What has this id is shown to nobody any more. Raises No."""
        entry = self.books.entries.get(booking_id)
        if entry is not None and entry.takes_at(self.now):
            raise No(400, "its booking is not over")
        if entry is not None:
            self.books.former.append(self.books.entries.pop(booking_id))

    def booking_id(self) -> str:
        """Of a new booking."""
        again, self.next_id = self.next_id, None
        return again or self.new_id()

    def new_id(self) -> str:
        return f"{self.bench.random.getrandbits(96):024x}"

    def venue(self, venue_id: object) -> Venue:
        """Raises No for a venue that there is not, or that is no longer linked to the channel."""
        if not self.says("venue_link", "linked"):
            raise No(self.switches["venue_link"], "the venue is not linked to this channel")
        for venue in self.world.venues:
            if venue.id == venue_id:
                return venue
        raise No(404, "no such venue")

    def pool(self, venue: Venue, area: Area) -> list[Area]:
        """The area, and the others whose tables it shares."""
        if self.says("area_coupling", "independent"):
            return [area]
        return [area, *(other for other in venue.areas if other is not area)]

    def tables(
        self, venue: Venue, area: Area, party: int, span: Span, besides: Entry | None = None
    ) -> tuple[str, ...] | None:
        """The tables such a party would get now, or None."""
        asking = Asking(venue=venue, now=self.now, besides=besides)
        return self.books.seating(self.pool(venue, area), party, asking)(span)

    def sale(self, venue: Venue, area: Area, party: int) -> Callable[[datetime], bool]:
        """What says of a start of the grid whether it is on sale now: late enough, near enough, and free."""
        earliest = self.now + timedelta(hours=venue.min_advance_booking)
        days = self.number("horizon")
        latest = None if days is None else self.now + timedelta(days=days)
        turn = area.turn_of(party)
        seated = self.books.seating(
            self.pool(venue, area), party, Asking(venue=venue, now=self.now)
        )

        def sold(start: datetime) -> bool:
            in_time = earliest <= start and (latest is None or start <= latest)
            return in_time and seated(Span.of(start, turn)) is not None

        return sold
