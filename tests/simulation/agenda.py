"""What is due in the simulated store, and when something is due again."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.breakers import Breakers
from tests.simulation.calls import Pushes, Readings
from tests.simulation.tables import Row


class Agenda(Breakers, Pushes, Readings):
    """Each method is one named query: `<file>_<name>`."""

    def agenda_look(self, now: datetime, _live: Sequence[int]) -> list[Row]:
        clock = (
            any(b["expires_at"] and b["expires_at"] <= now for b in self.holds())
            or any(b["held_until"] <= now for b in self.ending())
            or bool(self.lost())
        )
        return [{"clock": clock, "heard": self.heard(now), "wanted": self.wanted(now)}]

    def agenda_next(self, now: datetime, _live: Sequence[int], *rest: Any) -> list[Row]:
        accounts, _venues, _patience, margin = rest
        return [{"at": min(self._dates(now, accounts, margin), default=None)}]

    def _dates(
        self, now: datetime, accounts: Sequence[int], margin: timedelta
    ) -> Iterator[datetime]:
        news = (i for i in self.waiting_news() if self._goes_in(i["account_id"], now))
        yield from (i["due_at"] for i in news)
        yield from (p["due_at"] for p in self.waiting_calls(now))
        mine = (c for c in self.cursors if c["account_id"] in accounts)
        yield from (c["next_due_at"] for c in mine if self._goes_in(c["account_id"], now))
        probes = ((p["due_at"], self.account_of(p["listing_id"])) for p in self.probes)
        yield from (due for due, account in probes if self._goes_in(account, now))
        yield from (b["retry_at"] for b in self.breakers if b["retry_at"] and b["retry_at"] > now)
        yield from (b["held_until"] for b in self.ending())
        yield from (b["expires_at"] + margin for b in self.holds() if b["expires_at"])

    def _goes_in(self, account: int | None, now: datetime) -> bool:
        return self.may_take(account, "intake") and not self.is_shut(account, "in", now)
