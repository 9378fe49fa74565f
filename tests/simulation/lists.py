"""What is read of each account, and when: the named queries over tables in memory."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from asyncpg import Range
from tests.simulation.database import LEASE, columns, overlaps
from tests.simulation.facts import Facts
from tests.simulation.tables import Row

from holdfast.inventory.model import OCCUPYING
from holdfast.store.schedule import NEIGHBOURS

NEAR = timedelta(days=2)
FRESH = {
    "lease_until": None,
    "leased_by": None,
    "started_at": None,
    "page": None,
    "pass_began_at": None,
    "memo": "{}",
    "read_at": None,
    "complete_at": None,
    "failures": 0,
    "error": None,
}


class Lists(Facts):
    """Each method is one named query: `<file>_<name>`."""

    def readings_lanes(self, now: datetime, accounts: Sequence[int]) -> list[Row]:
        found = {
            (self._lane(r, now), r["account_id"]) for r in self.readings if self._is_due(r, now)
        }
        found |= {("probes", self.account_of(p["listing_id"])) for p in self._probes_due(now)}
        return [
            {"lane": lane, "account_id": account}
            for lane, account in sorted(found)
            if account in accounts
        ]

    def readings_claim(
        self, now: datetime, account: int, lane: str, holder: int | None
    ) -> list[Row]:
        mine = (r for r in self.readings if r["account_id"] == account)
        due = [r for r in mine if self._lane(r, now) == lane and self._is_due(r, now)]
        due.sort(key=lambda r: -((now - r["due_at"]).total_seconds() / r["every_seconds"]))
        for _ in due[:1]:
            self.took(account, "intake", "a reading")
        lease = {"lease_until": self.now() + LEASE, "leased_by": holder}
        return [self.readings.update(r, **lease, started_at=now) for r in due[:1]]

    def _lane(self, reading: Row, now: datetime) -> str:
        if reading["task"] == "bookings":
            return "bookings"
        if reading["task"] == "past":
            return "background" if reading["complete_at"] else "bookings"
        return "offers" if reading["during"].lower < now + NEAR else "background"

    def _is_due(self, row: Row, now: datetime) -> bool:
        return (
            row["due_at"] <= now
            and self.free_to_claim(row)
            and self.may_take(row["account_id"], "intake")
            and not self.is_shut(row["account_id"], "in", now)
        )

    def _claimed(self, number: int, started_at: datetime) -> Iterator[Row]:
        row = self.readings.rows.get(number)
        if row is not None and row["started_at"] == started_at:
            yield row

    def readings_keep(self, number: int, started_at: datetime) -> list[Row]:
        for row in self._claimed(number, started_at):
            if row["lease_until"] is not None:
                self.readings.update(row, lease_until=self.now() + LEASE)
        return []

    def readings_give_back(self, number: int, started_at: datetime) -> list[Row]:
        for row in self._claimed(number, started_at):
            self.readings.update(row, lease_until=None)
        return []

    def readings_put_off(self, number: int, started_at: datetime, *values: Any) -> list[Row]:
        due, failed, error = values
        for row in self._claimed(number, started_at):
            failures = row["failures"] + bool(failed)
            told = {"failures": failures, "error": error if failed else row["error"]}
            self.readings.update(row, due_at=due, lease_until=None, **told)
        return []

    def readings_still_ours(self, number: int, started_at: datetime) -> list[Row]:
        return [{"exists": any(self._claimed(number, started_at))}]

    def readings_settle(self, number: int, started_at: datetime, *values: Any) -> list[Row]:
        due, page, began, memo, complete, cost, every = values
        return [
            self.readings.update(
                row,
                due_at=due,
                lease_until=None,
                page=page,
                pass_began_at=began,
                memo=memo,
                read_at=started_at,
                complete_at=complete or row["complete_at"],
                cost=cost or row["cost"],
                every_seconds=every,
                failures=0,
                error=None,
            )
            for row in self._claimed(number, started_at)
        ]

    def readings_see(self, number: int, refs: Sequence[str]) -> list[Row]:
        there = {r["ref"] for r in self.pass_rows if r["reading_id"] == number}
        new = [ref for ref in dict.fromkeys(refs) if ref not in there]
        for ref in new:
            self.pass_rows.insert(reading_id=number, ref=ref)
        return [{"count": len(new)}]

    def readings_seen(self, number: int) -> list[Row]:
        refs = sorted(r["ref"] for r in self.pass_rows if r["reading_id"] == number)
        return [{"seen": " ".join(refs)}]

    def readings_forget_pass(self, number: int) -> list[Row]:
        for row in [r for r in self.pass_rows if r["reading_id"] == number]:
            self.pass_rows.delete(row)
        return []

    def readings_list(self, account: int, refs: Sequence[str], at: datetime) -> list[Row]:
        live = {
            b["external_id"]
            for b in self.bookings
            if b["account_id"] == account and b["status"] in OCCUPYING
        }
        live |= {k["external_id"] for k in self.live_blocks() if k["account_id"] == account}
        there = {r["ref"]: r for r in self.listed if r["account_id"] == account}
        shown = [ref for ref in refs if ref in live]
        for ref in shown:
            if ref in there:
                self.listed.update(there[ref], at=max(at, there[ref]["at"]))
            else:
                self.listed.insert(account_id=account, ref=ref, at=at)
        return [{"new": ref not in there} for ref in shown]

    def readings_listed_since(self, account: int, since: datetime) -> list[Row]:
        return [r for r in self.listed if r["account_id"] == account and r["at"] >= since]

    def readings_asked(self, account: int, up_to: datetime, apart: timedelta) -> list[Row]:
        (row,) = self._cursors(account, "bookings")
        if row["asked_at"] is not None and row["asked_at"] >= up_to - apart:
            return []
        return [self.cursors.update(row, asked_at=up_to)]

    def readings_seed(self, account: int, task: str, now: datetime, *goals: Any) -> list[Row]:
        there = {(r["task"], r["listing_id"], r["place"]): r for r in self._of(account)}
        for listing, place, during, cost, every in columns(*goals):
            known = there.get((task, listing, place))
            if known is not None:
                self.readings.update(known, during=during)
                continue
            about = {"account_id": account, "task": task, "listing_id": listing, "place": place}
            plan = {"during": during, "due_at": now, "cost": cost, "every_seconds": every}
            self.readings.insert(**about, **plan, **FRESH)
        return []

    def readings_unseed(self, account: int, tasks: Sequence[str], *goals: Any) -> list[Row]:
        wanted = set(columns(*goals))
        for row in self._of(account):
            place = (row["listing_id"], row["place"])
            if row["task"] in tasks and place not in wanted and self.free_to_claim(row):
                self.readings.delete(row)
        return []

    def readings_begin_past(self, account: int, place: str, *values: Any) -> list[Row]:
        due, page, began, memo, complete = values
        if self._past(account, place):
            return []
        about = {"account_id": account, "task": "past", "listing_id": None, "place": place}
        told = {"page": page, "pass_began_at": began, "memo": memo, "complete_at": complete}
        plan = {"during": None, "due_at": due, "cost": 2, "every_seconds": 60.0}
        return [self.readings.insert(**about, **(FRESH | told), **plan)]

    def readings_end_past(self, account: int, place: str) -> list[Row]:
        for row in self._past(account, place):
            self.readings.delete(row)
        return []

    def readings_has_past(self, account: int, place: str) -> list[Row]:
        return [{"exists": bool(self._past(account, place))}]

    def readings_remember(self, account: int, task: str, place: str, memo: str) -> list[Row]:
        for row in self._of(account):
            if (row["task"], row["place"]) == (task, place):
                known = json.loads(row["memo"]) | json.loads(memo)
                self.readings.update(row, memo=json.dumps(known))
        return []

    def readings_hurry(self, account: int, tasks: Sequence[str], due: datetime) -> list[Row]:
        for row in self._of(account):
            if row["task"] in tasks:
                self.readings.update(row, due_at=min(row["due_at"], due))
        return []

    def readings_costs(self, account: int) -> list[Row]:
        return [
            {
                "task": r["task"],
                "during": r["during"],
                "cost": r["cost"],
                "learned": json.loads(r["memo"]).get("order"),
            }
            for r in self._of(account)
        ]

    def readings_sum_up(self, account: int, task: str, *bounds: Any) -> list[Row]:
        _horizon, _near, period, news = bounds
        mine = [r for r in self._of(account) if r["task"] == task]
        whole = [self.whole_at(account, r) for r in mine]
        if "green while blind" in self.broken:
            whole = [max((r["read_at"] for r in mine if r["read_at"]), default=None)]
        news = [self._told_at(account, r) for r in mine]
        told = {
            "last_complete_at": min(whole) if whole and all(whole) else None,
            "news_at": min(news) if news and all(news) else None,
            "period_seconds": period,
            "news_seconds": news,
        }
        return [self.cursors.update(c, **told) for c in self._cursors(account, task)]

    def _told_at(self, account: int, reading: Row) -> Any:
        """Since when all that is new in it was read: without an order news may be on any page."""
        if reading["during"] is not None:
            return reading["complete_at"]
        if json.loads(reading["memo"]).get("order") != "none":
            return reading["read_at"]
        past = self._past(account, reading["place"])
        return past[0]["complete_at"] if past else reading["read_at"]

    def whole_at(self, account: int, reading: Row) -> Any:
        past = self._past(account, reading["place"]) if reading["task"] == "bookings" else []
        return past[0]["complete_at"] if past else reading["complete_at"]

    def readings_look(self, listing: int, during: Range, at: datetime) -> list[Row]:
        for row in self.looks:
            if (row["listing_id"], row["during"]) == (listing, during):
                self.looks.update(row, read_at=max(at, row["read_at"]))
                return []
        self.looks.insert(listing_id=listing, during=during, read_at=at)
        return []

    def looked_at(self, listings: Sequence[int], during: Range) -> list[tuple[Any, ...]]:
        return [
            (k["listing_id"], k["during"].lower, k["during"].upper)
            for k in self.looks
            if k["listing_id"] in listings and overlaps(k["during"], during)
        ]

    def _of(self, account: int) -> list[Row]:
        return [r for r in self.readings if r["account_id"] == account]

    def _past(self, account: int, place: str) -> list[Row]:
        mine = self._of(account)
        return [r for r in mine if r["task"] == "past" and r["place"] == place]

    def _cursors(self, account: int, task: str) -> list[Row]:
        return [c for c in self.cursors if (c["account_id"], c["task"]) == (account, task)]

    def cursors_claim(self, *_asked: Any) -> list[Row]:
        return []  # audits only record what was read

    def _probes_due(self, now: datetime, account: int | None = None) -> list[Row]:
        return [
            p
            for p in self.probes
            if p["due_at"] <= now
            and account in (None, self.account_of(p["listing_id"]))
            and self.free_to_claim(p)
            and self.may_take(self.account_of(p["listing_id"]), "intake")
            and not self.is_shut(self.account_of(p["listing_id"]), "in", now)
        ]

    def cursors_claim_probes(
        self, now: datetime, account: int, apart: timedelta, holder: int | None
    ) -> list[Row]:
        assert apart == NEIGHBOURS
        due = self._probes_due(now, account)
        if not due:
            return []
        first = min(due, key=lambda p: (p["during"].lower, p["id"]))
        around = Range(first["during"].lower - apart, first["during"].upper + apart)
        near = [p for p in due if p["listing_id"] == first["listing_id"]]
        self.took(account, "intake", "a probe")
        lease = {"lease_until": self.now() + LEASE, "leased_by": holder}
        return [
            self.probes.update(p, **lease, attempts=p["attempts"] + 1)
            for p in near
            if overlaps(p["during"], around)
        ]

    def cursors_keep_probes(self, numbers: Sequence[int]) -> list[Row]:
        for row in self._probes(numbers):
            if row["lease_until"] is not None:
                self.probes.update(row, lease_until=self.now() + LEASE)
        return []

    def cursors_end_probes(self, numbers: Sequence[int]) -> list[Row]:
        for row in self._probes(numbers):
            self.probes.delete(row)
        return []

    def cursors_probes_later(self, numbers: Sequence[int], due: datetime) -> list[Row]:
        for row in self._probes(numbers):
            self.probes.update(row, due_at=due, lease_until=None)
        return []

    def _probes(self, numbers: Sequence[int]) -> list[Row]:
        return [self.probes.rows[number] for number in numbers if number in self.probes.rows]
