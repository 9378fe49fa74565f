"""What leaves the configuration, in steps: its named queries over tables in memory."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tests.simulation.absences import Absences
from tests.simulation.tables import Row

from holdfast.inventory.known import Outlet

LIVE = ("waiting", "in_flight", "unknown")


class Departures(Absences):
    """Each method is one named query: `<file>_<name>`."""

    def leaving_listings(self) -> Iterator[Outlet]:
        return (o for o in self.setup.former.values() if ("listing", o.id) not in self.left)

    def departures_standing(self, now: datetime, _status: Sequence[str]) -> list[Row]:
        return [
            {"venue_id": k["venue_id"], "during": k["during"]}
            for outlet in self.leaving_listings()
            for k in self.live_blocks()
            if k["listing_id"] == outlet.id and k["wants"] != "nothing" and k["during"].upper > now
            if self._is_given_back(outlet, k)
        ]

    def _is_given_back(self, outlet: Outlet, block: Row) -> bool:
        if outlet.account_id not in self.setup.channels or block["state"] == "absent":
            return True
        return not any(b["id"] in block["because"] for b in self.occupying())

    def departures_unread(self, now: datetime, _status: Sequence[str]) -> list[Row]:
        asked = {(i["account_id"], i["ref"]) for i in self.waiting_news()}
        leaving = {outlet.id for outlet in self.leaving_listings()}
        return [
            b
            for b in self.occupying()
            if b["listing_id"] in leaving and b["read_at"] <= now - timedelta(seconds=60)
            if (b["account_id"], b["external_id"]) not in asked
        ]

    def departures_depart_listings(self, _now: datetime, _status: Sequence[str]) -> list[Row]:
        gone = [o for o in self.leaving_listings() if not self._is_alive(o)]
        self.left |= {("listing", outlet.id) for outlet in gone}
        return [{"noun": "listing", "name": outlet.name} for outlet in gone]

    def _is_alive(self, outlet: Outlet) -> bool:
        blocks = {k["id"]: k for k in self.blocks if k["listing_id"] == outlet.id}
        bookings = {b["id"] for b in self.bookings if b["listing_id"] == outlet.id}
        standing = (k for k in blocks.values() if k["closed_at"] is None)
        return (
            any(b["id"] in bookings for b in self.occupying())
            or any(k["state"] != "absent" or k["wants"] != "nothing" for k in standing)
            or any(
                p["state"] in LIVE and (p["block_id"] in blocks or p["booking_id"] in bookings)
                for p in self.pushes
            )
        )

    def departures_depart_units(self, *_: object) -> list[Row]:
        return []  # a unit that is out of service comes back before anybody looks

    departures_depart_venues = departures_depart_units

    def departures_depart_accounts(self, _now: datetime) -> list[Row]:
        here = {outlet.account_id for outlet in self.leaving_listings()}
        gone = [n for n in self.setup.leaving if n not in here and ("account", n) not in self.left]
        self.left |= {("account", number) for number in gone}
        return [{"noun": "account", "name": self.setup.names[number]} for number in gone]
