"""Conflicts, what was decided about them, and what the clock has to say: their named queries over tables in memory."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.calls import Blocks
from tests.simulation.database import Decided
from tests.simulation.tables import Row

from holdfast.inventory.model import OCCUPYING

AN_HOUR = timedelta(hours=1)
ASKED_FOR = {"auto_at": None, "decision": None, "decided_at": None, "snoozed_until": None}


class Conflicts(Blocks):
    """Each method is one named query: `<file>_<name>`."""

    def open_conflicts(self) -> list[Row]:
        return [c for c in self.conflicts if c["closed_at"] is None]

    def conflicts_open(self, venue: int, kind: str, *values: Any) -> list[Row]:
        booking, block, against, units, evidence, at = values
        standing = next(
            (
                c
                for c in self.open_conflicts()
                if (c["kind"], c["booking_id"], c["block_id"]) == (kind, booking, block)
            ),
            None,
        )
        if standing is not None:
            self.on_conflict()
            if (standing["against_ids"], standing["unit_ids"]) == (against, units):
                return []
            self.conflicts.update(standing, against_ids=against, unit_ids=units)
            return [{**standing, "fresh": False, "source": None, "target": None}]
        row = self.conflicts.insert(
            venue_id=venue,
            kind=kind,
            booking_id=booking,
            block_id=block,
            against_ids=against,
            unit_ids=units,
            evidence=evidence,
            opened_at=at,
            closed_at=None,
            resolution=None,
            **ASKED_FOR,
        )
        return [{**row, "fresh": True, "source": None, "target": None}]

    def conflicts_close(self, ids: Sequence[int], now: datetime, resolution: str) -> list[Row]:
        closed = []
        for row in self.open_conflicts():
            if row["id"] in ids:
                decided = json.loads(row["decision"]) if row["decision"] else {}
                self.conflicts.update(row, closed_at=now, auto_at=None, resolution=resolution)
                closed.append({**row, "decided_by": decided.get("actor")})
        return closed

    def conflicts_renew(
        self, number: int, against: Sequence[int], units: Sequence[int]
    ) -> list[Row]:
        row = self.conflicts.rows[number]
        if row["against_ids"] == against:
            return []
        evidence = json.loads(row["evidence"])
        if "first_by" in evidence:
            evidence["first_by"] = "unknown"
        told = {"against_ids": against, "unit_ids": units, "evidence": json.dumps(evidence)}
        return [self.conflicts.update(row, **told)]

    def conflicts_by_id(self, number: int) -> list[Row]:
        return [self.conflicts.rows[number]]

    def conflicts_about(self, booking: int, kinds: Sequence[str]) -> list[Row]:
        return [
            c for c in self.open_conflicts() if c["booking_id"] == booking and c["kind"] in kinds
        ]

    def conflicts_about_block(self, block: int, kinds: str | Sequence[str]) -> list[Row]:
        wanted = [kinds] if isinstance(kinds, str) else kinds
        return [c for c in self.open_conflicts() if c["block_id"] == block and c["kind"] in wanted]

    def conflicts_by_ref(self, kind: str, _venue: int, ref: str) -> list[Row]:
        told = f'"ref": "{ref}"'
        return [c for c in self.open_conflicts() if c["kind"] == kind and told in c["evidence"]]

    def conflicts_decide(self, number: int, decision: str, now: datetime) -> list[Row]:
        row = self.conflicts.rows[number]
        if row["decision"] is not None or row["closed_at"] is not None:
            return []
        self.conflicts.update(row, **ASKED_FOR | {"decision": decision, "decided_at": now})
        told = json.loads(decision)
        sides = frozenset({row["booking_id"] or 0, *row["against_ids"]})
        cancels = frozenset(told["cancels"])
        self.decided.append(Decided(at=now, act=told["act"], sides=sides, cancels=cancels))
        self.log.note(self.decided.pop)
        return [row]

    def conflicts_reopen(self, number: int, _why: str) -> list[Row]:
        row = self.conflicts.rows[number]
        if row["decision"] is None or row["closed_at"] is not None:
            return []
        return [self.conflicts.update(row, **ASKED_FOR)]

    def conflicts_snooze(self, number: int, until: datetime) -> list[Row]:
        row = self.conflicts.rows[number]
        if row["closed_at"] is not None:
            return []
        return [self.conflicts.update(row, snoozed_until=until, auto_at=None)]

    def conflicts_set_auto(self, number: int, at: datetime | None) -> list[Row]:
        row = self.conflicts.rows[number]
        if row["closed_at"] is not None:
            return []
        return [self.conflicts.update(row, auto_at=at)]

    def _under_way(self) -> Iterator[tuple[Row, Row]]:
        """Open ones that were decided, each with its decision."""
        for row in self.open_conflicts():
            if row["decision"] is not None:
                yield row, json.loads(row["decision"])

    def conflicts_resting_on(self, booking: int) -> list[Row]:
        return [row for row, decision in self._under_way() if booking in decision["cancels"]]

    def conflicts_kept(self, ids: Sequence[int], kind: str) -> list[Row]:
        closed = (c for c in self.conflicts if c["closed_at"] is not None and c["decision"])
        about = (c for c in closed if {c["booking_id"], *c["against_ids"]} & {*ids})
        decisions = (json.loads(c["decision"]) for c in about if c["kind"] == kind)
        acts = ("keep_both", "accept")
        return [{"kept": json.dumps(d["kept"])} for d in decisions if d["act"] in acts]

    def conflicts_cancelled_for(self, booking: int) -> list[Row]:
        closed = [c for c in self.conflicts if c["closed_at"] is not None and c["decision"]]
        for row in reversed(closed):
            cancels = json.loads(row["decision"])["cancels"]
            sides = {row["booking_id"], *row["against_ids"]}
            if row["kind"] == "double_booking" and cancels and booking in sides - {*cancels}:
                return [{"id": row["id"], "cancelled": json.dumps(cancels)}]
        return []

    def conflicts_due(self, now: datetime, before: datetime, _venues: Sequence[int]) -> list[Row]:
        """Nothing in the simulation is ever over: it begins hours later."""
        due = [
            {"id": c["id"], "venue_id": c["venue_id"], "matter": "auto"}
            for c in self.open_conflicts()
            if c["auto_at"] is not None and c["auto_at"] <= now
        ]
        due += [
            {"id": c["id"], "venue_id": c["venue_id"], "matter": "found"}
            for c in self.open_conflicts()
            if self.is_found(c)
        ]
        for row, decision in self._under_way():
            pushes = [self.pushes.rows[n] for n in decision["pushes"]]
            settled = all(p["settled_at"] and p["settled_at"] <= before for p in pushes)
            if pushes and settled and not self._is_read(decision["cancels"]):
                due.append({"id": row["id"], "venue_id": row["venue_id"], "matter": "unseen"})
        return due

    def is_found(self, conflict: Row) -> bool:
        """Whether a booking that was not found is shown again."""
        booking = self.bookings.rows.get(conflict["booking_id"])
        return (
            conflict["kind"] == "not_found"
            and booking is not None
            and booking["read_at"] > conflict["opened_at"]
        )

    def _is_read(self, bookings: Iterable[int]) -> bool:
        """Whether news of one of them wait."""
        refs = {
            (b["account_id"], b["external_id"]) for b in (self.bookings.rows[n] for n in bookings)
        }
        return any(i["done_at"] is None and (i["account_id"], i["ref"]) in refs for i in self.inbox)

    def conflicts_unseen(self, number: int) -> list[Row]:
        row = self.conflicts.rows[number]
        if row["closed_at"] is not None or row["decision"] is None:
            return []
        decision = json.loads(row["decision"])
        settled = [self.pushes.rows[n]["settled_at"] for n in decision["pushes"]]
        names = ("id", "account_id", "external_id", "read_at")
        return [
            {**{name: b[name] for name in names}, "settled_at": max(settled)}
            for b in (self.bookings.rows[n] for n in decision["cancels"])
            if b["account_id"] is not None and b["status"] in OCCUPYING
        ]

    def conflict_times(self) -> Iterator[datetime]:
        """When the clock has something to say about them."""
        yield from (c["auto_at"] for c in self.open_conflicts() if c["auto_at"] is not None)

    def conflicts_sold_there(self, *_: Any) -> list[Row]:
        return []

    def conflicts_closing(self, *_: Any) -> list[Row]:
        return []

    def conflicts_witnesses(self, ids: Sequence[int]) -> list[Row]:
        names = ("id", "channel", "status", "made_at", "first_seen_at", "firm_at")
        return [
            {
                **{name: b[name] for name in names},
                "account": b["channel"],
                "listing": str(b["listing_id"]),
                "ref": b["external_id"],
                "via": "webhook",
                "inbox_id": None,
                "heard_at": b["first_seen_at"],
                "blank_at": self._blank_at(b),
            }
            for b in self.bookings
            if b["id"] in ids
        ]

    def _blank_at(self, booking: Row) -> datetime | None:
        """Until when its account was read without it."""
        cursors = (c for c in self.cursors if c["task"] == "bookings")
        news = (c["news_at"] for c in cursors if c["account_id"] == booking["account_id"])
        return next((at for at in news if at and at < booking["first_seen_at"]), None)


class Cases(Conflicts):
    """Each method is one named query: `<file>_<name>`."""

    def cases_conflicts(self, ids: Sequence[int]) -> list[Row]:
        rows = (self.conflicts.rows[number] for number in ids if number in self.conflicts.rows)
        return [{**row, "first_by": json.loads(row["evidence"]).get("first_by")} for row in rows]

    def cases_practice(self, venue: int, now: datetime) -> list[Row]:
        """A person settled a double booking of this venue before the simulation began."""
        lately = [c for c in self.conflicts if c["decided_at"] and c["decided_at"] > now - AN_HOUR]
        by_policy = [c for c in lately if json.loads(c["decision"])["actor"] == "policy"]
        accounts = {o.account_id for o in self.setup.outlets.values()}
        whole = [
            c["last_complete_at"]
            for c in self.cursors
            if c["account_id"] in accounts and c["task"] == "bookings"
        ]
        return [
            {
                "cancelled_lately": len(by_policy),
                "settled_by_people": True,
                "configured_at": self.venues.rows[venue]["configured_at"],
                "read_since": min(whole) if whole and all(whole) else None,
            }
        ]

    def cases_out_of_order(self, accounts: Sequence[int]) -> list[Row]:
        opened = {b["account_id"] for b in self.breakers if b["opened_at"] is not None}
        sick = opened | {account for account, _ in self.paused}
        sick |= {account for account in accounts if account not in self.setup.channels}
        return [{"name": self.setup.names[n]} for n in sorted(sick & {*accounts})]

    def cases_sides(self, ids: Sequence[int]) -> list[Row]:
        rows = (b for b in self.bookings if b["id"] in ids)
        return [
            {
                **b,
                "account": str(b["account_id"]),
                "listing": str(b["listing_id"]),
                "reachable": b["account_id"] in self.setup.channels,
                "refused": self._was_refused(b),
            }
            for b in rows
        ]

    def _was_refused(self, booking: Row) -> bool:
        return any(
            p["call"] == "cancel"
            and p["state"] == "dead"
            and p["settled_at"] >= booking["updated_at"]
            for p in self.pushes_of(None, booking["id"])
        )

    def cases_free(self, _ids: Sequence[int]) -> list[Row]:
        return []  # only who booked at the venue itself may be given another unit

    def cases_sellers(self, _units: Sequence[int]) -> list[Row]:
        return []

    def cases_blocks(self, bookings: Sequence[int], blocks: Sequence[int]) -> list[Row]:
        return [
            {
                "id": k["id"],
                "account": str(k["account_id"]),
                "listing": str(k["listing_id"]),
                "ref": k["external_id"],
                "because": k["because"],
            }
            for k in self.blocks
            if k["id"] in blocks
            or ({*k["because"]} & {*bookings} and k["closed_at"] is None and k["state"] == "booked")
        ]
