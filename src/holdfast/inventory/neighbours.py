"""neighbours: of all a venue's bookings, those that one listing has to do with. No I/O."""

from collections.abc import Iterable, Mapping

from holdfast.inventory.allocate import NOBODY, place_of
from holdfast.inventory.known import Booking, Outlet, Unit
from holdfast.inventory.seating import Seats


class Neighbours:
    """Looked through once, so that each of many listings need not look at everybody again."""

    def __init__(
        self,
        bookings: Iterable[Booking],
        outlets: Mapping[int, Outlet],
        units: Mapping[int, Unit],
        seats: Seats = NOBODY,
    ) -> None:
        self._on: dict[int, list[Booking]] = {}
        self._made: dict[int | None, list[Booking]] = {}
        for booking in bookings:
            self._made.setdefault(booking.listing_id, []).append(booking)
            for unit in place_of(booking, outlets, units, seats):
                self._on.setdefault(unit, []).append(booking)

    def of(self, outlet: Outlet) -> list[Booking]:
        """Those made on the listing, and those that are taken to be on a unit of it, by id."""
        on_units = (one for unit in outlet.unit_ids for one in self._on.get(unit, ()))
        several = {one.id: one for one in (*self._made.get(outlet.id, ()), *on_units)}
        return [several[number] for number in sorted(several)]
