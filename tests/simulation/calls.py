"""Blocks, pushes, offers and what is to be read when: their named queries over tables in memory."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from asyncpg import Range
from tests.simulation.database import (
    FLYING,
    LEASE,
    RESTING,
    Database,
    columns,
    named,
    overlaps,
)
from tests.simulation.tables import Row

LAPSING = timedelta(minutes=2)


def _urgency(push: Row) -> tuple[object, ...]:
    return push["risk"], push["starts_at"], push["id"]


class Blocks(Database):
    """Each method is one named query: `<file>_<name>`."""

    def blocks_live_in(self, _venue: int, stretch: Range) -> list[Row]:
        return [self.block(b) for b in self.live_blocks() if overlaps(b["during"], stretch)]

    def blocks_by_id(self, number: int) -> list[Row]:
        return [self.block(self.blocks.rows[number])]

    def blocks_by_echo(self, account: int, ref: str, marker: str | None) -> list[Row]:
        if "no echo suppression" in self.broken:
            return []
        found = [
            b
            for b in self.blocks
            if b["account_id"] == account
            and (b["external_id"] == ref or (marker is not None and b["marker"] == marker))
        ]
        found.sort(key=lambda b: (b["external_id"] == ref, b["closed_at"] is None, b["id"]))
        return [self.block(b) for b in found[-1:]]

    def blocks_by_refs(self, account: int, refs: Sequence[str]) -> list[Row]:
        if "no echo suppression" in self.broken:
            return []
        return [b for b in self.blocks if b["account_id"] == account and b["external_id"] in refs]

    def blocks_insert(self, venue: int, *values: Any) -> list[Row]:
        listing, account, during, marker, wants, until, because, now, lane, party = values
        place = (listing, during.lower, during.upper, lane)
        if any(self._place(b) == place for b in self.live_blocks()):
            self.on_conflict()
            return []
        row = self.blocks.insert(
            venue_id=venue,
            listing_id=listing,
            account_id=account,
            during=during,
            marker=marker,
            wants=wants,
            wanted_until=until,
            state="absent",
            external_id=None,
            last_ref=None,
            expires_at=None,
            because=because,
            placed_at=None,
            losses=0,
            gap_since=None,
            closed_at=None,
            shrunk_at=None,
            version=1,
            created_at=now,
            updated_at=now,
            lane=lane,
            party=party,
        )
        return [row]

    def _place(self, row: Row) -> tuple[Any, ...]:
        return (row["listing_id"], row["during"].lower, row["during"].upper, row["lane"])

    def blocks_wish(self, number: int, *values: Any) -> list[Row]:
        wants, until, because, now, lane = values
        row = self.blocks.rows[number]
        self.blocks.update(
            row,
            version=row["version"] + 1,
            wants=wants,
            wanted_until=until,
            because=because,
            created_at=now,
            updated_at=now,
            lane=lane,
        )
        return [row]

    def blocks_shrink(self, number: int, party: int, now: datetime) -> list[Row]:
        row = self.blocks.rows[number]
        told = {"party": party, "shrunk_at": now, "updated_at": now}
        return [self.blocks.update(row, **told, version=row["version"] + 1)]

    def blocks_stands(self, number: int, *values: Any) -> list[Row]:
        state, ref, expires, now = values
        row = self.blocks.update(
            self.blocks.rows[number],
            state=state,
            external_id=ref,
            expires_at=expires,
            placed_at=now,
            gap_since=None,
            updated_at=now,
        )
        asking = [c for c in self.conflicts if c["block_id"] == number and c["closed_at"] is None]
        lost = [c["id"] for c in asking if c["kind"] == "block_lost"]
        return [{**row, "source": None, "lost": lost}]

    def blocks_hurry_over(self, listing: int, during: Range, now: datetime) -> list[Row]:
        found = []
        for push in self.pushes.rows.values():
            block = self.blocks.rows.get(push["block_id"])
            rests = push["call"] == "place" and push["state"] == "waiting" and not push["attempts"]
            if block is None or not rests or push["due_at"] <= now or block["wants"] == "nothing":
                continue
            if block["listing_id"] == listing and overlaps(block["during"], during):
                found.append(self.pushes.update(push, due_at=now))
        return found

    def blocks_gone(self, number: int, now: datetime) -> list[Row]:
        row = self.blocks.rows[number]
        missed = row["wants"] != "nothing" and row["state"] != "absent"
        self.blocks.update(
            row,
            state="absent",
            last_ref=row["external_id"] or row["last_ref"],
            external_id=None,
            expires_at=None,
            updated_at=now,
            gap_since=(row["gap_since"] or now) if missed else row["gap_since"],
        )
        return [row]

    def blocks_lost(self, number: int, now: datetime) -> list[Row]:
        row = self.blocks.rows[number]
        return [self.blocks.update(row, losses=row["losses"] + 1, updated_at=now)]

    def blocks_close(self, ids: Sequence[int], now: datetime) -> list[Row]:
        over = [b for b in self.live_blocks() if b["id"] in ids and not self.flies(b["id"])]
        return [self.blocks.update(row, closed_at=now, updated_at=now) for row in over]

    def blocks_unasked(self, ids: Sequence[int], now: datetime, resolution: str) -> list[Row]:
        asking = [c for c in self.conflicts if c["block_id"] in ids and c["closed_at"] is None]
        ended = {"closed_at": now, "resolution": resolution}
        return [self.conflicts.update(row, **ended) for row in asking]

    def blocks_lapsed(self, before: datetime) -> list[Row]:
        return [b for b in self.holds() if b["expires_at"] and b["expires_at"] <= before]

    def holds(self) -> list[Row]:
        held = (b for b in self.live_blocks() if b["state"] == "held")
        return [b for b in held if not self.flies(b["id"])]

    def blocks_live_refs(self, account: int, window: Range, *rest: Any) -> list[Row]:
        before, holds = rest
        return [
            b
            for b in self.live_blocks()
            if b["account_id"] == account
            and b["external_id"] is not None
            and overlaps(b["during"], window)
            and b["updated_at"] < before
            and (b["state"] == "booked" or holds)
        ]

    def blocks_past(self, _now: datetime) -> list[Row]:
        return []  # nothing in the simulation is ever over: it begins hours later

    def blocks_venue_of_ref(self, account: int, ref: str) -> list[Row]:
        return named(self.blocks_by_refs(account, [ref]), "venue_id")

    def blocks_nameless(self, listing: int, before: datetime) -> list[Row]:
        return [
            self.block(b)
            for b in self.live_blocks()
            if b["state"] == "held"
            and b["listing_id"] == listing
            and b["external_id"] is None
            and b["updated_at"] < before
        ]

    def ended_at(self, account: int, ref: str) -> datetime | None:
        found = [
            b["updated_at"]
            for b in self.blocks
            if b["account_id"] == account and b["last_ref"] == ref
        ]
        return max(found, default=None)

    def exposures_latest(self, *_: Any) -> list[Row]:
        return []

    exposures_begin = exposures_latest
    exposures_finish_past = exposures_latest

    def exposures_beginnings(self, ids: Sequence[int]) -> list[Row]:
        return [{"id": number, "released_at": None, "read_before": False} for number in ids]

    def blocks_is_served(self, number: int) -> list[Row]:
        return [{"exists": self.blocks.rows[number]["listing_id"] in self.setup.outlets}]


class Pushes(Blocks):
    """Each method is one named query: `<file>_<name>`."""

    def pushes_open_of_blocks(self, ids: Sequence[int]) -> list[Row]:
        latest: dict[int, Row] = {}
        for push in self.pushes.rows.values():
            known = latest.get(push["block_id"])
            if push["block_id"] in ids and (known is None or self._rank(push) > self._rank(known)):
                latest[push["block_id"]] = push
        return named(list(latest.values()), "block_id", "id", "call", "state", "risk", "settled_at")

    def _rank(self, push: Row) -> tuple[bool, bool, int]:
        return (push["state"] in FLYING, push["state"] in RESTING, push["id"])

    def pushes_wish(self, venue: int, *values: Any) -> list[Row]:
        account, block, booking, call, state, risk, starts, due, reason, observed, told = values
        wanted = {
            "call": call,
            "state": state,
            "risk": risk,
            "starts_at": starts,
            "due_at": due,
            "reason": reason,
            "observed_at": observed,
            "wished_at": due,
            "decision": told,
        }
        for push in self.pushes_of(block, booking):
            if push["state"] in RESTING:
                self.on_conflict()
                return named([self.pushes.update(push, **wanted)], "id")
        about = {"venue_id": venue, "account_id": account, "block_id": block, "booking_id": booking}
        fresh = {"lease_until": None, "epoch": 0, "attempts": 0, "absent_reads": 0}
        fresh |= {"leased_by": None, "absent_from": None}
        ended = {"settled_at": None, "outcome": None, "error": None}
        return named([self.pushes.insert(**about, **wanted, **fresh, **ended)], "id")

    def _was_right(self, block: Row, refused_at: datetime) -> bool:
        """Whether a later reading found the time not sold."""
        span = (block["during"].lower, block["during"].upper)
        return any(
            o["unsold_at"] is not None and o["unsold_at"] > refused_at
            for o in self.offers
            if o["listing_id"] == block["listing_id"] and (o["starts_at"], o["ends_at"]) == span
        )

    def pushes_refusals(self, _venue: int, since: datetime) -> list[Row]:
        found: dict[tuple[int, Any, int | None], list[datetime]] = {}
        for push in self.pushes.rows.values():
            if push["call"] != "place" or push["outcome"] != "taken" or push["settled_at"] <= since:
                continue
            block = self.blocks.rows[push["block_id"]]
            larger = block["shrunk_at"] is not None and push["settled_at"] <= block["shrunk_at"]
            if larger or self._was_right(block, push["settled_at"]):
                continue
            if self._gave_back(block, push):
                continue
            asked = (block["listing_id"], block["during"], block["party"])
            found.setdefault(asked, []).append(push["settled_at"])
        return [
            {
                "listing_id": i,
                "during": d,
                "party": p,
                "times": len({moment.timestamp() // 15 for moment in at}),
                "last_at": max(at),
            }
            for (i, d, p), at in found.items()
        ]

    def _gave_back(self, block: Row, refused: Row) -> bool:
        """Since it was refused a block of ours over its time was given back there."""
        return any(
            p["call"] == "release"
            and p["outcome"] == "done"
            and p["settled_at"] > refused["settled_at"]
            and self.blocks.rows[p["block_id"]]["listing_id"] == block["listing_id"]
            and overlaps(self.blocks.rows[p["block_id"]]["during"], block["during"])
            for p in self.pushes.rows.values()
            if p["settled_at"] is not None and p["block_id"] is not None
        )

    def pushes_supersede(self, number: int, now: datetime) -> list[Row]:
        push = self.pushes.rows[number]
        if push["state"] in RESTING:
            self.pushes.update(push, state="superseded", outcome="superseded", settled_at=now)
        return []

    def pushes_claim(self, account: int, now: datetime, limit: int, *which: Any) -> list[Row]:
        states, fresh_first, careful, holder = which
        doubted = self.in_doubt(account)
        if careful and doubted:
            return [{"in_doubt": doubted, "push_id": None}]
        mine = [p for p in self._due(now) if p["account_id"] == account and p["state"] in states]
        due = [p for p in mine if self._may_go(p, now)]
        due.sort(key=lambda p: (self._lapses(p, now), *_urgency(p)))
        due.sort(key=lambda p: (p["state"] == "waiting", p["attempts"] if fresh_first else 0))
        taken = [{"in_doubt": doubted, **self._taken(push, now, holder)} for push in due[:limit]]
        return taken or [{"in_doubt": doubted, "push_id": None}]

    def _lapses(self, push: Row, now: datetime) -> datetime:
        """When the hold that it confirms lapses, if that is soon; else the end of time."""
        hold = self.blocks.rows[push["block_id"]] if push["call"] == "commit" else {}
        until: datetime | None = hold.get("expires_at")
        soon = until is not None and hold["state"] == "held" and until <= now + LAPSING
        return until if until is not None and soon else datetime.max.replace(tzinfo=UTC)

    def _due(self, now: datetime) -> list[Row]:
        return [
            p
            for p in self.pushes.rows.values()
            if p["state"] in ("waiting", "unknown")
            and p["due_at"] <= now
            and self.free_to_claim(p)
            and self.may_take(p["account_id"], "pushes")
        ]

    def _may_go(self, push: Row, now: datetime) -> bool:
        if push["state"] == "unknown":
            return True
        same = self.pushes_of(push["block_id"], push["booking_id"])
        if any(p["state"] in FLYING for p in same):
            return False
        return push["call"] != "release" or not (
            any(self._goes_before(p, push, now) for p in self.pushes.rows.values())
            or self._picture_is_old(self.blocks.rows[push["block_id"]], now)
        )

    def _picture_is_old(self, block: Row, now: datetime) -> bool:
        """Whether another account that sells the same units was not read completely for too long."""
        units = self.setup.ever[block["listing_id"]].unit_ids
        others = {
            o.account_id
            for o in self.setup.outlets.values()
            if o.account_id != block["account_id"] and {*o.unit_ids} & {*units}
        }
        fresh = (
            block["created_at"]
            if block["marker"].startswith("orphan-")
            else now - timedelta(seconds=900 + 2 * self.setup.poll_seconds)
        )
        return any(
            c["account_id"] in others
            and c["task"] == "bookings"
            and (c["last_complete_at"] is None or c["last_complete_at"] < fresh)
            for c in self.cursors
        )

    def _goes_before(self, place: Row, release: Row, now: datetime) -> bool:
        """Closing goes before opening on a listing; only in a pool what lies over it goes first, too."""
        if place["call"] != "place" or place["account_id"] != release["account_id"]:
            return False
        if place["state"] not in ("waiting", *FLYING) or place["block_id"] is None:
            return False
        one, other = (self.blocks.rows[p["block_id"]] for p in (place, release))
        if one["listing_id"] != other["listing_id"] or one["wants"] == "nothing":
            return False
        if overlaps(one["during"], other["during"]):
            rests = place["state"] == "waiting" and not place["attempts"] and place["due_at"] > now
            return self.setup.ever[one["listing_id"]].pool and not rests
        return bool(place["state"] == "in_flight" or place["due_at"] <= now)

    def _taken(self, push: Row, now: datetime, holder: int | None) -> Row:
        was, account = push["state"], push["account_id"]
        fresh = was == "waiting"
        self.took(account, "pushes", "a call")
        self.tell(f"push {push['id']}: {push['call']} for block {push['block_id']} taken ({was})")
        self.pushes.update(
            push,
            state="in_flight" if fresh else was,
            lease_until=self.now() + LEASE,
            leased_by=holder,
            absent_from=None if fresh else push["absent_from"],
            epoch=push["epoch"] + 1,
            attempts=push["attempts"] + int(fresh),
        )
        if fresh:
            key = {"push_id": push["id"], "number": push["attempts"]}
            self.attempts.insert(**key, sent_at=now, settled_at=None, outcome=None, failure=None)
        sent = [a["sent_at"] for a in self.attempts if a["push_id"] == push["id"]]
        first = min(sent, default=None)
        since = max(push["wished_at"], first or now, self.resumed.get(account, push["wished_at"]))
        told = {**push, "was": was, "first_sent_at": first, "tried_since": since}
        booking = self.bookings.rows.get(push["booking_id"])
        about = self.blocks_by_id(push["block_id"])[0] if push["block_id"] else {}
        ref = booking["external_id"] if booking else None
        return {**told, **about, "push_id": push["id"], "booking_ref": ref}

    def lost(self) -> list[Row]:
        """What was in the hands of somebody who is gone or slow."""
        return [
            p
            for p in self.pushes.rows.values()
            if p["state"] == "in_flight"
            and (p["lease_until"] < self.now() or "no leases" in self.broken)
        ]

    def worker_locks_lapse_leases(self, now: datetime) -> list[Row]:
        ended = {"state": "unknown", "lease_until": None, "due_at": now}
        return [self.pushes.update(p, **ended) for p in self.lost()]

    def _tried(self, push: int, *values: Any) -> None:
        at, number, outcome, failure, _, _ = values
        for row in self.attempts:
            if (row["push_id"], row["number"], row["settled_at"]) == (push, number, None):
                self.attempts.update(row, settled_at=at, outcome=outcome, failure=failure)

    def _is_held(self, number: int, epoch: int) -> Row | None:
        """The push, if its lease is still of this epoch: the loser settles nothing."""
        push = self.pushes.rows[number]
        if "no lease fencing" in self.broken:
            return push
        return push if push["epoch"] == epoch and push["state"] in FLYING else None

    def pushes_settle(self, number: int, epoch: int, *values: Any) -> list[Row]:
        state, outcome, error, at, *tried = values
        self._tried(number, at, *tried)
        push = self._is_held(number, epoch)
        if push is None:
            return []
        ended = {"settled_at": at, "outcome": outcome, "error": error}
        self.settled.append((number, push["state"]))
        self.log.note(self.settled.pop)
        self.tell(f"push {number}: {push['call']} {outcome} {error or ''}")
        self.pushes.update(push, state=state, lease_until=None, **ended)
        about = self.blocks_by_id(push["block_id"])[0] if push["block_id"] else {"id": None}
        return [{**about, "push_id": number}]

    def pushes_later(self, number: int, epoch: int, *values: Any) -> list[Row]:
        state, due, error, in_vain, *tried = values
        self._tried(number, *tried)
        push = self._is_held(number, epoch)
        if push is None:
            return []
        same = self.pushes_of(push["block_id"], push["booking_id"])
        if state == "waiting" and any(p["state"] in RESTING for p in same):
            state = "superseded"
        self.tell(f"push {number}: {push['call']} {state} again at {due:%H:%M:%S.%f}: {error}")
        changes = {"state": state, "due_at": due, "error": error, "absent_reads": in_vain}
        return [self.pushes.update(push, **changes, lease_until=None)]

    def waiting_calls(self, now: datetime) -> Iterator[Row]:
        """Those that time alone sends."""
        return (
            p
            for p in self.pushes.rows.values()
            if self.may_take(p["account_id"], "pushes")
            and not self.held_back(p, now)
            and (
                p["state"] == "unknown"
                or (p["state"] == "waiting" and (p["call"] != "release" or p["due_at"] > now))
            )
        )

    def pushes_placing_on(self, listing: int, during: Range) -> list[Row]:
        here = [
            b["id"]
            for b in self.live_blocks()
            if b["listing_id"] == listing and b["during"] == during
        ]
        placing = (p for p in self.pushes if p["block_id"] in here and p["call"] == "place")
        return [{"exists": any(p["state"] in FLYING for p in placing)}]

    def wanted(self, now: datetime) -> list[int]:
        """Whose calls wait, and may be answered."""
        return sorted({p["account_id"] for p in self._due(now) if not self.held_back(p, now)})

    def held_back(self, push: Row, now: datetime) -> bool:
        """What became of a call is found out by reading; all others write."""
        return self.is_shut(push["account_id"], "in" if push["state"] == "unknown" else "out", now)

    def decisions_witness(self, number: int, epoch: int, reads: str) -> list[Row]:
        push = self.pushes.rows[number]
        if push["epoch"] != epoch or push["state"] != "in_flight":
            return []
        told = json.loads(push["decision"]) | {"reads": json.loads(reads)}
        return [self.pushes.update(push, decision=json.dumps(told))]

    def decisions_decision(self, number: int) -> list[Row]:
        return named([self.pushes.rows[number]], "decision")

    def pushes_flying_of_booking(self, booking: int) -> list[Row]:
        return named([p for p in self.pushes_of(None, booking) if p["state"] in FLYING], "id")

    def shadow_waiting(self, _accounts: Sequence[int]) -> list[Row]:
        return []

    def pushes_stop_of_booking(self, booking: int, now: datetime) -> list[Row]:
        wanted = [p for p in self.pushes_of(None, booking) if p["state"] in (*RESTING, *FLYING)]
        ended = {"state": "superseded", "outcome": "superseded", "settled_at": now}
        told = [{"id": p["id"], "flies": p["state"] == "in_flight"} for p in wanted]
        for push in wanted:
            self.pushes.update(push, **ended, epoch=push["epoch"] + 1, lease_until=None)
        return told

    def pushes_in_a_row(self, number: int, before: int, failure: str) -> list[Row]:
        tries = sorted(
            (a for a in self.attempts if a["push_id"] == number and a["number"] < before),
            key=lambda a: -a["number"],
        )
        alike = takewhile(lambda a: a["failure"] == failure, tries)
        return [{"count": sum(1 for _ in alike)}]

    def pushes_error(self, number: int) -> list[Row]:
        return named([self.pushes.rows[number]], "error")


class Called(Pushes):
    """Each method is one named query: `<file>_<name>`."""

    def blocks_called_in(self, venue: int, stretch: Range) -> list[Row]:
        blocks = self.blocks_live_in(venue, stretch)
        latest = {p["block_id"]: p for p in self.pushes_open_of_blocks([b["id"] for b in blocks])}
        return [
            {**block, "failure": None, **self._push_of(latest.get(block["id"], {}))}
            for block in blocks
        ]

    def _push_of(self, push: Row) -> Row:
        told = {name: push.get(name) for name in ("call", "risk", "settled_at")}
        return {**told, "push_id": push.get("id"), "push": push.get("state")}


class Readings(Database):
    """Each method is one named query: `<file>_<name>`."""

    def offers_known_in(self, listings: Sequence[int], start: datetime, end: datetime) -> list[Row]:
        standing = [b for b in self.live_blocks() if b["state"] != "absent"]
        return [
            o
            for o in self.offers_in(listings, start, end)
            if o["open"] or any(self._withdraws(b, o) for b in standing)
        ]

    def _withdraws(self, block: Row, offer: Row) -> bool:
        during = block["during"]
        return bool(
            block["listing_id"] == offer["listing_id"]
            and during.lower < offer["ends_at"]
            and offer["starts_at"] < during.upper
        )

    def offers_in(self, listings: Sequence[int], start: datetime, end: datetime) -> list[Row]:
        return [
            o
            for o in self.offers.rows.values()
            if o["listing_id"] in listings and o["starts_at"] < end and o["ends_at"] > start
        ]

    def offers_save_open(self, listing: int, *values: Any) -> list[Row]:
        starts, ends, read_at = values
        known = {
            (o["starts_at"], o["ends_at"]): o for o in self.offers if o["listing_id"] == listing
        }
        kept = []
        for start, end in columns(starts, ends):
            row = known.get((start, end))
            fresh = {"open": True, "read_at": read_at}
            if row is None:
                place = {"listing_id": listing, "starts_at": start, "ends_at": end}
                kept.append(self.offers.insert(**place, **fresh, unsold_at=None))
            elif row["read_at"] <= read_at:
                kept.append(self.offers.update(row, **fresh))
        return kept

    def offers_save_closed(self, listing: int, *values: Any) -> list[Row]:
        start, end, starts, ends, read_at = values
        shown = set(columns(starts, ends))
        for row in self.offers:
            here = row["listing_id"] == listing and start <= row["starts_at"] < end
            gone = (row["starts_at"], row["ends_at"]) not in shown
            news = row["open"] or row["unsold_at"] is None or row["unsold_at"] < row["read_at"]
            if here and gone and news and row["read_at"] <= read_at:
                self.offers.update(row, open=False, read_at=read_at, unsold_at=read_at)
        return []

    def offers_grid(self, listings: Sequence[int], start: datetime, end: datetime) -> list[Row]:
        mine = (o for o in self.offers if o["listing_id"] in listings)
        return [o for o in mine if start <= o["starts_at"] < end]

    def offers_shut(self, listing: int, *values: Any) -> list[Row]:
        start, end, _ = values
        known = self.offers_in([listing], start, end)
        sold = any(o["open"] for o in known)
        self._set_open(listing, values, is_open=False)
        return [{"sold": sold}]

    def offers_reopen(self, listing: int, *values: Any) -> list[Row]:
        return [{"count": self._set_open(listing, values, is_open=True)}]

    def _set_open(self, listing: int, values: Sequence[Any], *, is_open: bool) -> int:
        start, end, at = values
        known = [o for o in self.offers_in([listing], start, end) if o["read_at"] <= at]
        for row in known:
            self.offers.update(row, open=is_open, read_at=at)
        return len(known)

    def cursors_probe(self, listing: int, during: Range, due: datetime) -> list[Row]:
        for row in self.probes:
            if (row["listing_id"], row["during"]) == (listing, during):
                self.on_conflict()
                self.probes.update(row, due_at=min(row["due_at"], due))
                return []
        place = {"listing_id": listing, "during": during}
        self.probes.insert(**place, due_at=due, lease_until=None, leased_by=None, attempts=0)
        return []

    def occupied_grid(self, *_: Any) -> list[Row]:
        return []  # the venue does not trust absence from the offers
