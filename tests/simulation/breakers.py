"""Which accounts answer: the named queries over a table in memory."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.simulation.facts import Facts
from tests.simulation.tables import Row, Table

UNANSWERED = ("not_sent: ", "unknown: ", "unauthorised: ")
ANEW = {"failures": 0, "opened_at": None, "retry_at": None, "probing": False}


class Breakers(Facts):
    """Each method is one named query: `<file>_<name>`."""

    def breakers_of_account(self, account: int) -> list[Row]:
        return [b for b in self.breakers if b["account_id"] == account]

    def breakers_take(
        self, account: int, direction: str, now: datetime, until: datetime
    ) -> list[Row]:
        found = self.breaker(account, direction)
        if found is None or found["retry_at"] is None or found["retry_at"] > now:
            return []
        return [
            {"direction": self.breakers.update(found, probing=True, retry_at=until)["direction"]}
        ]

    def breakers_leave(self, account: int, direction: str, *when: datetime) -> list[Row]:
        until, now = when
        found = self.breaker(account, direction)
        if found is not None and found["probing"] and found["retry_at"] == until:
            self.breakers.update(found, probing=False, retry_at=now)
        return []

    def breakers_lock(self, account: int, direction: str) -> list[Row]:
        found = self.breaker(account, direction)
        return [found or self.breakers.insert(account_id=account, direction=direction, **ANEW)]

    def breakers_set(self, account: int, direction: str, *values: Any) -> list[Row]:
        failures, opened, retry, probing, _reason = values
        found = self.breaker(account, direction)
        assert found is not None
        changes = {"failures": failures, "opened_at": opened, "retry_at": retry}
        if (found["opened_at"] is None) != (opened is None):
            self.tell(f"breaker {direction} of account {account} {'opens' if opened else 'closes'}")
        return [self.breakers.update(found, **changes, probing=probing)]

    def breakers_hurry(self, account: int, direction: str, by: datetime) -> list[Row]:
        found = self.breaker(account, direction)
        if found is not None and found["retry_at"] and not found["probing"]:
            _hasten(self.breakers, [found], "retry_at", by)
        return []

    def breakers_catch_up(self, account: int, now: datetime, direction: str) -> list[Row]:
        calls = (p for p in self.pushes if p["account_id"] == account and self._failed(p))
        _hasten(self.pushes, calls, "due_at", now)
        news = (i for i in self.waiting_news() if i["account_id"] == account)
        told = (i for i in news if (i["error"] or "").startswith(UNANSWERED))
        _hasten(self.inbox, told, "due_at", now)
        readings = (r for r in self.readings if r["account_id"] == account and r["failures"])
        _hasten(self.readings, readings, "due_at", now)
        looks = (p for p in self.probes if self.account_of(p["listing_id"]) == account)
        _hasten(self.probes, (p for p in looks if p["attempts"]), "due_at", now)
        other = self.breaker(account, "out" if direction == "in" else "in")
        if other and other["retry_at"] and not other["probing"]:
            _hasten(self.breakers, [other], "retry_at", now)
        return []

    def _failed(self, push: Row) -> bool:
        """It waits because its last call had no answer; a second look for it keeps its time."""
        if push["state"] not in ("waiting", "unknown") or push["absent_reads"]:
            return False
        key = (push["id"], push["attempts"])
        return any(
            (a["push_id"], a["number"]) == key and f"{a['failure']}: " in UNANSWERED
            for a in self.attempts
        )


def _hasten(table: Table, rows: Iterable[Row], due: str, now: datetime) -> None:
    for row in list(rows):
        if row[due] > now:
            table.update(row, **{due: now})
