"""Which of our listings a booking is on, although Boseat's bookings need not name their space (U14). No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.channel import Listing
from holdfast.channels.boseat.settings import BoseatListing
from holdfast.channels.boseat.wire import Booking


@dataclass(frozen=True, slots=True)
class Place:
    """One listing of ours by Boseat's ids."""

    name: str
    space_id: str
    product_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The space of a booking, by its id; `elsewhere`: what it tells of its space is true of none of ours."""

    space: str | None
    elsewhere: bool = False


Label = tuple[str, str]
"""The slugs of a venue and of a space in it."""


def label_of(booking: Booking) -> Label | None:
    """What the embedded space is called; None where it is not told."""
    space = booking.space
    if space is None or not space.label:
        return None
    return ((space.venue.label or "") if space.venue else "", space.label)


class Attribution:
    """Our listings, and the labels of spaces learned from lists of one space each."""

    def __init__(self, listings: Iterable[Listing]) -> None:
        self._places = [place_of(listing) for listing in listings]
        self._in: dict[str | None, list[Place]] = {}
        for place in self._places:
            self._in.setdefault(place.space_id, []).append(place)
        self._spaces: dict[Label, set[str]] = {}

    def name(
        self, space_id: str | None, product_id: str | None, believed: str | None = None
    ) -> str | None:
        """The listing of this space and product, else the believed or any one of this space, else None."""
        here = self._in.get(space_id, ())
        if len(here) == 1:  # as nearly always; each booking of a list is asked about
            return here[0].name
        fits = min(
            here, key=lambda p: (p.product_id != product_id, p.name != believed), default=None
        )
        return fits.name if fits else None

    def has(self, space_id: str) -> bool:
        """Whether a listing of ours is of this space."""
        return space_id in self._in

    def believed(self, listing: str | None) -> str | None:
        """The space of the listing that a booking is believed to be on."""
        return next((place.space_id for place in self._places if place.name == listing), None)

    def learn(self, space_id: str, bookings: Iterable[Booking]) -> None:
        """Keep what the space is called, as told by a list of this space only."""
        for label in filter(None, map(label_of, bookings)):
            self._spaces.setdefault(label, set()).add(space_id)

    def told(self, booking: Booking) -> str | None:
        """The space as the booking itself names it, by id."""
        return booking.space.id if booking.space else None

    def learned(self, booking: Booking) -> str | None:
        """The space with the booking's label, unless several share it."""
        label = label_of(booking)
        spaces = self._spaces.get(label, set()) if label else set()
        return next(iter(spaces)) if len(spaces) == 1 else None

    def candidates(self, booking: Booking) -> Sequence[str]:
        """Spaces of ours where the booking may be, those that sell its product first."""
        linked = set(booking.product.spaces) if booking.product else set()
        places = [place for place in self._places if not linked or place.space_id in linked]
        places.sort(key=lambda place: place.product_id != booking.product_id)
        spaces = dict.fromkeys(place.space_id for place in places)
        return tuple(space for space in spaces if self.may_be_in(space, booking))

    def may_be_in(self, space_id: str, booking: Booking) -> bool:
        """False where the space is known to go by another name than the booking's."""
        label = label_of(booking)
        known = {one for one, spaces in self._spaces.items() if space_id in spaces}
        return label is None or not known or label in known

    def may_be_sold(self, space_id: str, booking: Booking) -> bool:
        """False where the booking's product is told to be one of other spaces."""
        linked = booking.product.spaces if booking.product else ()
        return not linked or space_id in linked

    def certain(self, booking: Booking) -> str | None:
        """The only space that the booking's product can be booked for."""
        linked = booking.product.spaces if booking.product else ()
        return linked[0] if len(linked) == 1 else None


def place_of(listing: Listing) -> Place:
    """The listing by Boseat's ids. Raises pydantic's ValidationError for another channel's listing."""
    settings = BoseatListing.model_validate(listing.settings)
    return Place(listing.name, settings.space_id, settings.product_id)
