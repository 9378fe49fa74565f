"""What is due in the simulated store, and when something is due again."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from asyncpg import Range
from tests.simulation.breakers import Breakers
from tests.simulation.calls import Called, Readings
from tests.simulation.conflicts import Cases
from tests.simulation.departures import Departures
from tests.simulation.tables import Row


class Agenda(Breakers, Called, Readings, Departures, Cases):
    """Each method is one named query: `<file>_<name>`."""

    def agenda_look(self, now: datetime, _live: Sequence[int]) -> list[Row]:
        clock = (
            any(b["expires_at"] and b["expires_at"] <= now for b in self.holds())
            or any(b["held_until"] <= now for b in self.ending())
            or bool(self.lost())
            or bool(self.locks.free)
            or any(self._is_ripe(c, now) for c in self.open_conflicts())
        )
        return [{"clock": clock, "heard": self.heard(now), "wanted": self.wanted(now)}]

    def worker_locks_take_over(self, now: datetime) -> list[Row]:
        dead, self.locks.free = self.locks.free, set()
        calls = 0
        for push in [p for p in self.pushes.rows.values() if p["leased_by"] in dead]:
            free = {"lease_until": None, "leased_by": None}
            if push["state"] == "in_flight":
                calls += 1
                until = None if "no time to arrive" in self.broken else push["lease_until"]
                asked = {"state": "unknown", "due_at": now, "absent_from": until}
                self.pushes.update(push, **free, **asked)
            elif push["state"] == "unknown":
                self.pushes.update(push, **free)
        for table in (self.inbox, self.readings, self.probes):
            for row in [r for r in table if r["leased_by"] in dead]:
                table.update(row, lease_until=None, leased_by=None)
        for breaker in [b for b in self.breakers if b["probing"] and dead]:
            self.breakers.update(breaker, probing=False, retry_at=now)
        workers = [f"worker {number}" for number in sorted(dead)] or None
        return [{"workers": workers, "calls": calls}]

    def _is_ripe(self, conflict: Row, now: datetime) -> bool:
        due = conflict["auto_at"] is not None and conflict["auto_at"] <= now
        return due or conflict["decision"] is not None or self.is_found(conflict)

    def ground_ground(
        self, venue: int, listings: Sequence[int], start: datetime, end: datetime, *rest: Any
    ) -> list[Row]:
        _accounts, lately = rest
        lengths = [o["ends_at"] - o["starts_at"] for o in self.offers_in(listings, start, end)]
        return [
            {
                "longest": max(lengths, default=timedelta(hours=1)),
                "looks": self.looked_at(listings, Range(start, end)),
                "paused": [],
                "refused": bool(self.pushes_refusals(venue, lately)),
            }
        ]

    def agenda_next(self, now: datetime, _live: Sequence[int], *rest: Any) -> list[Row]:
        accounts, _venues, _patience, margin = rest
        return [{"at": min(self._dates(now, accounts, margin), default=None)}]

    def _dates(
        self, now: datetime, accounts: Sequence[int], margin: timedelta
    ) -> Iterator[datetime]:
        news = (i for i in self.waiting_news() if self._goes_in(i["account_id"], now))
        yield from (i["due_at"] for i in news)
        yield from (p["due_at"] for p in self.waiting_calls(now))
        mine = (r for r in self.readings if r["account_id"] in accounts)
        yield from (r["due_at"] for r in mine if self._goes_in(r["account_id"], now))
        probes = ((p["due_at"], self.account_of(p["listing_id"])) for p in self.probes)
        yield from (due for due, account in probes if self._goes_in(account, now))
        yield from (b["retry_at"] for b in self.breakers if b["retry_at"] and b["retry_at"] > now)
        yield from (b["held_until"] for b in self.ending())
        yield from self.conflict_times()
        yield from (b["expires_at"] + margin for b in self.holds() if b["expires_at"])

    def _goes_in(self, account: int | None, now: datetime) -> bool:
        return self.may_take(account, "intake") and not self.is_shut(account, "in", now)
